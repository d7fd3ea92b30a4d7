"""`paidline trace`: everything that one request or one paid call left behind."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from admin.cli.command import Session
from admin.reports.times import Period, from_stored

if TYPE_CHECKING:
    from admin.reports.tables import Tables

_COLUMNS = ("kind", "time", "content")
# The endpoints that take an idempotency key.
_WITH_KEYS = ("add_tokens_to_wallet", "session_call_create_by_ref", "subtract_tokens_from_wallet")


def trace(
    session: Session,
    identifier: Annotated[str, typer.Argument(help="A requestId, an idempotency key or a callId.", show_default=False)],
) -> None:
    """Show a request's log lines, ledger entries, status changes and calls together; of a paid call all there is.

    It scans the ledger, the calls, the status log and the hashes, and on a stack searches the functions' log lines.
    `make run` prints its log lines, so they are not searched there.

    Example: `paidline trace 5f0c2b1e8d7a4c6f9b3e2a1d0c9f8e7d` or `paidline trace pbx1-1732377600.42`
    """
    from admin.cli import logs

    stored = written_by(session.tables, identifier, Period(session.connection.zone))
    wanted = {identifier, *(row["content"].get("requestId", "") for row in stored)} - {""}
    lines = logs.find(session.connection.target, sorted(wanted))
    session.show([*({"kind": "log line", "time": "", "content": line} for line in lines), *stored], _COLUMNS)


def written_by(tables: Tables, identifier: str, period: Period) -> list[dict[str, Any]]:
    """Return what the request wrote, or all requests about a paid call. One Scan per megabyte of the tables it is in.

    These are the ledger, both tables of calls, and the status log.
    """
    entries = list(_entries(tables, identifier, set()))
    paid = list(_paid_calls(tables, identifier, _call_ids(entries)))
    if paid:
        entries = list(_entries(tables, identifier, _call_ids(paid)))
    found = [("paid call", call["opened"], call) for call in paid]
    found += [("ledger entry", entry["time"], entry) for entry in entries]
    requests = {identifier, *(request for call in paid for request in _requests(call))}
    requests |= {entry["requestId"] for entry in entries if "callId" in entry}
    answers = list(_stored_responses(tables, identifier))
    found += [("stored response", "", answer) for answer in answers]
    for answer in answers:
        call = answer["answer"].get("callSession")
        if call and (row := tables.get("CALL_SESSIONS_TABLE", {"id": int(call["id"])})):
            found.append(("call", row["created"], row))
    for kind, variable in (("call", "CALL_SESSIONS_TABLE"), ("status change", "STATUS_LOG_TABLE")):
        found += [(kind, row["created"], row) for row in tables.scan(variable, *_is_one_of("requestId", requests))]
    return [
        {"kind": kind, "time": from_stored(time).astimezone(period.zone) if time else "", "content": content}
        for kind, time, content in sorted(found, key=lambda row: row[1])
    ]


def _call_ids(rows: list[dict[str, Any]]) -> set[str]:
    return {row["callId"] for row in rows if "callId" in row}


def _paid_calls(tables: Tables, identifier: str, call_ids: set[str]) -> Iterator[dict[str, Any]]:
    """Yield the paid calls with these ids, and those that the request began or ended. One Scan per megabyte."""
    have_id, values = _is_one_of("callId", {identifier, *call_ids})
    return tables.scan(
        "CALLS_TABLE",
        f"{have_id} OR requestId = :id OR #ending.requestId = :id",
        {":id": identifier, **values},
        ExpressionAttributeNames={"#ending": "ending"},
    )


def _requests(call: dict[str, Any]) -> Iterator[str]:
    """Yield the ids of the requests that began and ended a paid call."""
    yield call["requestId"]
    if "ending" in call:
        yield call["ending"]["requestId"]


def _entries(tables: Tables, identifier: str, call_ids: set[str]) -> Iterator[dict[str, Any]]:
    """Yield the ledger entries of the request or key, and those of the paid calls. One Scan per megabyte."""
    condition, values = "requestId = :id OR #key = :id", {":id": identifier}
    if call_ids:
        of_calls, names = _is_one_of("callId", call_ids)
        condition, values = f"{condition} OR {of_calls}", {**values, **names}
    return tables.scan("WALLET_LEDGER_TABLE", condition, values, ExpressionAttributeNames={"#key": "key"})


def _is_one_of(attribute: str, texts: set[str]) -> tuple[str, dict[str, str]]:
    """Return the condition that an attribute is one of some texts, and their names in it."""
    values = {f":value{number}": text for number, text in enumerate(sorted(texts))}
    return f"{attribute} IN ({', '.join(values)})", values


def _stored_responses(tables: Tables, key: str) -> Iterator[dict[str, Any]]:
    """Yield the responses stored under an idempotency key.

    Whose key it is stands in its digest only, so each hash is tried at each endpoint. One Scan per megabyte of the
    hashes, and one GetItem per hash and endpoint.
    """
    from paidline.domain.idempotency import key_for

    for client in tables.scan("API_CLIENTS_TABLE", ProjectionExpression="hashDigest"):
        for endpoint in _WITH_KEYS:
            digest = key_for(key, client["hashDigest"], endpoint, ()).digest
            if used := tables.get("IDEMPOTENCY_KEYS_TABLE", {"keyDigest": digest}):
                yield {"endpoint": endpoint, "answer": json.loads(used["answer"])}
