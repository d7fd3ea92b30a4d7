"""Identifiers generated without a shared counter, so requests never wait for each other."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime

# 2020-01-01T00:00:00Z in milliseconds. 41 bits of milliseconds from here last until 2089, and with 12 random bits
# an id stays below 2**53: exact in every client that reads numbers as doubles.
_EPOCH_MS = 1_577_836_800_000
_RANDOM_BITS = 12
LAST_ID = 2**53 - 1

_request_id: ContextVar[str] = ContextVar("request_id", default="")


def new_id() -> int:
    """Generate a time-ordered 53-bit id."""
    random_bits = int.from_bytes(os.urandom(2), "big") >> (16 - _RANDOM_BITS)
    return (time.time_ns() // 1_000_000 - _EPOCH_MS) << _RANDOM_BITS | random_bits


def last_id_before(moment: datetime) -> int:
    """Return the greatest id that could have been generated before a moment."""
    return ((int(moment.timestamp() * 1000) - _EPOCH_MS) << _RANDOM_BITS) - 1


def new_request_id() -> str:
    """Generate a unique request id of 32 hex digits, short enough for a ClientRequestToken."""
    return os.urandom(16).hex()


@contextmanager
def request() -> Iterator[str]:
    """Give a request its id, by which everything that it stores can be found."""
    token = _request_id.set(new_request_id())
    try:
        yield _request_id.get()
    finally:
        _request_id.reset(token)


def request_id() -> str:
    """Return the id of the request in progress; outside of one, a new id."""
    return _request_id.get() or new_request_id()
