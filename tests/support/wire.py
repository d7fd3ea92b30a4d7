"""DynamoDB calls of this process: recorded, preceded by a rival's, refused or broken, through botocore's events."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders

from paidline.domain.fair_lock import FairLock
from paidline.store.dynamodb import dynamodb

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

READS = frozenset({"GetItem", "BatchGetItem", "TransactGetItems", "Query", "Scan", "ListTables", "DescribeTable"})

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
        if self.operation == "BatchGetItem":
            return {("dynamodb:BatchGetItem", table) for table in self.content["RequestItems"]}
        if not self.operation.startswith("Transact"):
            index = f"{self.content['TableName']}/index/{name}" if (name := self.content.get("IndexName")) else ""
            return {(f"dynamodb:{self.operation}", index or self.content["TableName"])}
        return {
            (f"dynamodb:{kind}Item", details["TableName"])
            for operation in self.content["TransactItems"]
            for kind, details in operation.items()
        }

    @property
    def written(self) -> list[tuple[str, dict[str, Any] | None]]:
        """What the call may change: tables, and their items by key or in full, or None for a change of the table."""
        content = self.content
        if self.operation in READS:
            return []
        if self.operation == "BatchWriteItem":
            requests = [(table, request) for table, listed in content["RequestItems"].items() for request in listed]
            writes = [{"TableName": table, **details} for table, request in requests for details in request.values()]
        elif self.operation == "TransactWriteItems":
            writes = [details for operation in content["TransactItems"] for details in operation.values()]
        else:
            writes = [content]
        return [(write["TableName"], write.get("Item", write.get("Key"))) for write in writes]


@contextmanager
def recorded(client: DynamoDBClient | None = None) -> Iterator[list[Call]]:
    """List the calls that are made in the block, each try by itself: the service's own, or a client's."""
    calls: list[Call] = []

    def note(model: Any, params: dict[str, Any], **_: Any) -> None:
        calls.append(Call(model.name, json.loads(params["body"])))

    with hooked(_BEFORE_CALL, note, client):
        yield calls


@contextmanager
def before(operation: str, rival: Callable[[], object], times: int = 1) -> Iterator[None]:
    """Let a rival, another process that queues nowhere here, act just before the operation's first calls."""
    left = [None] * times

    def act(**_: Any) -> None:
        if left:
            left.pop()
            rival()

    with hooked(f"{_BEFORE_CALL}.{operation}", act), patch.object(FairLock, "acquire", lambda *_: False):
        yield


@contextmanager
def raising(error: Exception, operation: str = "*") -> Iterator[None]:
    """Break the wire: the operation raises."""

    def fail(**_: Any) -> None:
        raise error

    with hooked(f"{_BEFORE_CALL}.{operation}", fail):
        yield


@contextmanager
def refusing(status: int, code: str, *, times: int = 1000, operation: str = "*", **more: Any) -> Iterator[list[None]]:
    """Let the store itself answer an error; yields the refusals that are left, one less for each request sent."""
    left = [None] * times

    def refuse(request: Any, **_: Any) -> AWSResponse | None:
        if not left:
            return None
        left.pop()
        return error(request.url, status, code, **more)

    with hooked(f"{_BEFORE_SEND}.{operation}", refuse):
        yield left


def error(url: str, status: int, code: str, **more: Any) -> AWSResponse:
    """The store's answer to a call that it refuses."""
    content = json.dumps({"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": "made up", **more}).encode()
    return answer(url, status, content)


def answer(url: str, status: int, content: bytes, **headers: str) -> AWSResponse:
    """An answer of the store; a header's name has underscores for hyphens."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return _Response(url, status, {"content-type": "application/x-amz-json-1.0", **named}, content)


@contextmanager
def answering(status: int, body: bytes, content_type: str, *, operation: str) -> Iterator[None]:
    """Let something between us and the store answer in its place, to every try."""

    def foreign(request: Any, **_: Any) -> AWSResponse:
        return answer(request.url, status, body, content_type=content_type)

    with hooked(f"{_BEFORE_SEND}.{operation}", foreign):
        yield


class _Response(AWSResponse):
    """A response that was never on any socket."""

    def __init__(self, url: str, status: int, headers: dict[str, str], content: bytes) -> None:
        super().__init__(url, status, HTTPHeaders.from_dict(headers), None)
        self._content = content


@contextmanager
def hooked(event: str, handler: Callable[..., Any], client: DynamoDBClient | None = None) -> Iterator[None]:
    """Let a handler of botocore's event act first in the block."""
    events = (client or dynamodb()).meta.events
    name = event.removesuffix(".*")
    events.register_first(name, handler)
    try:
        yield
    finally:
        events.unregister(name, handler)
