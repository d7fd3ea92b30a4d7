"""Print rows and records: tables for people, JSON Lines and CSV for programs."""

from __future__ import annotations

import csv
import itertools
import json
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

from admin.cli.errors import CommandError
from admin.cli.masking import masked

if TYPE_CHECKING:
    from rich.console import Console

Row = Mapping[str, Any]

# A long report is printed in tables of this many rows, so that it never has to fit into memory.
_ROWS_PER_TABLE = 500
# Of a table that is not shown in a terminal.
_WIDTH = 200


class Format(Enum):
    """How rows are printed."""

    TABLE = auto()
    JSON = auto()
    CSV = auto()
    FIELD = auto()


def show(rows: Iterable[Row], columns: Sequence[str], form: Format, *, field: str, reveal: bool) -> None:
    """Print rows as they come. A column that a row lacks stays empty. Raises CommandError for an unknown field."""
    if form is Format.FIELD and field not in columns:
        raise CommandError(f"There is no field {field}: it is one of {', '.join(columns)}.")
    shown = (row if reveal else masked(row) for row in rows)
    if form is Format.JSON:
        for row in shown:
            print(to_json({column: row[column] for column in columns if column in row}))
    elif form is Format.CSV:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([_text(_seconds(row.get(column))) for column in columns] for row in shown)
    elif form is Format.FIELD:
        for row in shown:
            print(_text(_seconds(row.get(field))))
    else:
        _show_tables(shown, columns)


def show_one(record: Mapping[str, Any], form: Format, *, field: str, reveal: bool) -> None:
    """Print one record: a line per field, or one row in JSON or CSV."""
    if form is not Format.TABLE:
        show([record], list(record), form, field=field, reveal=reveal)
        return
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in (record if reveal else masked(record)).items():
        table.add_row(name, Text(_text(value)))
    console().print(table)


def console() -> Console:
    """Return a console on standard output, wide enough for tables if it is not a terminal."""
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else _WIDTH, highlight=False)


def to_json(record: Mapping[str, Any]) -> str:
    """Return a record as one line of JSON; times are ISO 8601 with the zone's offset."""
    return json.dumps(record, ensure_ascii=False, default=_json_value)


def _show_tables(rows: Iterable[Row], columns: Sequence[str]) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    rows = iter(rows)
    printer = console()
    shown = False
    while part := list(itertools.islice(rows, _ROWS_PER_TABLE)):
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        for column in columns:
            is_number = all(_is_number(row.get(column)) for row in part)
            table.add_column(column, justify="right" if is_number else "left", overflow="fold")
        for row in part:
            table.add_row(*(Text(_text(row.get(column))) for column in columns))
        printer.print(table)
        shown = True
    if not shown:
        print("Nothing found.")


def _is_number(value: Any) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.isoformat(" ", "seconds")
    if isinstance(value, list | tuple):
        return " ".join(_text(entry) for entry in value)
    text = to_json(value) if isinstance(value, Mapping) else str(value)
    # A stored text must not be able to control the terminal.
    return re.sub(r"[\x00-\x1f\x7f-\x9f]", lambda match: ascii(match[0])[1:-1], text)


def _seconds(value: Any) -> Any:
    """Return a duration as whole seconds, and anything else unchanged."""
    return value // timedelta(seconds=1) if isinstance(value, timedelta) else value


def _json_value(value: Any) -> str | int:
    if isinstance(value, timedelta):
        return value // timedelta(seconds=1)
    if isinstance(value, datetime):
        return value.isoformat("T", "seconds")
    return str(value)
