"""The handlers, called as Lambda calls them."""

from __future__ import annotations

import base64
import gzip
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

from local import gateway, template
from paidline.api import profile_list
from paidline.api.endpoint import Endpoint
from paidline.store import api_clients, dialed_numbers, dynamodb, profiles
from tests.support import documented
from tests.support.documented import Event, Parameters
from tests.support.store import Store


@dataclass
class Context:
    """As much of Lambda's context as the handlers use."""

    aws_request_id: str = "11111111-2222-3333-4444-555555555555"
    remaining_ms: int = 10_000

    def get_remaining_time_in_millis(self) -> int:
        """What Lambda leaves the request."""
        return self.remaining_ms


@dataclass(frozen=True)
class Answer:
    """A handler's answer, unpacked."""

    status: int
    headers: dict[str, str]
    body: str

    @property
    def json(self) -> Any:
        """What the body says."""
        return json.loads(self.body)

    @property
    def code(self) -> int:
        """The envelope's code."""
        return int(self.json["code"])

    @property
    def reason(self) -> str | None:
        """What exactly was wrong."""
        return self.headers.get("x-error-reason")

    @property
    def refusal(self) -> tuple[int, str | None]:
        """Code and reason of a failure."""
        return self.code, self.reason


class Api:
    """The service in this process, on a store with the example data."""

    def __init__(self, handlers: dict[str, Endpoint[Any]], store: Store) -> None:
        """Take the handlers by their stems."""
        self.handlers = handlers
        self.store = store

    def send(self, stem: str, event: Event) -> Answer:
        """Hand an event to a handler."""
        assert stem in self.handlers, f"functions/{stem}/app.py makes no endpoint of that name."
        response = self.handlers[stem](event, Context())
        assert response.keys() == {"statusCode", "headers", "body", "isBase64Encoded"}
        body = response["body"]
        if response["isBase64Encoded"]:
            body = gzip.decompress(base64.b64decode(body)).decode()
        return Answer(response["statusCode"], response["headers"], body)

    def call(self, stem: str, content: Parameters | str | bytes, **headers: str) -> Answer:
        """Send the documented request with another body."""
        return self.send(stem, documented.event_with(stem, content, **headers))

    def documented(self, stem: str, **changes: Any) -> Answer:
        """Send the documented parameters with some of them changed; None takes one away."""
        return self.call(stem, documented.changed(stem, **changes))

    def forget(self) -> None:
        """Empty the process's memory, as a new process has it."""
        api_clients.cache.clear()
        dialed_numbers.cache.clear()
        profiles.cache.clear()
        profile_list.cache.clear()


def load(service: template.Template) -> dict[str, Endpoint[Any]]:
    """Import the handlers that can be asked as the gateway does, by their stems."""
    handlers: dict[str, Callable[..., Any]] = {
        route.function.stem: gateway.load_handler(route.function)
        for route in service.routes
        if route.function.stem in documented.STEMS
    }
    return {stem: handler for stem, handler in handlers.items() if isinstance(handler, Endpoint)}


@contextmanager
def environment(service: template.Template, endpoint: str) -> Iterator[None]:
    """Give this process Lambda's variables, and a client of its own for the endpoint, until the block ends."""
    with patch.dict(os.environ):
        gateway.set_environment(service, endpoint)
        dynamodb.dynamodb.cache_clear()
        # As at a function's start: a request's time is not for that.
        dynamodb.dynamodb()
        yield
        dynamodb.dynamodb.cache_clear()
