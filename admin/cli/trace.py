"""`paidline trace`: everything that one request left behind."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Annotated, Any

import typer

from admin.cli import logs
from admin.cli.command import Session
from admin.reports.tables import Tables
from admin.reports.times import Period, from_stored
from paidline.domain.idempotency import key_for

_COLUMNS = ("kind", "time", "content")
# The endpoints that take an idempotency key.
_WITH_KEYS = ("add_tokens_to_wallet", "session_call_create_by_ref", "subtract_tokens_from_wallet")


def trace(
    session: Session,
    identifier: Annotated[str, typer.Argument(help="A requestId, or an idempotency key.", show_default=False)],
) -> None:
    """Show a request's log lines, ledger entries, status changes and recorded calls together.

    It scans the ledger, the calls, the status log and the hashes, and on a stack searches the functions' log lines.
    `make run` prints its log lines, so they are not searched there.

    Example: `paidline trace 5f0c2b1e8d7a4c6f9b3e2a1d0c9f8e7d` or `paidline trace pbx1-1732377600.42`
    """
    stored = written_by(session.tables, identifier, Period(session.connection.zone))
    wanted = {identifier, *(row["content"].get("requestId", "") for row in stored)} - {""}
    lines = logs.find(session.connection.target, sorted(wanted))
    session.show([*({"kind": "log line", "time": "", "content": line} for line in lines), *stored], _COLUMNS)


def written_by(tables: Tables, identifier: str, period: Period) -> list[dict[str, Any]]:
    """Return what the request wrote. One Scan per megabyte of the ledger, the calls and the status log."""
    values = {":id": identifier}
    entries = tables.scan(
        "WALLET_LEDGER_TABLE", "requestId = :id OR #key = :id", values, ExpressionAttributeNames={"#key": "key"}
    )
    found = [("ledger entry", entry["time"], entry) for entry in entries]
    answers = list(_stored_responses(tables, identifier))
    found += [("stored response", "", answer) for answer in answers]
    for answer in answers:
        call = answer["answer"].get("callSession")
        if call and (row := tables.get("CALL_SESSIONS_TABLE", {"id": int(call["id"])})):
            found.append(("call", row["created"], row))
    for kind, variable in (("call", "CALL_SESSIONS_TABLE"), ("status change", "STATUS_LOG_TABLE")):
        found += [(kind, row["created"], row) for row in tables.scan(variable, "requestId = :id", values)]
    return [
        {"kind": kind, "time": from_stored(time).astimezone(period.zone) if time else "", "content": content}
        for kind, time, content in sorted(found, key=lambda row: row[1])
    ]


def _stored_responses(tables: Tables, key: str) -> Iterator[dict[str, Any]]:
    """Yield the responses stored under an idempotency key.

    Whose key it is stands in its digest only, so each hash is tried at each endpoint. One Scan per megabyte of the
    hashes, and one GetItem per hash and endpoint.
    """
    for client in tables.scan("API_CLIENTS_TABLE", ProjectionExpression="hashDigest"):
        for endpoint in _WITH_KEYS:
            digest = key_for(key, client["hashDigest"], endpoint, ()).digest
            if used := tables.get("IDEMPOTENCY_KEYS_TABLE", {"keyDigest": digest}):
                yield {"endpoint": endpoint, "answer": json.loads(used["answer"])}
