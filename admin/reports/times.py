"""Days and hours in the service's time zone, right over both clock changes.

Python subtracts and compares two times of one zone by their wall clocks, so that an hour goes missing or two become one
when the clock changes. Everything here therefore computes in UTC, and converts only to find and show days and hours.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from paidline import clock

_FIRST, _LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
_HOUR = timedelta(hours=1)


def from_stored(stored: str) -> datetime:
    """Return a stored time, in UTC."""
    return datetime.fromisoformat(stored).astimezone(UTC)


def start_of(day: date, zone: ZoneInfo) -> datetime:
    """Return when a day begins, in UTC. Where midnight is skipped, the day begins with the change of the clock."""
    return datetime.combine(day, time.min, tzinfo=zone).astimezone(UTC)


def from_local(text: str, zone: ZoneInfo, *, not_after: datetime) -> datetime:
    """Return a naive local time `YYYY-MM-DD HH:MM:SS` in UTC.

    In the hour that occurs twice it is the later one, unless that is after `not_after`.
    """
    naive = datetime.fromisoformat(text).replace(tzinfo=zone)
    first, second = (naive.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
    # In the hour that is skipped, the second is before the first, and the first is as if the clock had not changed.
    return second if first < second <= not_after else first


@dataclass(frozen=True)
class Period:
    """The days from `first` to `last`, both included, in a time zone; None is open."""

    zone: ZoneInfo
    first: date | None = None
    last: date | None = None

    @property
    def start(self) -> datetime:
        """When the period begins, in UTC."""
        return start_of(self.first, self.zone) if self.first else _FIRST

    @property
    def end(self) -> datetime:
        """When the period has ended, in UTC: the first moment after it."""
        return start_of(self.last + timedelta(days=1), self.zone) if self.last else _LAST

    @property
    def stored_start(self) -> str:
        """The start as times are stored."""
        return clock.to_iso(self.start) if self.first else ""

    @property
    def stored_end(self) -> str:
        """The end as times are stored; it sorts after all of them if it is open."""
        return clock.to_iso(self.end) if self.last else "9999-12-31T23:59:59.999999Z"

    def __contains__(self, moment: datetime) -> bool:
        return self.start <= moment < self.end


def by_day(start: datetime, end: datetime, zone: ZoneInfo) -> Iterator[tuple[date, timedelta]]:
    """Split the time from `start` to `end` into days of the zone, and yield how long it is on each."""
    while start < end:
        day = start.astimezone(zone).date()
        until = min(end, start_of(day + timedelta(days=1), zone))
        yield day, until - start
        start = until


def hours_of(period: Period) -> Iterator[datetime]:
    """Yield the start of each hour of a period, in UTC: 23 or 25 on a day on which the clock changes."""
    moment = period.start
    while moment < period.end:
        yield moment
        moment += _HOUR


def hour_of(moment: datetime, period: Period) -> datetime:
    """Return the start of the hour of a period that a moment is in, in UTC."""
    return period.start + (moment - period.start) // _HOUR * _HOUR
