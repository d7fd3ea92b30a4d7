"""Shortens a function's cold start. Only in Lambda, because elsewhere other code shares the process."""

import gc
import os

IN_LAMBDA = "AWS_LAMBDA_RUNTIME_API" in os.environ


def begin() -> None:
    """Disable garbage collection, which takes 4 % of the start and finds little: what modules create stays."""
    if IN_LAMBDA:
        gc.disable()


def end() -> None:
    """Enable garbage collection again, except for what was created so far."""
    if IN_LAMBDA:
        gc.freeze()
        gc.enable()
