"""An agent's status log, and how long agents were in each status on each day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from typing import Any

from admin.reports.tables import Tables
from admin.reports.times import Period, by_day, from_stored
from paidline.domain.types import AgentStatus
from paidline.store import agents

STATUS_LOG_COLUMNS = ("id", "created", "ref", "userId", "status", "handler", "ip", "requestId")
STATUS_TIME_COLUMNS = ("ref", "day", *AgentStatus, "unknown")


def status_log(tables: Tables, ref: str, period: Period) -> Iterator[dict[str, Any]]:
    """Yield an agent's status log rows of a period, newest first. One Query per megabyte, back to its start."""
    for row in _newest_first(tables, ref):
        created = from_stored(row["created"])
        if created < period.start:
            return
        if created < period.end:
            yield {**row, "created": created.astimezone(period.zone)}


def time_per_status(tables: Tables, refs: Iterable[str], period: Period, now: datetime) -> Iterator[dict[str, Any]]:
    """Yield a row per agent and day with how long each status lasted, up to `now`.

    The time before an agent's first row is `unknown`. One Query per megabyte of each agent's log, back to the status
    that the period began with.
    """
    for ref in refs:
        days: defaultdict[date, dict[str, timedelta]] = defaultdict(dict)
        for status, day, duration in _time_per_status(tables, ref, period, now):
            days[day][status] = days[day].get(status, timedelta()) + duration
        for day in sorted(days):
            yield {"ref": ref, "day": day, **days[day]}


def refs(tables: Tables) -> list[str]:
    """List the refs of all agents. One Scan per megabyte of agents."""
    found = tables.scan("AGENTS_TABLE", ProjectionExpression="#ref", ExpressionAttributeNames={"#ref": "ref"})
    return sorted(agent["ref"] for agent in found)


def _time_per_status(tables: Tables, ref: str, period: Period, now: datetime) -> Iterator[tuple[str, date, timedelta]]:
    """Yield the parts of a period that an agent was in one status, newest first, each within one day."""
    until = min(period.end, now)
    for row in _newest_first(tables, ref):
        created = from_stored(row["created"])
        for day, duration in by_day(max(created, period.start), until, period.zone):
            yield row["status"], day, duration
        until = min(until, created)
        if created <= period.start:
            return
    if period.first:
        for day, duration in by_day(period.start, until, period.zone):
            yield "unknown", day, duration


def _newest_first(tables: Tables, ref: str) -> Iterator[dict[str, Any]]:
    # The order of the ids is that of the times, also of rows that were brought over from another system.
    return tables.query("STATUS_LOG_TABLE", "refKey = :ref", {":ref": agents.ref_key(ref)}, ScanIndexForward=False)
