"""Runs many episodes: `make simulate`.

Settings: OPS in all, SEED of the first episode, JOBS processes, PAID for paid calls beside documented requests, ENGINE
(an endpoint; without it each episode has an embedded engine of its own: one that has had hundreds of episodes takes
three times as long for each call).
"""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed

from local import engine
from tests.simulation import episode, paid_calls
from tests.simulation.episode import Result
from tests.simulation.model import Violation

_EPISODE = 2_000
_REPORT_S = 60.0


def _run(seed: int, operations: int) -> Result:
    run = paid_calls.run if os.environ.get("PAID") else episode.run
    if endpoint := os.environ.get("ENGINE"):
        return run(seed, operations, endpoint)
    with engine.start() as own:
        return run(seed, operations, own.endpoint)


def _episodes(operations: int, seed: int) -> Iterator[tuple[int, int]]:
    for number, first in enumerate(range(0, operations, _EPISODE)):
        yield seed + number, min(_EPISODE, operations - first)


def _print(name: str, counts: Counter[str]) -> None:
    print(f"{name}: " + ", ".join(f"{count:,} {what}" for what, count in counts.most_common()))


def main() -> int:
    """Ends with 1 at the first violation."""
    operations, seed, jobs = (
        int(os.environ.get(name) or default) for name, default in (("OPS", 20_000), ("SEED", 1), ("JOBS", 1))
    )
    started = reported = time.monotonic()
    outcomes, faults = Counter[str](), Counter[str]()
    done = calls = late = entries = episodes = 0
    latest_write_s = latest_answer_s = 0.0
    with ProcessPoolExecutor(jobs) as pool:
        running = [pool.submit(_run, *episode) for episode in _episodes(operations, seed)]
        for future in as_completed(running):
            try:
                result = future.result()
            except Violation as violation:
                print(f"VIOLATION {violation}")
                pool.shutdown(cancel_futures=True)
                return 1
            episodes += 1
            done += result.operations
            calls += result.calls
            late += result.late
            entries += result.entries
            latest_write_s = max(latest_write_s, result.latest_write_s)
            latest_answer_s = max(latest_answer_s, result.latest_answer_s)
            outcomes += result.outcomes
            faults += result.faults
            if time.monotonic() - reported > _REPORT_S:
                reported = time.monotonic()
                print(f"{done:,} operations after {reported - started:.0f} s, no violation", flush=True)
    print(
        f"{done:,} operations, {calls:,} store calls, {episodes} episodes from seed {seed}, {entries:,} ledger entries"
    )
    _print("outcomes", outcomes)
    _print(f"{sum(faults.values()):,} faults, {late:,} late deliveries", faults)
    print(f"latest write sent after {latest_write_s:.2f} s, latest answer after {latest_answer_s:.2f} s")
    print(f"0 violations in {time.monotonic() - started:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
