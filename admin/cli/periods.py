"""The options that choose days, which begin and end in the service's time zone."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from admin.cli.errors import CommandError
from admin.cli.options import day_option
from admin.reports.times import Period

# One day before and after these can still be computed in every time zone.
_EARLIEST, _LATEST = date(1, 1, 3), date(9999, 12, 29)

Day = Annotated[date | None, day_option("--day", help="Only this day, in the service's time zone.")]
First = Annotated[date | None, day_option("--from", help="The first day.")]
Last = Annotated[date | None, day_option("--to", help="The last day, included.")]


def period_of(zone: ZoneInfo, day: date | None, first: date | None, last: date | None) -> Period:
    """Return the days that the options choose; without any, all. Raises CommandError if they contradict."""
    if day and (first or last):
        raise CommandError("Choose either --day or --from and --to.")
    days = (day, day) if day else (first, last)
    if any(chosen and not _EARLIEST <= chosen <= _LATEST for chosen in days):
        raise CommandError(f"A day must lie between {_EARLIEST} and {_LATEST}.")
    period = Period(zone, *days)
    if period.first and period.last and period.first > period.last:
        raise CommandError("--from is after --to.")
    return period


def today(zone: ZoneInfo) -> date:
    """Return the present day in the service's time zone."""
    return datetime.now(zone).date()


def period_or_today(zone: ZoneInfo, day: date | None, first: date | None, last: date | None) -> Period:
    """Return the days that the options choose, from the first to today at most; without any, today."""
    chosen = period_of(zone, day, first, last)
    if chosen.first is None and chosen.last is not None:
        raise CommandError("Name the first day too: --from.")
    return Period(zone, chosen.first or today(zone), chosen.last or today(zone))
