"""Read rows from files: CSV, JSON, and JSON with one value a line."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple

import ijson
from ijson.common import JSONError

Values = dict[str, Any]

_DELIMITERS = ",;\t"
_LISTS = ("data",)
_OBJECTS = ("user", "wallet")
# What a file of rejects adds to a row; ignored when it is read.
REJECT_FIELDS = ("_row", "_field", "_reason")
# What MySQL and phpMyAdmin write for a value that is not there.
_ABSENT = "NULL"


class InputError(Exception):
    """A file cannot be used; the message says in one sentence why, and quotes nothing of what is in it."""


class Row(NamedTuple):
    """A row of a file. `number` counts from 1, with the header of a CSV file as row 1, as in a spreadsheet.

    `fault` says why it cannot be used, or is "".
    """

    number: int
    values: Values
    fault: str = ""


def read(path: Path) -> Iterator[Row]:
    """Yield the rows of a file in the format that its name says. Raises InputError."""
    try:
        yield from _read_csv(path) if is_csv(path) else _read_json(path)
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8 text: save it as UTF-8.") from error
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from error


def columns(path: Path) -> list[str] | None:
    """Return the columns of a CSV file, or None for JSON, in which every row has its own. Raises InputError."""
    return next(_csv_records(path), []) if is_csv(path) else None


def is_csv(path: Path) -> bool:
    """Return whether a file's name says that it is CSV; otherwise it is JSON."""
    return path.suffix.lower() in (".csv", ".tsv")


def _read_csv(path: Path) -> Iterator[Row]:
    records = _csv_records(path)
    header = next(records, [])
    if len(set(header)) < len(header):
        raise InputError(f"{path} has two columns of the same name.")
    for number, cells in enumerate(records, 2):
        values = {name: "" if cell == _ABSENT else cell for name, cell in zip(header, cells, strict=False)}
        if cells:
            yield Row(number, values, "" if len(cells) == len(header) else "has not as many cells as the header")


def _csv_records(path: Path) -> Iterator[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        header = file.readline()
        file.seek(0)
        # Excel writes semicolons in countries where a comma is the decimal point.
        reader = csv.reader(file, delimiter=max(_DELIMITERS, key=header.count), strict=True)
        try:
            yield from reader
        except csv.Error as error:
            raise InputError(f"{path} is not a CSV file ({error}, near line {reader.line_num}).") from error


def _read_json(path: Path) -> Iterator[Row]:
    with path.open("rb") as file:
        if file.read(3) != b"\xef\xbb\xbf":
            file.seek(0)
        start = file.tell()
        first = file.readline()
        while first and not first.strip():
            start = file.tell()
            first = file.readline()
        file.seek(start)
        if first.lstrip().startswith(b"["):
            values = _stream(path, file, "item")
        elif _is_json(first):
            values = _lines(path, file)
        else:
            values = _stream(path, file, "data.item")
        for number, value in enumerate(values, 1):
            if not isinstance(value, dict):
                yield Row(number, {}, value)
            else:
                yield Row(number, value, "" if _is_text(value) else "contains halves of characters")


def _is_text(value: Values) -> bool:
    """Return whether all text can be encoded: JSON may contain one half of a surrogate pair."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_json(line: bytes) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True


def _stream(path: Path, file: IO[bytes], prefix: str) -> Iterator[Values | str]:
    """Yield the objects of one big list without reading all of it."""
    found = False
    try:
        for value in ijson.items(file, prefix, use_float=True):
            found = True
            yield value if isinstance(value, dict) else "is not an object"
    except (JSONError, ValueError, RecursionError) as error:
        raise InputError(f"{path} is not JSON, or breaks off.") from error
    if not found and prefix != "item":
        raise InputError(f"{path} is JSON, but has no list of rows.")


def _lines(path: Path, file: IO[bytes]) -> Iterator[Values | str]:
    for number, line in enumerate(file, 1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except UnicodeDecodeError:
            raise
        except (ValueError, RecursionError) as error:
            raise InputError(f"{path} is not JSON in line {number}.") from error
        yield from _unwrap(value)


def _unwrap(value: Any) -> Iterator[Values | str]:
    """Yield the rows of one value: a row, a list of rows, or an answer of the old API that holds some."""
    if isinstance(value, list):
        for entry in value:
            yield entry if isinstance(entry, dict) else "is not an object"
        return
    if not isinstance(value, dict):
        yield "is not an object"
        return
    for name in _LISTS:
        if isinstance(value.get(name), list):
            yield from _unwrap(value[name])
            return
    for name in _OBJECTS:
        if isinstance(value.get(name), dict):
            yield value[name]
            return
    yield "is a refusal of the old system" if value.get("status") == 0 and "code" in value else value
