"""Answers for one store what `benchmarks.scale` asks: a line of JSON in, the requests' latencies out."""

from __future__ import annotations

import json
import os
import random
import sys
import time
from collections.abc import Callable
from typing import Any

from benchmarks import big_store
from local import template
from local.gateway import load_handler

_AGENTS_HASH = "ff36f129745a122e591722d3fda495416fe05aa9586e12238ec4dad37895e069"
_CREDIT_HASH = "a27be8c537581a512c1ea651f727a0af3a19eaf6915de9b983a55dc1ea8a8572"
_SERVICE_NUMBER = "14620905014"


class _Context:
    aws_request_id = "00000000-0000-0000-0000-000000000000"

    def get_remaining_time_in_millis(self) -> int:
        """Tell that there is time enough."""
        return 10_000


def main() -> None:
    """Answer until there are no more questions."""
    count = int(sys.argv[1])
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    routes = {route.function.stem: route for route in template.read().routes}
    handlers = {stem: load_handler(route.function) for stem, route in routes.items()}
    for line in sys.stdin:
        order = json.loads(line)
        # The same choices for both stores, as far as the numbers go.
        chosen = random.Random(order["seed"])
        handler = handlers[order["stem"]]
        events = [_event(order["stem"], chosen.randrange(count)) for _ in range(order["requests"])]
        print(json.dumps([_time(handler, event) for event in events]), file=answers, flush=True)


def _time(handler: Callable[..., Any], event: dict[str, Any]) -> float:
    start = time.perf_counter()
    response = handler(event, _Context())
    elapsed = (time.perf_counter() - start) * 1000
    if '"status":1' not in response["body"]:
        raise RuntimeError(response["body"])
    return elapsed


def _event(stem: str, number: int) -> dict[str, Any]:
    path = template.PROJECT / "events" / f"{stem}.json"
    event: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return {**event, "body": json.dumps(parameters(stem, number))}


def parameters(stem: str, number: int) -> dict[str, str]:
    """Give the parameters of a request that concerns the agent or wallet of this number."""
    ref = {"authenticationHash": _AGENTS_HASH, "ref": big_store.ref(number)}
    wallet = {"authenticationHash": _CREDIT_HASH, "dialedNumber": _SERVICE_NUMBER}
    pin = {**wallet, "pin": big_store.pin(number)}
    call = {
        "startTime": "2026-11-23 12:00:00",
        "endTime": "2026-11-23 12:01:00",
        "inboundNumber": big_store.phone(number),
        "dialedNumber": _SERVICE_NUMBER,
        "outboundNumber": big_store.line(number),
        "duration": "60",
        "dialStatus": "ANSWER",
    }
    return {
        "get_profile_data": {"authenticationHash": _AGENTS_HASH},
        "get_status_by_ref": ref,
        "update_status_by_ref": {**ref, "status": "pause"},
        "update_status_by_line_sharing": {
            "authenticationHash": _AGENTS_HASH,
            "outboundNumber": big_store.line(number),
            "status": "online",
        },
        "get_status_log": {**ref, "limit": "1"},
        "session_call_create_by_ref": {**ref, **call},
        "get_wallet_by_dialed_number_and_pin": pin,
        "get_wallet_by_dialed_number_and_inbound_number": {**wallet, "inboundNumber": big_store.phone(number)},
        "subtract_tokens_from_wallet": {**pin, "tokens": "1"},
        "add_tokens_to_wallet": {**pin, "tokens": "1"},
    }[stem]


if __name__ == "__main__":
    main()
