"""Answers for one store what `benchmarks.scale` asks: a line of JSON in, the requests' latencies out."""

from __future__ import annotations

import json
import os
import random
import sys
import time
from collections.abc import Callable
from typing import Any

from benchmarks import request
from local import template


def main() -> None:
    """Answer until there are no more questions."""
    count = int(sys.argv[1])
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    handlers = {route.function.stem: request.endpoint(route.function) for route in template.read().routes}
    for line in sys.stdin:
        order = json.loads(line)
        # The same choices for both stores, as far as the numbers go.
        chosen = random.Random(order["seed"])
        handler = handlers[order["stem"]]
        numbers = [chosen.randrange(count) for _ in range(order["requests"])]
        if handler.name == "calls_end":
            request.send("calls_begin", [request.event(handlers["calls_begin"], number) for number in numbers])
        events = [request.event(handler, number) for number in numbers]
        print(json.dumps([_time(handler, event) for event in events]), file=answers, flush=True)


def _time(handler: Callable[..., Any], event: dict[str, Any]) -> float:
    start = time.perf_counter()
    response = handler(event, request.Context())
    elapsed = (time.perf_counter() - start) * 1000
    if '"status":1' not in response["body"]:
        raise RuntimeError(response["body"])
    return elapsed


if __name__ == "__main__":
    main()
