"""Time and chance in the hands of a simulation: what the service and botocore read of them is replaced from outside."""

from __future__ import annotations

import logging
import os
import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from types import SimpleNamespace
from unittest.mock import patch

from paidline import clock, deadline, ids
from paidline.domain import fair_lock
from paidline.domain.calls import expiry
from paidline.store import api_clients, calls, dialed_numbers, idempotency_keys, pbxs
from paidline.store.dynamodb import dynamodb

# Ahead of any real clock: an engine that removes expired items by its own time must not find any.
_START = datetime(2060, 3, 1, 12, 0, tzinfo=UTC).timestamp()


class Time:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = _START

    def advance(self, seconds: float) -> None:
        """Moves it on."""
        self.now += seconds


@contextmanager
def replaced(moment: Time, chance: random.Random, sleep: Callable[[float], None]) -> Iterator[None]:
    """Gives the service this time, chance and sleep, and a new client and empty caches, until the block ends.

    Every request counts as a process of its own, so turns within one process are never waited for.
    """
    fake_time = SimpleNamespace(
        time=lambda: moment.now,
        time_ns=lambda: int(moment.now * 1_000_000_000),
        monotonic=lambda: moment.now,
        sleep=sleep,
    )
    fake_os = SimpleNamespace(urandom=chance.randbytes, environ=os.environ)
    _forget()
    with ExitStack() as stack:
        for module in (ids, deadline, idempotency_keys, clock, calls, pbxs, expiry):
            stack.enter_context(patch.object(module, "time", fake_time))
        for module in (ids, deadline):
            stack.enter_context(patch.object(module, "os", fake_os))
        stack.enter_context(patch.object(clock, "now", lambda: datetime.fromtimestamp(moment.now, UTC)))
        stack.enter_context(patch.object(fair_lock.FairLock, "acquire", lambda *_: False))
        # Thousands of faults would be told with their tracebacks.
        logging.disable(logging.CRITICAL)
        stack.callback(logging.disable, logging.NOTSET)
        stack.callback(_forget)
        yield


def _forget() -> None:
    dynamodb.cache_clear()
    api_clients.cache.clear()
    dialed_numbers.cache.clear()
    pbxs.cache.clear()
