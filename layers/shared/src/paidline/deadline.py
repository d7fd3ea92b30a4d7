"""The time limit of a request: the only source of its time-outs, and how much time remains.

A request has one time budget, which starts with its handler. Every DynamoDB attempt, every pause between attempts and
every look-up after an error draws on it. Outside a request there is no limit.
"""

import math
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from paidline.errors import DeadlineExceeded, StoreUnavailable

# The promise. A PBX hangs up after four seconds and retries; by then no write may follow and no response be missing.
LAST_WRITE_S = 3.0
LAST_RESPONSE_S = 4.0

# How it is kept. One attempt connects, does the TLS handshake, sends the request and waits for the response. The SDK's
# connect time-out applies to the first two separately. So the slowest last write is sent after
# 2.3 + 2 * 0.3 = 2.9 s, and its response arrives or times out after 0.9 s more: 3.8 s. The rest is for our own work.
CONNECT_S = 0.3
READ_S = 0.9
LAST_ATTEMPT_S = 2.3

# Never pause for less, however little time remains: competing requests that do not pause just collide again.
_MIN_PAUSE_S = 0.008

_end: ContextVar[float] = ContextVar("end", default=math.inf)
# Why the request paused last, and so what it answers if its time runs out.
_error: ContextVar[type[StoreUnavailable]] = ContextVar("error", default=DeadlineExceeded)


@contextmanager
def start(remaining_ms: int, budget_s: float = LAST_ATTEMPT_S) -> Iterator[None]:
    """Start a request's time budget, shortened if Lambda's `remaining_ms` would not suffice for a response."""
    budget_s = min(budget_s, remaining_ms / 1000 - (LAST_RESPONSE_S - LAST_ATTEMPT_S))
    token = _end.set(time.monotonic() + budget_s)
    _error.set(DeadlineExceeded)
    try:
        yield
    finally:
        _end.reset(token)


def remaining_s() -> float:
    """Return for how many more seconds the request may start attempts; zero or negative past the deadline."""
    return _end.get() - time.monotonic()


def check() -> None:
    """Raise the error of the last pause if the deadline has passed: DeadlineExceeded if there was none."""
    if remaining_s() <= 0:
        raise _error.get()


def pause(max_pause_s: float, error: type[StoreUnavailable] = DeadlineExceeded) -> None:
    """Sleep for a random part of `max_pause_s`; raise `error` if the deadline passes, here or before the next call.

    Pauses shrink as time runs out, so that the oldest requests retry soonest. Otherwise newcomers would always win.
    """
    _error.set(error)
    check()
    remaining = remaining_s()
    share = min(1.0, remaining / LAST_ATTEMPT_S) ** 2
    max_s = min(remaining, max(max_pause_s * share, min(max_pause_s, _MIN_PAUSE_S)))
    time.sleep(max_s * int.from_bytes(os.urandom(2), "big") / 65535)
    check()
