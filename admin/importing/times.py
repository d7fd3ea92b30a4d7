"""Times of the old system: local, without an offset."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from paidline import clock

_NEVER = "0000-00-00 00:00:00"
_EXPECTED = "not YYYY-MM-DD HH:MM:SS, nor a time with an offset from UTC"
_LOCAL = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}")


def to_stored(text: str, zone: ZoneInfo) -> str:
    """Return a time as it is stored: "" for none, a local time of `zone`, or ISO 8601 with an offset.

    An hour that happens twice, when clocks go back, is taken as the first; the service shows both alike. A time that
    clocks leave out when they go forward is refused. Raises ValueError.
    """
    text = text.strip()
    if text in ("", _NEVER):
        return ""
    try:
        moment = datetime.fromisoformat(text)
        is_local = moment.tzinfo is None
        local = moment.replace(tzinfo=zone) if is_local else moment
        there = local.astimezone(UTC).astimezone(zone).replace(tzinfo=None)
    except (ValueError, OverflowError) as error:
        raise ValueError(_EXPECTED) from error
    if is_local and not _LOCAL.fullmatch(text):
        raise ValueError(_EXPECTED)
    if is_local and there != moment:
        raise ValueError(f"a time that {zone.key} skipped: clocks went forward")
    return clock.to_iso(local)
