"""The service's clock: times are kept in UTC and shown in one configured zone."""

import functools
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo


def now() -> datetime:
    """Tell the time, aware and in UTC."""
    return datetime.now(UTC)


def to_text(moment: datetime) -> str:
    """Write a time as it is stored: ISO 8601 in UTC with microseconds, so that text order is time order."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def shown(stored: str) -> str:
    """Show a stored time as the document does, `YYYY-MM-DD HH:MM:SS`, in the configured zone; "" stays ""."""
    if not stored:
        return ""
    return datetime.fromisoformat(stored).astimezone(_zone()).strftime("%Y-%m-%d %H:%M:%S")


@functools.cache
def _zone() -> "ZoneInfo":
    # Imported here: most functions show no time, and their cold start need not wait for it.
    from zoneinfo import ZoneInfo

    return ZoneInfo(os.environ["TIME_ZONE"])
