"""Count the refusals recorded in request log lines, for the wallboard."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import NamedTuple

from paidline import clock
from paidline.store import refusals

# For the function, which leaves the store to the domain.
from paidline.store.dynamodb import prepare as prepare


class LogLine(NamedTuple):
    """A line of the functions' log, with the milliseconds since 1970 at which it was written."""

    timestamp: int
    message: str


def count(lines: Iterable[LogLine]) -> int:
    """Count the refusals by the service's day and reason, and return how many there were. One UpdateItem per day."""
    by_day: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for line in lines:
        if reason := _reason(line.message):
            written = datetime.fromtimestamp(line.timestamp / 1000, UTC)
            by_day[clock.local_day(clock.to_iso(written))][reason] += 1
    for day, counts in by_day.items():
        refusals.add(day, counts)
    return sum(counts.total() for counts in by_day.values())


def _reason(message: str) -> str:
    """Return why a request was refused; "" for faults, which have alarms of their own, and for any other line."""
    line = json.loads(message)
    return line["reason"] if line.get("Faults") == [0] else ""
