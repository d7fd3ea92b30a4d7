"""The service's clock: times are kept in UTC and shown in one configured zone."""

import functools
import os
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo


def now() -> datetime:
    """Tell the time, aware and in UTC."""
    return datetime.now(UTC)


class Mark(NamedTuple):
    """A moment by both clocks of the machine, in seconds, to tell later how long ago it was."""

    monotonic: float
    wall: float


def mark() -> Mark:
    """Take the time by both clocks."""
    return Mark(time.monotonic(), time.time())


def is_within(seconds: float, since: Mark) -> bool:
    """Tell whether less than so many seconds have passed since; only if both clocks say so.

    Lambda freezes a process between two requests, for hours perhaps, and the monotonic clock may stand still meanwhile.
    The other clock goes on, but may be set, and backwards too: a moment that has not come yet is not trusted.
    """
    return time.monotonic() - since.monotonic < seconds and 0 <= time.time() - since.wall < seconds


def to_iso(moment: datetime) -> str:
    """Write a time as it is stored: ISO 8601 in UTC with microseconds, so that text order is time order."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def to_local(stored: str) -> str:
    """Show a stored time as the document does, `YYYY-MM-DD HH:MM:SS`, in the configured zone; "" stays ""."""
    if not stored:
        return ""
    return datetime.fromisoformat(stored).astimezone(_zone()).strftime("%Y-%m-%d %H:%M:%S")


@functools.cache
def _zone() -> "ZoneInfo":
    # Imported here: most functions show no time, and their cold start need not wait for it.
    from zoneinfo import ZoneInfo

    return ZoneInfo(os.environ["TIME_ZONE"])
