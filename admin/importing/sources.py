"""Read rows from files: CSV, JSON, and JSON with one value a line."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple

import ijson
from ijson.common import JSONError, ObjectBuilder

Values = dict[str, Any]

_DELIMITERS = ",;\t"
_LISTS = ("data",)
_OBJECTS = ("user", "wallet")
_STARTS, _ENDS = ("start_map", "start_array"), ("end_map", "end_array")
_NO_OBJECT = "is not an object"
# Nothing that is imported is nested deeper than an answer, its list, its row and a value.
_MAX_DEPTH = 20
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
    with _explained(path):
        yield from _read_csv(path) if is_csv(path) else _read_json(path)


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8 text: save it as UTF-8.") from error
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from error


def columns(path: Path) -> list[str] | None:
    """Return the columns of a CSV file, or None for JSON, in which every row has its own. Raises InputError."""
    with _explained(path):
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
        # A row that is too short has all columns too, since the first reject says which the file of rejects has.
        filled = (*cells, *[""] * (len(header) - len(cells)))
        values = {name: "" if cell == _ABSENT else cell for name, cell in zip(header, filled, strict=False)}
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
            values = _stream(path, file, 1)
        elif _is_json(first):
            values = _lines(path, file)
        else:
            values = _stream(path, file, 2)
        for number, value in enumerate(values, 1):
            if not isinstance(value, dict):
                yield Row(number, {}, value)
            else:
                yield Row(number, value, "" if _is_text(value) else "contains halves of characters")


def _is_text(value: Values) -> bool:
    """Return whether all text can be encoded: JSON may contain one half of a surrogate pair."""
    text = json.dumps(value, ensure_ascii=False)
    # Which most of it is, and this is by far the cheaper question.
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_json(line: bytes) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True


def _stream(path: Path, file: IO[bytes], list_depth: int) -> Iterator[Values | str]:
    """Yield the entries of one big list without reading all of it: the file itself, or the member "data" of it."""
    depth, key, inside = 0, "", False
    builder = ObjectBuilder()
    try:
        for event, value in ijson.basic_parse(file, use_float=True):
            depth += event in _STARTS
            if depth > _MAX_DEPTH:
                raise InputError(f"{path} is nested more than {_MAX_DEPTH} times.")
            if inside and not (event == "end_array" and depth == list_depth):
                builder.event(event, value)
                if depth == list_depth or (event in _ENDS and depth == list_depth + 1):
                    yield builder.value if isinstance(builder.value, dict) else _NO_OBJECT
                    builder = ObjectBuilder()
            elif depth == list_depth and event in ("start_array", "end_array") and (list_depth == 1 or key in _LISTS):
                inside = event == "start_array"
            elif event == "map_key" and depth == 1:
                key = value
            depth -= event in _ENDS
    except (JSONError, ValueError) as error:
        raise InputError(f"{path} is not JSON, or breaks off{_hint(path)}.") from error


def _hint(path: Path) -> str:
    return "" if path.suffix.lower() in (".json", ".jsonl") else "; only .csv and .tsv files are read as CSV"


def _lines(path: Path, file: IO[bytes]) -> Iterator[Values | str]:
    for number, line in enumerate(file, 1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except UnicodeDecodeError:
            raise
        except (ValueError, RecursionError) as error:
            raise InputError(f"{path} is not JSON in line {number}{_hint(path)}.") from error
        yield from _unwrap(value)


def _unwrap(value: Any) -> Iterator[Values | str]:
    """Yield the rows of one value: a row, a list of rows, or an answer of the old API that holds some."""
    if isinstance(value, list):
        for entry in value:
            yield entry if isinstance(entry, dict) else _NO_OBJECT
        return
    if not isinstance(value, dict):
        yield _NO_OBJECT
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
