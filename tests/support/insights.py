"""As much of CloudWatch Logs Insights' query language as the documentation's queries use, on lines of JSON.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax.html. Nothing else is understood, so
that a query that needs more fails here instead of being run wrongly.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

Line = dict[str, Any]
Row = dict[str, Any]

_FIELD = re.compile(r"@?[A-Za-z_][\w.]*")
# A text, a pattern, a list, or the words between them.
_TOKEN = re.compile(r'"[^"]*"|/(?:[^/\\]|\\.)*/|\[[^\]]*\]|[()=<>!]+|@?[\w.]+')
_COMPARED: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda left, right: bool(left == right),
    ">": lambda left, right: left is not None and bool(left > right),
}
_SUMMED: dict[str, Callable[[list[Any]], Any]] = {"count": len, "sum": sum}
_AGGREGATE = re.compile(r"(\w+)\(([\w.@]*)\)")


class QueryError(Exception):
    """The query is not one of those that are understood here."""


def lines(text: str, stream: str = "2026/11/25/paidline-Function[7]0123") -> list[Line]:
    """What CloudWatch discovers of each line: `@` fields, and those of JSON with lists flattened to `name.0`."""
    return [
        {"@timestamp": number, "@message": line, "@logStream": stream, **_discovered(line)}
        for number, line in enumerate(text.splitlines())
    ]


def _discovered(line: str) -> Line:
    if not line.startswith("{"):
        return {}
    return dict(_flat("", json.loads(line)))


def _flat(name: str, value: Any) -> Iterable[tuple[str, Any]]:
    nested = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else None
    if nested is None:
        yield name, value
        return
    for key, entry in nested:
        yield from _flat(f"{name}.{key}" if name else str(key), entry)


def fields(query: str) -> set[str]:
    """Every field that a query names."""
    named = set[str]()
    for command, rest in _commands(query):
        bare = re.sub(r'"[^"]*"|/(?:[^/\\]|\\.)*/', " ", rest)
        words = set(_FIELD.findall(re.sub(r"\w+\(", "(", bare)))
        named |= words - {"and", "in", "like", "by", "desc", "asc"}
        if command not in {"filter", "fields", "stats", "sort"}:
            raise QueryError(f"unknown command: {command}")
    return named


def run(query: str, given: Sequence[Line]) -> list[Row]:
    """The rows of a query's answer."""
    rows: list[Row] = list(given)
    for command, rest in _commands(query):
        if command == "filter":
            rows = [row for row in rows if _holds(rest, row)]
        elif command == "fields":
            rows = [{name: row.get(name) for name in _listed(rest)} for row in rows]
        elif command == "stats":
            rows = _stats(rest, rows)
        elif command == "sort":
            name, _, order = rest.partition(" ")
            rows = sorted(rows, key=lambda row, name=name: row[name], reverse=order == "desc")  # type: ignore[misc]
        else:
            raise QueryError(f"unknown command: {command}")
    return rows


def _commands(query: str) -> list[tuple[str, str]]:
    # A | within a pattern is its own.
    parts = re.findall(r'((?:"[^"]*"|/(?:[^/\\]|\\.)*/|[^|"/])+)', query)
    split = [part.strip().partition(" ") for part in parts]
    return [(command, rest.strip()) for command, _, rest in split]


def _listed(text: str) -> list[str]:
    return [name.strip() for name in text.split(",")]


def _holds(expression: str, row: Row) -> bool:
    tokens = _TOKEN.findall(expression)
    if len(tokens) % 4 != 3 or any(word != "and" for word in tokens[3::4]):
        raise QueryError(f"not comparisons joined by and: {expression}")
    return all(_compares(row, *tokens[start : start + 3]) for start in range(0, len(tokens), 4))


def _compares(row: Row, name: str, operator: str, operand: str) -> bool:
    value = row.get(name)
    if operator == "in":
        return value in json.loads(operand)
    if operator == "like":
        return value is not None and re.search(operand[1:-1], str(value)) is not None
    if operator not in _COMPARED:
        raise QueryError(f"unknown operator: {operator}")
    return _COMPARED[operator](value, json.loads(operand))


def _stats(rest: str, rows: list[Row]) -> list[Row]:
    aggregate, _, by = rest.partition(" by ")
    match = _AGGREGATE.fullmatch(aggregate.strip())
    if match is None or match[1] not in _SUMMED:
        raise QueryError(f"unknown aggregate: {aggregate}")
    names = _listed(by) if by else []
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(tuple(row.get(name) for name in names), []).append(row)
    result = aggregate.strip()
    return [
        {**dict(zip(names, key, strict=True)), result: _SUMMED[match[1]]([row.get(match[2], 1) for row in group])}
        for key, group in groups.items()
    ]
