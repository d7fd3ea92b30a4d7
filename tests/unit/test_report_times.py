"""Days and hours of reports, over both changes of the clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from admin.reports import agents, calls
from admin.reports.times import Period, by_day, from_local, hours_of

_ZONE = ZoneInfo("Europe/Amsterdam")
_SPRING, _AUTUMN = date(2026, 3, 29), date(2026, 10, 25)


class _Rows:
    """Tables that answer the same rows to every query and scan."""

    def __init__(self, **rows: list[dict[str, Any]]) -> None:
        self._rows = rows

    def query(self, variable: str, *_: Any, **__: Any) -> Any:
        return iter(self._rows.get(variable, []))

    scan = query


@pytest.mark.parametrize(("day", "hours"), [(_SPRING, 23), (_AUTUMN, 25), (date(2026, 11, 25), 24)])
def test_a_day_has_the_hours_that_its_clock_changes_leave(day: date, hours: int) -> None:
    period = Period(_ZONE, day, day)
    tables: Any = _Rows(STATUS_LOG_TABLE=[{"created": "2026-01-01T00:00:00.000000Z", "status": "online"}])
    now = datetime(2027, 1, 1, tzinfo=UTC)

    assert len(set(hours_of(period))) == hours
    assert list(by_day(period.start, period.end, _ZONE)) == [(day, timedelta(hours=hours))]
    (row,) = agents.time_per_status(tables, ["38"], period, now)
    assert row == {"ref": "38", "day": day, "online": timedelta(hours=hours)}


def test_the_hour_that_occurs_twice_is_the_later_one_unless_the_call_was_recorded_before() -> None:
    first, second = datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 25, 1, 30, tzinfo=UTC)

    assert from_local("2026-10-25 02:30:00", _ZONE, not_after=second + timedelta(minutes=5)) == second
    assert from_local("2026-10-25 02:30:00", _ZONE, not_after=second - timedelta(minutes=5)) == first


def test_the_hour_that_is_skipped_is_read_as_if_the_clock_had_not_changed() -> None:
    read = from_local("2026-03-29 02:30:00", _ZONE, not_after=datetime(2027, 1, 1, tzinfo=UTC))

    assert read == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


def test_a_status_that_lasts_over_midnight_and_the_clock_change_is_split_between_the_days() -> None:
    rows = [
        {"created": "2026-10-25T10:00:00.000000Z", "status": "offline"},
        {"created": "2026-10-24T21:00:00.000000Z", "status": "online"},
    ]
    tables: Any = _Rows(STATUS_LOG_TABLE=rows)
    period = Period(_ZONE, date(2026, 10, 24), _AUTUMN)
    before, after = agents.time_per_status(tables, ["38"], period, datetime(2027, 1, 1, tzinfo=UTC))

    assert before["unknown"] == timedelta(hours=23)
    assert before["online"] == timedelta(hours=1)
    assert after["online"] == timedelta(hours=12)
    assert after["offline"] == timedelta(hours=13)


def test_calls_and_tokens_of_both_hours_that_are_called_two_are_counted_apart() -> None:
    def call(created: str) -> dict[str, Any]:
        return {"startTime": "2026-10-25 02:10:00", "created": created, "dialStatus": "answer", "duration": 60}

    tables: Any = _Rows(
        CALL_SESSIONS_TABLE=[call("2026-10-25T00:20:00.000000Z"), call("2026-10-25T01:20:00.000000Z")],
        WALLET_LEDGER_TABLE=[{"time": "2026-10-25T01:20:00.000000Z", "amount": -90}],
    )
    rows = calls.per_hour(tables, Period(_ZONE, _AUTUMN, _AUTUMN))

    assert [(row["calls"], row["tokensTaken"]) for row in rows if row["hour"].hour == 2] == [(1, 0), (1, 90)]
    assert sum(row["calls"] for row in rows) == 2
