"""The time that a request has: the one source of its seconds, and what is remaining of it.

A request has one budget, from the first line of its handler on. Every try at the store, every pause between two tries
and every look-up after a refusal draws on it. Outside of a request there is no limit.
"""

import math
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from paidline.errors import DeadlineExceeded, StoreUnavailable

# What is promised. A PBX hangs up after four seconds and sends again: nothing may happen behind its back by then.
LAST_WRITE_S = 3.0
LAST_RESPONSE_S = 4.0

# What keeps it. One try at the store connects, shakes hands for TLS, sends and waits for the answer; the SDK's time-out
# for connecting holds for the first two, one after the other. With the max_s try the last write is sent after
# 2.3 + 2 * 0.3 = 2.9 s, and its answer is there, or given up on, after 0.9 s more: 3.8 s. The rest is for our own work.
CONNECT_S = 0.3
READ_S = 0.9
LAST_ATTEMPT_S = 2.3

# However little time is remaining: rivals that all pause for nothing would only meet again.
_MIN_PAUSE_S = 0.008

_end: ContextVar[float] = ContextVar("end", default=math.inf)


@contextmanager
def start(remaining_ms: int) -> Iterator[None]:
    """Give a request its budget, starting now, and less where Lambda's `remaining_ms` would not do for the answer."""
    budget_s = min(LAST_ATTEMPT_S, remaining_ms / 1000 - (LAST_RESPONSE_S - LAST_ATTEMPT_S))
    token = _end.set(time.monotonic() + budget_s)
    try:
        yield
    finally:
        _end.reset(token)


def remaining_s() -> float:
    """Tell for how many seconds the request may still begin to try something; not more than 0 when its time is up."""
    return _end.get() - time.monotonic()


def check(error: type[StoreUnavailable] = DeadlineExceeded) -> None:
    """Raise the error when the request's time is up."""
    if remaining_s() <= 0:
        raise error


def pause(max_pause_s: float, error: type[StoreUnavailable] = DeadlineExceeded) -> None:
    """Sleep for a share of `max_pause_s` that chance decides; raise the error when the time is up.

    Pauses shrink as the time runs out: who has tried max_s pauses least, or newcomers would always come first.
    """
    check(error)
    remaining = remaining_s()
    share = min(1.0, remaining / LAST_ATTEMPT_S) ** 2
    max_s = min(remaining, max(max_pause_s * share, min(max_pause_s, _MIN_PAUSE_S)))
    time.sleep(max_s * int.from_bytes(os.urandom(2), "big") / 65535)
    check(error)
