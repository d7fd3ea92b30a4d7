"""How `paidline import` is carried out, and what `paidline compare` shares with it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import TracebackType
from typing import Any

import typer
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar
from rich.text import Text

from admin.cli.aws_errors import explain
from admin.cli.command import Session
from admin.cli.errors import CommandError
from admin.cli.masking import masked
from admin.cli.output import Format
from admin.importing import mapping, rejects
from admin.importing.kind import Change, Counts, Options, Target
from admin.importing.run import Progress, Run, Source, fields
from admin.importing.sources import InputError
from admin.importing.staging import Reject
from admin.importing.writer import StoreTooBusy
from paidline import ids

# A table of more rows than this is no help; --json and --csv print all of them.
_SHOWN = 200
_AGAIN = "what was written stays, and the same command goes on from there"


def run(session: Session, source: Source, reject_file: Path | None, *, is_dry: bool, old_system_wins: bool) -> None:
    """Import, and print what was rejected; of a dry run, what would be written too. Raises CommandError."""
    shown: list[dict[str, Any]] = []
    is_table = session.format is Format.TABLE

    def show(outcome: Change | Reject) -> None:
        if (is_dry or isinstance(outcome, Reject)) and (len(shown) < _SHOWN or not is_table):
            shown.extend(_rows(outcome, reveal=session.reveal))

    path = reject_file or rejects.default_path(source.path)
    if path.resolve() == source.path.resolve():
        raise CommandError(f"The rejects would overwrite {path}: name another file with --rejects.")
    target = to_target(session)
    try:
        with ProgressBar() as progress:
            counts = Run(source, target, Options(old_system_wins), progress, is_dry=is_dry).run(path, show)
    except InputError as error:
        raise CommandError(str(error)) from error
    except StoreTooBusy as error:
        raise CommandError(f"DynamoDB had no capacity for minutes: {_AGAIN}.") from error
    except (BotoCoreError, ClientError) as error:
        raise CommandError(f"{explain(error).rstrip('.')}; {_AGAIN}.") from error
    except KeyboardInterrupt as error:
        raise CommandError(f"Interrupted: {_AGAIN}.") from error
    if shown or not is_table:
        session.show(shown, ["row", "what", "field", "before", "after", "problem"])
    _summarize(counts, path, is_dry=is_dry)
    if counts.rejected:
        raise typer.Exit(1)


def to_source(noun: str, file: Path, map_: Path | None, meta: Path | None) -> Source:
    """Return what is imported. Raises CommandError."""
    if meta and not map_:
        raise CommandError("--meta needs a --map that says which meta_key is which field.")
    try:
        return Source(noun, file, mapping.read(map_, fields(noun)) if map_ else None, meta)
    except InputError as error:
        raise CommandError(str(error)) from error


def to_target(session: Session) -> Target:
    """Return the service that the session works on. Its tables are named by the environment, as in a function."""
    connection = session.connection
    os.environ.update(connection.tables)
    return Target(connection.dynamodb, connection.zone, connection.operator, ids.new_request_id())


def _rows(outcome: Change | Reject, *, reveal: bool) -> list[dict[str, Any]]:
    if isinstance(outcome, Reject):
        return [{"row": outcome.row, "field": outcome.field, "problem": outcome.reason}]
    if outcome.is_new:
        return [{"row": outcome.row, "what": outcome.name, "after": "new"}]
    before, after = (values if reveal else masked(values) for values in (outcome.before, outcome.after))
    return [
        {"row": outcome.row, "what": outcome.name, "field": field, "before": before[field], "after": after[field]}
        for field in after
    ]


def _summarize(counts: Counts, reject_file: Path, *, is_dry: bool) -> None:
    would = "Would be written" if is_dry else "Written"
    lines = [
        f"{would}: {counts.new:,} new, {counts.changed:,} changed. "
        f"Left as they are: {counts.unchanged:,}. Rejected: {counts.rejected:,}."
    ]
    if counts.ignored_fields:
        lines.append(f"Columns that are not imported: {', '.join(sorted(counts.ignored_fields))}.")
    if counts.rejected and not is_dry:
        lines.append(f"The rejected rows are in {reject_file}: correct them there, and import that file.")
    for line in lines:
        print(line, file=sys.stderr)


class _Rate(ProgressColumn):
    """Rows a second."""

    def render(self, task: Task) -> Text:
        return Text(f"{task.speed or 0:,.0f}/s")


class ProgressBar(Progress):
    """A bar on the terminal, with rate and time left."""

    def __init__(self) -> None:
        console = Console(stderr=True)
        self._bar = Bar(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            _Rate(),
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        self._task = self._bar.add_task("", visible=False)

    def begin(self, step: str, total: int | None) -> None:
        """Begin a bar."""
        self._task = self._bar.add_task(step, total=total)

    def advance(self, rows: int) -> None:
        """Move the bar."""
        self._bar.advance(self._task, rows)

    def __enter__(self) -> ProgressBar:
        self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._bar.stop()
