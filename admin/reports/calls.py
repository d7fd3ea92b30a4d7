"""Recorded calls, and calls and tokens per hour."""

from __future__ import annotations

from typing import Any

from admin.reports.ledger import moved
from admin.reports.tables import Tables
from admin.reports.times import Period, from_local, from_stored, hour_of, hours_of
from paidline.store import agents

CALL_COLUMNS = (
    "id",
    "startTime",
    "endTime",
    "ref",
    "userId",
    "dialedNumber",
    "inboundNumber",
    "outboundNumber",
    "dialStatus",
    "duration",
    "tpm",
    "created",
    "requestId",
)
HOUR_COLUMNS = ("hour", "calls", "answered", "minutes", "tokensTaken")

_ANSWERED = "answer"


def calls(tables: Tables, period: Period, *, ref: str | None, caller: str | None) -> list[dict[str, Any]]:
    """List the calls that started in a period, oldest first, optionally of one agent or of one caller.

    Start and end are the PBX's local times, as they were sent. One Scan per megabyte of all calls; only those listed
    are kept in memory.
    """
    conditions, values = _started_in(period)
    if caller is not None:
        conditions.append("inboundNumber = :caller")
        values[":caller"] = caller
    found = [
        {**call, "created": from_stored(call["created"]).astimezone(period.zone)}
        for call in tables.scan("CALL_SESSIONS_TABLE", " AND ".join(conditions), values)
        if ref is None or agents.ref_key(call["ref"]) == agents.ref_key(ref)
    ]
    return sorted(found, key=lambda call: (call["startTime"], call["id"]))


def per_hour(tables: Tables, period: Period) -> list[dict[str, Any]]:
    """Count calls, minutes of talk and tokens per hour of a period with a start and an end.

    One Scan per megabyte of all calls and of the ledger. A call belongs to the hour in which it started.
    """
    hours = {hour: {"calls": 0, "answered": 0, "seconds": 0, "tokensTaken": 0} for hour in hours_of(period)}
    conditions, values = _started_in(period)
    for call in tables.scan("CALL_SESSIONS_TABLE", " AND ".join(conditions), values):
        started = from_local(call["startTime"], period.zone, not_after=from_stored(call["created"]))
        if started not in period:
            continue
        row = hours[hour_of(started, period)]
        row["calls"] += 1
        row["answered"] += call["dialStatus"] == _ANSWERED
        row["seconds"] += call["duration"]
    for entry in moved(tables, period):
        if entry["amount"] < 0:
            hours[hour_of(from_stored(entry["time"]), period)]["tokensTaken"] -= entry["amount"]
    return [
        {"hour": hour.astimezone(period.zone), **row, "minutes": round(row["seconds"] / 60)}
        for hour, row in hours.items()
    ]


def _started_in(period: Period) -> tuple[list[str], dict[str, Any]]:
    """Return the conditions on a call's start, which sorts as text, and their values."""
    conditions, values = [], dict[str, Any]()
    if period.first:
        conditions.append("startTime >= :first")
        values[":first"] = f"{period.first} 00:00:00"
    if period.last:
        conditions.append("startTime <= :last")
        values[":last"] = f"{period.last} 23:59:59"
    return conditions, values
