"""Compares the latency of each endpoint on a small store with that on a big one: `python -m benchmarks.scale`.

Two processes, one for each store, answer the same requests in turns.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from admin import data
from benchmarks import big_store
from benchmarks.contenders import BUILD, EXAMPLE_DATA, ours
from local import engine, find_engine, template
from local.gateway import set_environment

_GOAL = 1.2
_BLOCKS = 14
_REQUESTS = 10
_LIST = "get_profile_data"


def main() -> None:
    """Build both stores, measure in turns, print the table and the verdict."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs=2, default=[1_000, 1_000_000])
    parser.add_argument("--stores", type=Path, help="a folder that keeps the stores for the next time")
    options = parser.parse_args()
    BUILD.mkdir(parents=True, exist_ok=True)
    with ExitStack() as opened:
        folder = options.stores or Path(opened.enter_context(TemporaryDirectory(dir=BUILD)))
        workers = [opened.enter_context(_worker(folder / str(size), size)) for size in options.sizes]
        times = _measure(workers)
    print(_table(options.sizes, times))


@contextmanager
def _worker(folder: Path, size: int) -> Iterator[subprocess.Popen[str]]:
    is_new = not (folder / find_engine.DYNOXIDE_DATABASE).exists()
    set_environment(template.read(), "")
    if is_new:
        folder.mkdir(parents=True, exist_ok=True)
        big_store.build(folder, size)
    with engine.start(folder) as running:
        set_environment(template.read(), running.endpoint)
        if is_new:
            data.load(running.client(), json.loads(EXAMPLE_DATA.read_text(encoding="utf-8")))
        command = [sys.executable, "-m", "benchmarks.scale_worker", str(size)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as worker:
            yield worker
            assert worker.stdin
            worker.stdin.close()


def _measure(workers: list[subprocess.Popen[str]]) -> dict[str, list[list[float]]]:
    """Collect latencies by endpoint, one list for each worker."""
    times: dict[str, list[list[float]]] = defaultdict(lambda: [[] for _ in workers])
    stems = [contender.name for contender in ours() if contender.name != _LIST]
    for number in range(_BLOCKS):
        for stem in stems:
            turns = list(enumerate(workers))
            for index, worker in turns if number % 2 else reversed(turns):
                # The first block fills the caches, of the store as well.
                block = _ask(worker, {"stem": stem, "requests": _REQUESTS, "seed": number})
                if number:
                    times[stem][index] += block
    return times


def _ask(worker: subprocess.Popen[str], order: dict[str, Any]) -> list[float]:
    assert worker.stdin
    assert worker.stdout
    print(json.dumps(order), file=worker.stdin, flush=True)
    answer: list[float] = json.loads(worker.stdout.readline())
    return answer


def _table(sizes: list[int], times: dict[str, list[list[float]]]) -> str:
    lines = [f"| endpoint | median ms at {sizes[0]:,} | at {sizes[1]:,} | ratio |", "|---|---|---|---|"]
    ratios = {}
    for stem, (small, big) in sorted(times.items()):
        ratios[stem] = statistics.median(big) / statistics.median(small)
        cells = f"{statistics.median(small):.2f} | {statistics.median(big):.2f} | {ratios[stem]:.2f}"
        lines.append(f"| {stem} | {cells} |")
    worst = max(ratios.values())
    lines.append(f"{'met' if worst <= _GOAL else 'MISSED'}: latency at any size: {worst:.2f}, goal at most {_GOAL}")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
