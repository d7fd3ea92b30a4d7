"""The command `paidline`: runs the command line and turns every error into one sentence and exit code 2."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import typer

_REFUSED, _FAILED = 1, 2
# Typer's exit code for Ctrl-C.
_INTERRUPTED = 130
_INTERRUPTION = "Interrupted: what was done until then stays."


def main() -> None:
    """Run the command that was typed."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show a character must not end a report.
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run a command and return its exit code: 0 done, 1 found something wrong or not confirmed, 2 could not be done."""
    try:
        # Here, so that Ctrl-C while it is imported is one sentence too.
        from admin.cli.app import app

        code = app(args=list(arguments), prog_name="paidline", standalone_mode=False)
    except SystemExit as end:
        return int(end.code or 0)
    except KeyboardInterrupt:
        return _fail(_INTERRUPTION)
    except Exception as error:
        return _explain(error)
    return _fail(_INTERRUPTION) if code == _INTERRUPTED else int(code or 0)


def _explain(error: Exception) -> int:
    """Print what went wrong in one sentence, and return the exit code."""
    import traceback

    import typer
    from botocore.exceptions import BotoCoreError, ClientError

    from admin.cli.aws_errors import explain
    from admin.cli.errors import CommandError

    if isinstance(error, typer.Abort):
        return _fail("Aborted.", _REFUSED)
    if isinstance(error, typer.TyperException):
        return _fail(_usage(error), error.exit_code)
    if isinstance(error, CommandError):
        return _fail(str(error))
    if isinstance(error, BotoCoreError | ClientError):
        return _fail(explain(error))
    if isinstance(error, OSError):
        return _fail(f"{error.filename or 'A file'} cannot be used: {error.strerror}.")
    # A defect of ours, whose text may quote personal data.
    at = traceback.extract_tb(error.__traceback__)[-1]
    return _fail(f"paidline itself failed ({type(error).__name__} at {at.filename}:{at.lineno}): please report it.")


def _usage(error: typer.TyperException) -> str:
    """Return what was typed wrongly, or the help of a noun that was typed without a command."""
    message, context = error.format_message(), getattr(error, "ctx", None)
    if context is None or message == context.get_help():
        return message
    return f"{' '.join(message.split()).rstrip('.')}: see `{context.command_path} --help`."


def _fail(sentence: str, code: int = _FAILED) -> int:
    print(sentence, file=sys.stderr)
    return code
