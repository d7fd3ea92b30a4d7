"""Identifiers generated without a shared counter, so requests never wait for each other."""

import os
import time
from contextvars import ContextVar

# 2020-01-01T00:00:00Z in milliseconds. 41 bits of milliseconds from here last until 2089, and with 12 random bits
# an id stays below 2**53: exact in every client that reads numbers as doubles.
_EPOCH_MS = 1_577_836_800_000
_RANDOM_BITS = 12
LAST_ID = 2**53 - 1

_last_request_id: ContextVar[str] = ContextVar("last_request_id", default="")


def new_id() -> int:
    """Generate a time-ordered 53-bit id."""
    random_bits = int.from_bytes(os.urandom(2), "big") >> (16 - _RANDOM_BITS)
    return (time.time_ns() // 1_000_000 - _EPOCH_MS) << _RANDOM_BITS | random_bits


def start_request() -> None:
    """Forget the last request id of this thread."""
    _last_request_id.set("")


def last_request_id() -> str:
    """Return the request id that was generated last since `start_request`, or ""."""
    return _last_request_id.get()


def new_request_id() -> str:
    """Generate a unique request id, which marks what a request writes so that a retry recognizes it."""
    request_id = new_token()
    _last_request_id.set(request_id)
    return request_id


def new_token() -> str:
    """Generate 32 unique hex digits, short enough for a ClientRequestToken."""
    return os.urandom(16).hex()
