"""A slow store, and a clock that only the store and the service's pauses move."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ConnectTimeoutError, ReadTimeoutError

from paidline import deadline
from paidline.store.dynamodb import dynamodb
from tests.support import wire

TRANSACTION = "TransactWriteItems"
_A_MOMENT_S = 0.005
_LAST_MOMENT_S = 0.001
_ALMOST = 0.999


class Clock:
    """This process's time, which only pauses and slow calls move."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1_000_000.0
        monkeypatch.setattr(time, "monotonic", lambda: self.now)
        monkeypatch.setattr(time, "sleep", self.advance)

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds


class Store:
    """What happens to a call, as slowly as the client's time-outs allow: connection and TLS use all of theirs."""

    def __init__(self, clock: Clock) -> None:
        self.writes_sent: list[float] = []
        self._clock = clock
        self._turns = itertools.cycle((self.unanswered, self.slow, self.throttled, self.unreachable, self.lost_race))

    def unanswered(self, request: Any, operation: str) -> AWSResponse | None:
        """The call arrives, and nothing comes back."""
        self._send(operation)
        self._clock.advance(_timeouts()[1])
        raise ReadTimeoutError(endpoint_url=request.url)

    def unreachable(self, request: Any, operation: str) -> AWSResponse | None:
        """No connection is made."""
        self._clock.advance(_timeouts()[0])
        raise ConnectTimeoutError(endpoint_url=request.url)

    def slow(self, request: Any, operation: str) -> AWSResponse | None:
        """The response comes just before the time-out."""
        self._send(operation)
        self._clock.advance(_timeouts()[1] * _ALMOST)
        return None

    def throttled(self, request: Any, operation: str) -> AWSResponse | None:
        """The store refuses at once."""
        self._send(operation, connecting_s=0)
        self._clock.advance(_A_MOMENT_S)
        return wire.error(request.url, 400, "ThrottlingException")

    def lost_race(self, request: Any, operation: str) -> AWSResponse | None:
        """A transaction conflict that is reported just before the time-out; a read that is as slow."""
        self.slow(request, operation)
        if operation != TRANSACTION:
            return None
        others = len(json.loads(request.body)["TransactItems"]) - 1
        reasons = [{"Code": "TransactionConflict", "Message": "made up"}, *[{"Code": "None"}] * others]
        return wire.error(request.url, 400, "TransactionCanceledException", CancellationReasons=reasons)

    def to_the_last(self, request: Any, operation: str) -> AWSResponse | None:
        """Slow enough for a try to begin at the last moment, and unanswered."""
        left_s = deadline.remaining_s() - _LAST_MOMENT_S
        connect_s, read_s = _timeouts()
        if left_s < _LAST_MOMENT_S:
            return self.unanswered(request, operation)
        if left_s >= 2 * connect_s + read_s:
            return self.slow(request, operation)
        self._send(operation, connecting_s=max(0, left_s - read_s))
        self._clock.advance(min(left_s, read_s))
        return None

    def one_of_each(self, request: Any, operation: str) -> AWSResponse | None:
        """Each of these in turn."""
        return next(self._turns)(request, operation)

    def _send(self, operation: str, connecting_s: float | None = None) -> None:
        self._clock.advance(2 * _timeouts()[0] if connecting_s is None else connecting_s)
        if operation == TRANSACTION:
            self.writes_sent.append(self._clock.now)


def _timeouts() -> tuple[float, float]:
    config: Any = dynamodb().meta.config
    return config.connect_timeout, config.read_timeout


Fate = Callable[[Any, str], AWSResponse | None]
KINDS = ("unanswered", "unreachable", "slow", "throttled", "lost_race", "to_the_last", "one_of_each")


@contextmanager
def calls(fate: Fate, concerned: str = "") -> Iterator[None]:
    """Let this happen to each try of a call: to all calls, or to the one with this `name`."""

    def send(request: Any, event_name: str, **_: Any) -> AWSResponse | None:
        operation = event_name.rpartition(".")[2]
        is_concerned = not concerned or name(operation, json.loads(request.body)) == concerned
        return fate(request, operation) if is_concerned else None

    with wire.hooked("before-send.dynamodb", send):
        yield


def name(operation: str, content: Any) -> str:
    """Name a call by its operation and what it is for."""
    return f"{operation} {content.get('TableName', '')}".strip()
