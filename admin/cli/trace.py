"""`paidline trace`: everything that one request left behind."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from admin.cli.command import Session
from admin.cli.connection import Stack
from admin.reports.tables import Tables
from admin.reports.times import Period, from_stored

_COLUMNS = ("kind", "time", "content")
# The group of the functions' log lines, by its logical id.
_LOG_GROUP = "FunctionLogs"


def trace(
    session: Session,
    identifier: Annotated[str, typer.Argument(help="A requestId, or an idempotency key.", show_default=False)],
) -> None:
    """Show a request's log lines, ledger entries, status changes and recorded calls together.

    It scans the ledger, the calls and the status log, and on a stack searches the functions' log lines. `make run`
    prints its log lines, so they are not searched there.

    Example: `paidline trace 5f0c2b1e8d7a4c6f9b3e2a1d0c9f8e7d` or `paidline trace pbx1-1732377600.42`
    """
    stored = _stored(session.tables, identifier, Period(session.connection.zone))
    wanted = {identifier, *(row["content"].get("requestId", "") for row in stored)} - {""}
    session.show([*_log_lines(session, sorted(wanted)), *stored], _COLUMNS)


def _stored(tables: Tables, identifier: str, period: Period) -> list[dict[str, Any]]:
    """Return what the request wrote. One Scan per megabyte of the ledger, the calls and the status log."""
    values = {":id": identifier}
    entries = tables.scan(
        "WALLET_LEDGER_TABLE", "requestId = :id OR #key = :id", values, ExpressionAttributeNames={"#key": "key"}
    )
    found = [("ledger entry", entry["time"], entry) for entry in entries]
    for kind, variable in (("call", "CALL_SESSIONS_TABLE"), ("status change", "STATUS_LOG_TABLE")):
        found += [(kind, row["created"], row) for row in tables.scan(variable, "requestId = :id", values)]
    return [
        {"kind": kind, "time": from_stored(time).astimezone(period.zone), "content": content}
        for kind, time, content in sorted(found, key=lambda row: row[1])
    ]


def _log_lines(session: Session, identifiers: list[str]) -> list[dict[str, Any]]:
    target = session.connection.target
    if not isinstance(target, Stack):
        return []
    pages = (
        target.client("logs")
        .get_paginator("filter_log_events")
        .paginate(
            logGroupName=target.resource(_LOG_GROUP),
            filterPattern=" ".join(f'?"{identifier}"' for identifier in identifiers if '"' not in identifier),
        )
    )
    return [
        {"kind": "log line", "time": "", "content": _line(event["message"])}
        for page in pages
        for event in page["events"]
    ]


def _line(message: str) -> dict[str, Any]:
    try:
        content = json.loads(message)
    except ValueError:
        content = None
    return content if isinstance(content, dict) else {"message": message}
