"""Measures one handler in a process of its own: `python one_process.py WARM_UP REQUESTS`, app.py on the path.

Reads the event of each request from a JSON list. Prints one line of JSON: CPU and wall time of the start (import and
first request) and of each later request, in milliseconds, and the peak of memory. Imports nothing before the clock
starts that a handler would pay for.
"""

import json
import os
import sys
import time
from pathlib import Path

Clocks = tuple[int, int]


class Context:
    """What Lambda tells of an invocation."""

    function_name = "benchmark"
    function_version = "$LATEST"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:eu-west-1:000000000000:function:benchmark"
    aws_request_id = "00000000-0000-0000-0000-000000000000"
    function_version = "1"

    def get_remaining_time_in_millis(self) -> int:
        """Tell that there is time enough."""
        return 10_000


def main() -> None:
    """Measure, and print."""
    events = iter(json.load(sys.stdin))
    warm_up, requests = int(sys.argv[1]), int(sys.argv[2])
    # Log lines go where they cost a write and nobody reads them.
    result = os.dup(1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)

    start = _clocks()
    import app  # type: ignore[import-not-found]

    imported = _clocks()
    first = app.lambda_handler(next(events), Context())
    answered = _clocks()
    cold_peak = _peak_kb()
    for _ in range(warm_up):
        app.lambda_handler(next(events), Context())
    warm_start = _clocks()
    for _ in range(requests):
        app.lambda_handler(next(events), Context())
    warm_end = _clocks()

    body = first["body"]
    line = {
        "init": _difference(start, imported),
        "first": _difference(imported, answered),
        "cold": _difference(start, answered),
        "warm": [value / requests for value in _difference(warm_start, warm_end)] if requests else None,
        "cold_peak_mb": cold_peak / 1024,
        "peak_mb": _peak_kb() / 1024,
        "answer": body[:200],
    }
    os.write(result, json.dumps(line).encode())


def _clocks() -> Clocks:
    return time.process_time_ns(), time.perf_counter_ns()


def _difference(start: Clocks, end: Clocks) -> list[float]:
    return [(later - earlier) / 1e6 for earlier, later in zip(start, end, strict=True)]


def _peak_kb() -> int:
    # Of this program alone; getrusage would count its parent's memory from before the exec.
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0])


main()
