"""Tells what each endpoint asks of DynamoDB, by running it: `python -m benchmarks.store_calls` writes the table.

Units are what the engine charges by DynamoDB's published rules; with them go the bytes of request and answer bodies.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from benchmarks import request
from benchmarks.contenders import store
from local import template
from paidline.api.endpoint import IdempotentRequest
from paidline.store import api_clients, dialed_numbers, pbxs
from paidline.store.dynamodb import dynamodb

TABLE = template.PROJECT / "docs" / "store-calls.md"
_WRITES = {"PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems"}

_INTRODUCTION = """# DynamoDB calls and units of each request

`make store-calls` writes this page: it runs each documented request on the embedded engine with the example data, and a
test compares the page with the code. *First* is a process's first request, which also reads the caller's hash and, if
the request names one, the service number; both are then cached for half a minute. Units are read and write request
units as DynamoDB bills them: transactions count twice, each index adds a write, and reads that need not be consistent
count half. A repeated key is detected by a transaction that is cancelled. AWS bills it like a successful one, but the
engine does not report it, so add it here. Bytes are those of the bodies.

| request | calls | read units | write units | bytes sent | bytes received |
|---|---|---|---|---|---|
"""


@dataclass
class Usage:
    """What a request asked of the store."""

    operations: list[str] = field(default_factory=list)
    read_units: float = 0.0
    write_units: float = 0.0
    sent: int = 0
    received: int = 0

    def row(self, name: str) -> str:
        """Write a line of the table."""
        calls = ", ".join(f"{count} {operation}" for operation, count in Counter(self.operations).items())
        units = f"{self.read_units:g} | {self.write_units:g}"
        return f"| {name} | {calls} | {units} | {self.sent} | {self.received} |\n"


def main() -> None:
    """Write the table into docs."""
    with store():
        TABLE.write_text(table(), encoding="utf-8")


def table() -> str:
    """Run every documented request first and following, and with a key where there may be one."""
    rows = []
    # A PBX makes itself known once in its life, which no request has to be measured by.
    pbxs.cache.clear()
    pbxs.register(json.loads(request.documented("calls_begin")["body"])["pbx"])
    for route in sorted(template.read().routes, key=lambda route: route.function.stem):
        stem = route.function.stem
        handler = request.endpoint(route.function)
        event = request.documented(stem)
        usages = []
        for which in ("first", "following"):
            call_id = f"{stem}-{which}"
            asked = _of_a_new_call(stem, event, call_id)
            if which == "first":
                for cache in (api_clients.cache, dialed_numbers.cache, pbxs.cache):
                    cache.clear()
            usages.append((which, _usage(handler, asked)))
            if stem == "calls_begin":
                _send("calls_end", call_id)
        if stem == "calls_end":
            usages.append(("repeated", _usage(handler, asked)))
        if issubclass(handler.model, IdempotentRequest):
            keyed = {**event, "headers": {**event["headers"], "idempotency-key": "call-1"}}
            usages.append(("with a key", _usage(handler, keyed)))
            usages.append(("with a key, repeated", _usage(handler, keyed)))
        rows += [usage.row(f"{stem}, {which}") for which, usage in usages]
    return _INTRODUCTION + "".join(rows)


def _of_a_new_call(stem: str, event: dict[str, Any], call_id: str) -> dict[str, Any]:
    """Give the request about a call of its own, which has begun if it ends."""
    if stem not in ("calls_begin", "calls_end"):
        return event
    if stem == "calls_end":
        _send("calls_begin", call_id)
    return request.about(event, callId=call_id)


def _send(stem: str, call_id: str) -> None:
    request.send(stem, [request.about(request.documented(stem), callId=call_id)])


def _usage(handler: Any, event: dict[str, Any]) -> Usage:
    with recorded() as usage:
        handler(event, request.Context())
    return usage


def _size(body: bytes, ours: str) -> int:
    # Without what is only there because the units were asked for.
    return len(json.dumps({name: value for name, value in json.loads(body).items() if name != ours}))


@contextmanager
def recorded() -> Iterator[Usage]:
    """Record what the process's client asks until the block ends."""
    usage = Usage()

    def ask_for_units(params: dict[str, Any], **_: Any) -> None:
        params["ReturnConsumedCapacity"] = "TOTAL"

    def sent(request: Any, **_: Any) -> None:
        usage.sent += _size(request.body, "ReturnConsumedCapacity")

    def received(http_response: Any, parsed: dict[str, Any], model: Any, **_: Any) -> None:
        usage.operations.append(model.name)
        usage.received += _size(http_response.content, "ConsumedCapacity")
        consumed = parsed.get("ConsumedCapacity", [])
        for entry in consumed if isinstance(consumed, list) else [consumed]:
            if model.name in _WRITES:
                usage.write_units += entry["CapacityUnits"]
            else:
                usage.read_units += entry["CapacityUnits"]

    events = dynamodb().meta.events
    handlers: list[tuple[str, Any]] = [
        ("provide-client-params.dynamodb.*", ask_for_units),
        ("before-send.dynamodb.*", sent),
        ("after-call.dynamodb.*", received),
    ]
    for name, handler in handlers:
        events.register(name, handler)
    try:
        yield usage
    finally:
        for name, handler in handlers:
            events.unregister(name, handler)


if __name__ == "__main__":
    main()
