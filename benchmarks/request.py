"""Makes each endpoint's request for any agent or wallet of a big store, from the endpoint's event."""

from __future__ import annotations

import functools
import io
import json
import re
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from typing import Any

from benchmarks import big_store
from local.gateway import load_handler
from local.template import PROJECT, Function, read
from paidline.api.endpoint import Endpoint

Event = dict[str, Any]

# What the agent or wallet of a number has instead of the documented one.
_NUMBERED: Mapping[str, Callable[[int], str]] = {
    "ref": big_store.ref,
    "pin": big_store.pin,
    "outboundNumber": big_store.line,
    "inboundNumber": big_store.phone,
    "callId": "call-{}".format,
}
# Values that a store can answer however often it is asked: tokens last, and a page stays as long as it is.
_FIXED = {"tokens": "1", "limit": "1", "status": "pause"}
_AS_DOCUMENTED = {
    "authenticationHash",
    "dialedNumber",
    "startTime",
    "endTime",
    "duration",
    "dialStatus",
    "pbx",
    "callIds",
}


class NoRequest(Exception):
    """No benchmark request can be made of an endpoint's event; the message names the file to change."""


def endpoint(function: Function) -> Endpoint[Any]:
    """Load a function's handler, which is an endpoint."""
    handler: object = load_handler(function)
    if not isinstance(handler, Endpoint):
        raise NoRequest(f"functions/{function.stem}/app.py makes no endpoint: decorate its handler with @endpoint.")
    return handler


def event(handler: Endpoint[Any], number: int = 0) -> Event:
    """Give the event of a request that concerns the agent or wallet of this number."""
    return {**documented(handler.name), "body": json.dumps(parameters(handler, number))}


def parameters(handler: Endpoint[Any], number: int) -> dict[str, Any]:
    """Give the parameters of that request: the documented ones, and `limit` where the endpoint has pages."""
    numbered = {name: make(number) for name, make in _NUMBERED.items()}
    stem = handler.name
    made = json.loads(re.sub(r": (0\d+)", r': "\1"', documented(stem)["body"]))
    if "limit" in handler.model.model_fields:
        made["limit"] = _FIXED["limit"]
    unknown = made.keys() - numbered.keys() - _FIXED.keys() - _AS_DOCUMENTED
    if unknown:
        raise NoRequest(
            f"events/{stem}.json has the parameter {min(unknown)}, which benchmarks/request.py does not know: say "
            "there whether a benchmark sends it as documented (_AS_DOCUMENTED), with one value (_FIXED) or with that "
            "of each agent or wallet (_NUMBERED)."
        )
    return {name: numbered.get(name, _FIXED.get(name, value)) for name, value in made.items()}


def send(stem: str, events: list[Event]) -> None:
    """Send requests to an endpoint in this process, to prepare what another one needs. Raises if one is refused."""
    handler = endpoint(next(function for function in read().functions if function.stem == stem))
    for one in events:
        # Its log lines and metrics are not those of what is measured.
        with redirect_stdout(io.StringIO()):
            response = handler(one, Context())
        if '"status":0' in response["body"]:
            raise RuntimeError(f"{stem} refused: {response['body']}")


class Context:
    """What Lambda tells of an invocation."""

    aws_request_id = "00000000-0000-0000-0000-000000000000"
    function_version = "1"

    def get_remaining_time_in_millis(self) -> int:
        """Tell that there is time enough."""
        return 10_000


def about(event: Event, **parameters: str) -> Event:
    """Give an event with other parameters in its body."""
    return {**event, "body": json.dumps({**json.loads(event["body"]), **parameters})}


@functools.cache
def documented(stem: str) -> Event:
    """Read an endpoint's event."""
    path = PROJECT / "events" / f"{stem}.json"
    if not path.exists():
        raise NoRequest(f"events/{stem}.json is missing, so there is no request of {stem} to measure: add it.")
    found: Event = json.loads(path.read_text(encoding="utf-8"))
    return found
