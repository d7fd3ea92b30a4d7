"""Measures the first requests of a wallboard's process, by the calls of the day: `python -m benchmarks.wallboard`.

Each row is a process's memory emptied: as many requests as the day takes to be counted, each with its own deadline.
"""

from __future__ import annotations

import os
import time
from datetime import timedelta
from typing import Any

from benchmarks.contenders import store
from paidline import clock, deadline, ids
from paidline.domain import wallboard
from paidline.store import dynamodb
from paidline.store.call_sessions import CallSession

_SIZES = (500, 2_000, 10_000, 50_000)
_BATCH = 25
_REMAINING_MS = 10_000
_GOAL_S = 3.0


def main() -> None:
    """Record more and more calls, and print what counting them takes."""
    print("| calls today | requests | store calls | CPU ms | slowest request, ms |\n|---|---|---|---|---|")
    slowest = 0.0
    with store() as running:
        wallboard.look()
        done = 0
        for size in _SIZES:
            _record(running.client(), done, size)
            done = size
            slowest = max(slowest, _row(size))
    met = "met" if slowest <= _GOAL_S else "MISSED"
    print(f"{met}: slowest request of a process that counts the day, seconds: {slowest:.2f}, goal at most {_GOAL_S}")


def _record(client: Any, first: int, end: int) -> None:
    now = clock.now()
    # Old enough to be settled, and on this day at any hour but the first.
    first_id = ids.last_id_before(now - timedelta(minutes=10))
    sessions = [
        CallSession(first_id + number, "000038", 194, "14620905014", "31688006395", "31612345678", "answer", 60,
                    "2026-11-25 12:00:00", "2026-11-25 12:01:00", 90, clock.to_iso(now), "r" * 32, 90)
        for number in range(first, end)
    ]  # fmt: skip
    for start in range(0, len(sessions), _BATCH):
        puts: Any = [{"PutRequest": {"Item": one.to_item()}} for one in sessions[start : start + _BATCH]]
        client.batch_write_item(RequestItems={os.environ["CALL_SESSIONS_TABLE"]: puts})


def _row(size: int) -> float:
    wallboard.forget()
    usage = dynamodb.start_usage()
    cpu, walls, today = time.process_time(), [], None
    while today is None:
        started = time.perf_counter()
        with deadline.start(_REMAINING_MS):
            today = wallboard.look().today
        walls.append(time.perf_counter() - started)
    assert today.calls == size
    cpu_ms = (time.process_time() - cpu) * 1000
    print(f"| {size:,} | {len(walls)} | {usage.attempts} | {cpu_ms:.0f} | {max(walls) * 1000:.0f} |", flush=True)
    return max(walls)


if __name__ == "__main__":
    main()
