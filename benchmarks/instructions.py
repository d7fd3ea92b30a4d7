"""Counts the processor's instructions, which no other program's work disturbs: `python -m benchmarks.instructions`.

Needs valgrind. Python's own start is counted by a handler that does nothing, and taken off. The first rows count the
imports of the layer's packages and the making of a client: no function can start with fewer instructions.
"""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.contenders import FLOOR, Contender, baselines, ours

_CALLGRIND = ("valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null")
_COUNT = re.compile(r"Collected : (\d+)")
_WARM_UP = 20
_REQUESTS = 60
_MILLION = 1_000_000
_NOTHING = 'def lambda_handler(event, context):\n    return {"body": ""}\n'
# What every function needs of each package, one added to the other.
_STEPS = {
    "import botocore": "import botocore.session\n",
    "… and pydantic": "from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, ValidationError\n",
    "… and Powertools": "from aws_lambda_powertools.metrics import EphemeralMetrics\n",
    "… and make a client": "from paidline.store.dynamodb import dynamodb\ndynamodb()\n",
}
# A request's time passes slowly, and a single store call may take long.
_PATIENCE = """import time
from types import SimpleNamespace
from paidline import deadline
deadline.CONNECT_S = deadline.READ_S = 60
deadline.time = SimpleNamespace(monotonic=lambda: time.monotonic() / 1000, sleep=time.sleep)
"""


def main() -> None:
    """Count for the floor and the functions, and print the table."""
    if not shutil.which("valgrind"):
        sys.exit("valgrind is not installed: Debian has it under that name")
    floor = next(one for one in baselines() if one.name == FLOOR)
    pythons_own = _of_app(floor, _NOTHING)
    print("| handler | start with first request, million instructions | to floor | later request | to floor |")
    print("|---|---|---|---|---|")
    floor_counts = _counts(floor, pythons_own)
    _print(floor, floor_counts, floor_counts)
    some_function, *_ = ours()
    steps = "import gc\ngc.disable()\n"
    for name, step in _STEPS.items():
        steps += step
        start = (_of_app(some_function, steps + "gc.freeze()\n" + _NOTHING) - pythons_own) / _MILLION
        print(f"| {name} | {start:.1f} | {start / floor_counts[0]:.2f} | | |", flush=True)
    for contender in ours():
        with patient(contender) as counted:
            _print(contender, _counts(counted, pythons_own), floor_counts)


def _print(contender: Contender, counts: tuple[float, float], floor_counts: tuple[float, float]) -> None:
    start, later = (f"{count:.1f} | {count / of:.2f}" for count, of in zip(counts, floor_counts, strict=True))
    print(f"| {contender.name} | {start} | {later} |", flush=True)


@contextmanager
def patient(contender: Contender) -> Iterator[Contender]:
    """Give a function as much time as it needs under valgrind, where a request takes longer than a caller waits."""
    with TemporaryDirectory() as folder:
        app = (contender.folder / "app.py").read_text(encoding="utf-8")
        (Path(folder) / "app.py").write_text(_PATIENCE + app, encoding="utf-8")
        yield replace(contender, folder=Path(folder))


def _counts(contender: Contender, pythons_own: int) -> tuple[float, float]:
    start = _count(contender, 0, 0)
    # What the warm-up costs stands in both.
    later = _count(contender, _WARM_UP, _REQUESTS) - _count(contender, _WARM_UP, 0)
    return (start - pythons_own) / _MILLION, later / _REQUESTS / _MILLION


def _of_app(contender: Contender, app: str) -> int:
    with TemporaryDirectory() as folder:
        (Path(folder) / "app.py").write_text(app, encoding="utf-8")
        return _count(replace(contender, folder=Path(folder)), 0, 0)


def _count(contender: Contender, warm_up: int, requests: int) -> int:
    _, told = contender.run(warm_up, requests, under=_CALLGRIND)
    found = _COUNT.search(told)
    if found is None:
        raise RuntimeError(told)
    return int(found[1])


if __name__ == "__main__":
    main()
