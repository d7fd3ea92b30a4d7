"""The time that a request has: the one source of its seconds, and what is left of it.

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
LAST_ANSWER_S = 4.0

# What keeps it. One try at the store connects, shakes hands for TLS, sends and waits for the answer; the SDK's time-out
# for connecting holds for the first two, one after the other. With the longest try the last write is sent after
# 2.3 + 2 * 0.3 = 2.9 s, and its answer is there, or given up on, after 0.9 s more: 3.8 s. The rest is for our own work.
CONNECT_S = 0.3
READ_S = 0.9
LAST_TRY_S = 2.3

# However little time is left: rivals that all pause for nothing would only meet again.
_SHORTEST_PAUSE_S = 0.008

_end: ContextVar[float] = ContextVar("end", default=math.inf)


@contextmanager
def of_request(remaining_ms: int) -> Iterator[None]:
    """Give a request its budget, starting now, and less where Lambda's `remaining_ms` would not do for the answer."""
    budget_s = min(LAST_TRY_S, remaining_ms / 1000 - (LAST_ANSWER_S - LAST_TRY_S))
    token = _end.set(time.monotonic() + budget_s)
    try:
        yield
    finally:
        _end.reset(token)


def left_s() -> float:
    """Tell for how many seconds the request may still begin to try something; not more than 0 when its time is up."""
    return _end.get() - time.monotonic()


def check(error: type[StoreUnavailable] = DeadlineExceeded) -> None:
    """Raise the error when the request's time is up."""
    if left_s() <= 0:
        raise error


def pause(longest_s: float, error: type[StoreUnavailable] = DeadlineExceeded) -> None:
    """Sleep for a part of `longest_s` that chance decides; raise the error when the time is up.

    Pauses shrink as the time runs out: who has tried longest pauses least, or newcomers would always come first.
    """
    check(error)
    left = left_s()
    part = min(1.0, left / LAST_TRY_S) ** 2
    longest = min(left, max(longest_s * part, min(longest_s, _SHORTEST_PAUSE_S)))
    time.sleep(longest * int.from_bytes(os.urandom(2), "big") / 65535)
    check(error)
