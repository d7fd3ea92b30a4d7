"""The wire between the service and its store: what goes over it is recorded, delayed or broken here."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders

from paidline.store.client import client

_BEFORE_CALL = "before-call.dynamodb"
_BEFORE_SEND = "before-send.dynamodb"


@dataclass(frozen=True)
class Call:
    """A DynamoDB call: the operation, and what it says."""

    operation: str
    content: dict[str, Any]

    @property
    def permissions(self) -> set[tuple[str, str]]:
        """What IAM must allow: actions, and the tables or indexes that they are for."""
        if self.operation != "TransactWriteItems":
            index = f"{self.content['TableName']}/index/{name}" if (name := self.content.get("IndexName")) else ""
            return {(f"dynamodb:{self.operation}", index or self.content["TableName"])}
        return {
            (f"dynamodb:{kind}Item", details["TableName"])
            for operation in self.content["TransactItems"]
            for kind, details in operation.items()
        }


@contextmanager
def recorded() -> Iterator[list[Call]]:
    """List the calls that are made in the block, retries by the SDK counted once."""
    calls: list[Call] = []

    def note(model: Any, params: dict[str, Any], **_: Any) -> None:
        calls.append(Call(model.name, json.loads(params["body"])))

    with _hooked(_BEFORE_CALL, note):
        yield calls


@contextmanager
def before(operation: str, rival: Callable[[], object], times: int = 1) -> Iterator[None]:
    """Let a rival act just before the operation's first calls."""
    left = [None] * times

    def act(**_: Any) -> None:
        if left:
            left.pop()
            rival()

    with _hooked(f"{_BEFORE_CALL}.{operation}", act):
        yield


@contextmanager
def raising(error: Exception, operation: str = "*") -> Iterator[None]:
    """Break the wire: the operation raises."""

    def fail(**_: Any) -> None:
        raise error

    with _hooked(f"{_BEFORE_CALL}.{operation}", fail):
        yield


@contextmanager
def refusing(status: int, code: str, *, times: int = 1000, operation: str = "*", **more: Any) -> Iterator[list[None]]:
    """Let the store itself answer an error; yields the refusals that are left, one less for each request sent."""
    left = [None] * times
    content = json.dumps({"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": "made up", **more}).encode()

    def refuse(request: Any, **_: Any) -> AWSResponse | None:
        if not left:
            return None
        left.pop()
        return _Response(request.url, status, {"content-type": "application/x-amz-json-1.0"}, content)

    with _hooked(f"{_BEFORE_SEND}.{operation}", refuse):
        yield left


@contextmanager
def answering(status: int, body: bytes, content_type: str, *, operation: str) -> Iterator[None]:
    """Let something between us and the store answer in its place, to every try."""

    def answer(request: Any, **_: Any) -> AWSResponse:
        return _Response(request.url, status, {"content-type": content_type}, body)

    with _hooked(f"{_BEFORE_SEND}.{operation}", answer):
        yield


class _Response(AWSResponse):
    """A response that was never on any socket."""

    def __init__(self, url: str, status: int, headers: dict[str, str], content: bytes) -> None:
        super().__init__(url, status, HTTPHeaders.from_dict(headers), None)
        self._content = content


@contextmanager
def _hooked(event: str, handler: Callable[..., Any]) -> Iterator[None]:
    events = client().meta.events
    name = event.removesuffix(".*")
    events.register_first(name, handler)
    try:
        yield
    finally:
        events.unregister(name, handler)
