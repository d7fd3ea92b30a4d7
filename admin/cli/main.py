"""The command `paidline`: runs the command line and turns every error into one sentence and exit code 2."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Sequence

from botocore.exceptions import BotoCoreError, ClientError

from admin.cli import app
from admin.cli.errors import CommandError, explain

_FAILED = 2


def main() -> None:
    """Run the command that was typed."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show a character must not end a report.
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run a command and return its exit code: 0 done, 1 found something wrong or not confirmed, 2 could not be done."""
    try:
        app(args=list(arguments), prog_name="paidline")
    except SystemExit as end:
        return int(end.code or 0)
    except CommandError as error:
        return _fail(str(error))
    except (BotoCoreError, ClientError) as error:
        return _fail(explain(error))
    except OSError as error:
        return _fail(f"{error.filename or 'A file'} cannot be used: {error.strerror}.")
    except Exception as error:  # a defect of ours, whose text may quote personal data
        at = traceback.extract_tb(error.__traceback__)[-1]
        return _fail(f"paidline itself failed ({type(error).__name__} at {at.filename}:{at.lineno}): please report it.")
    return 0


def _fail(sentence: str) -> int:
    print(sentence, file=sys.stderr)
    return _FAILED
