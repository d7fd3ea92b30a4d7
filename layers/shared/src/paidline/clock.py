"""Clock and time formats: times are stored in UTC and shown in one configured time zone."""

import functools
import os
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo


def now() -> datetime:
    """Return the current time, timezone-aware and in UTC."""
    return datetime.now(UTC)


class Mark(NamedTuple):
    """A reading of the machine's two clocks, in seconds, from which an age is computed later."""

    monotonic: float
    wall: float


def mark() -> Mark:
    """Read both clocks."""
    return Mark(time.monotonic(), time.time())


def is_within(seconds: float, since: Mark) -> bool:
    """Return whether fewer than `seconds` have passed since `since`, according to both clocks.

    Lambda freezes a process between requests, possibly for hours, and the monotonic clock may stop meanwhile. The
    wall clock keeps running but may be adjusted, even backwards, so a mark that lies in the future is not trusted.
    """
    return time.monotonic() - since.monotonic < seconds and 0 <= time.time() - since.wall < seconds


def to_iso(moment: datetime) -> str:
    """Format a time for storage: ISO 8601 in UTC with microseconds, which sorts chronologically as text."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def to_local(stored: str) -> str:
    """Format a stored time as the contract shows it, `YYYY-MM-DD HH:MM:SS` in the configured zone; "" stays ""."""
    if not stored:
        return ""
    return datetime.fromisoformat(stored).astimezone(_zone()).strftime("%Y-%m-%d %H:%M:%S")


def local_day(stored: str) -> str:
    """Return the day of a stored time in the configured zone, as `YYYY-MM-DD`; "" stays ""."""
    return to_local(stored)[: len("YYYY-MM-DD")]


@functools.cache
def _zone() -> "ZoneInfo":
    # Imported lazily: most functions show no time, so their cold start should not pay for it.
    from zoneinfo import ZoneInfo

    return ZoneInfo(os.environ["TIME_ZONE"])
