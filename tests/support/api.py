"""The handlers, called as Lambda calls them."""

from __future__ import annotations

import base64
import gzip
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

from local import gateway, template
from paidline.api import profile_list
from paidline.api.endpoint import Endpoint
from paidline.domain import pin_guessing, wallboard
from paidline.store import api_clients, dialed_numbers, dynamodb, pbxs, profiles
from tests.support import contract
from tests.support.contract import Event, Parameters
from tests.support.reply import Reply
from tests.support.store import Store


@dataclass
class Context:
    """As much of Lambda's context as the handlers use."""

    aws_request_id: str = "11111111-2222-3333-4444-555555555555"
    function_version: str = "7"
    remaining_ms: int = 10_000

    def get_remaining_time_in_millis(self) -> int:
        """What Lambda leaves the request."""
        return self.remaining_ms


class Api:
    """The service in this process, on a store with the example data.

    The engine answers at `endpoint`; nothing there stands for AWS's own, which moto plays.
    """

    def __init__(self, handlers: dict[str, Endpoint[Any]], store: Store, endpoint: str) -> None:
        """Take the handlers by their stems."""
        self.handlers = handlers
        self.store = store
        self._endpoint = endpoint
        self._client: object = None

    @contextmanager
    def connected(self) -> Iterator[None]:
        """Give this process Lambda's variables, and the client for this engine, until the block ends."""
        with environment(self.store.service, self._endpoint):
            # A file's tests may use two engines. Making a client is slow, so it is kept from one test to the next.
            if self._client is None or self._client is not dynamodb.dynamodb():
                dynamodb.dynamodb.cache_clear()
                self._client = dynamodb.dynamodb()
            yield

    def send(self, stem: str, event: Event) -> Reply:
        """Hand an event to a handler."""
        assert stem in self.handlers, f"functions/{stem}/app.py makes no endpoint of that name."
        response = self.handlers[stem](event, Context())
        assert response.keys() == {"statusCode", "headers", "body", "isBase64Encoded"}
        body = response["body"]
        if response["isBase64Encoded"]:
            body = gzip.decompress(base64.b64decode(body)).decode()
        return Reply(response["statusCode"], response["headers"], body)

    def call(self, stem: str, content: Parameters | str | bytes, **headers: str) -> Reply:
        """Send the contract's request with another body."""
        return self.send(stem, contract.event_with(stem, content, **headers))

    def request(self, stem: str, **changes: Any) -> Reply:
        """Send the contract's request with some parameters changed; None removes one."""
        return self.call(stem, contract.changed(stem, **changes))

    def forget(self) -> None:
        """Empty the process's memory, as a new process has it."""
        api_clients.cache.clear()
        dialed_numbers.cache.clear()
        pbxs.cache.clear()
        profiles.cache.clear()
        profile_list.cache.clear()
        pin_guessing.forget()
        wallboard.forget()


def load(service: template.Template) -> dict[str, Endpoint[Any]]:
    """Import the handlers that can be asked as the gateway does, by their stems."""
    handlers: dict[str, Callable[..., Any]] = {
        route.function.stem: gateway.load_handler(route.function)
        for route in service.routes
        if route.function.stem in contract.STEMS
    }
    return {stem: handler for stem, handler in handlers.items() if isinstance(handler, Endpoint)}


@contextmanager
def environment(service: template.Template, endpoint: str) -> Iterator[None]:
    """Give this process Lambda's variables until the block ends."""
    with patch.dict(os.environ):
        gateway.set_environment(service, endpoint)
        yield
