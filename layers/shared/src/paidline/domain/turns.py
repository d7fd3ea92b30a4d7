"""Turns: within one process, one request at a time changes a thing; the others queue instead of racing it.

In Lambda a process has one request and never waits here. A server of many threads would otherwise spend its time on
races that all but one of its threads lose. Rivals in other processes are met by the transaction's conditions.
"""

import threading
from types import TracebackType

from paidline.codes import StoreUnavailable

# A number instead of one per thing, so that nothing has to be cleaned up; two things that share one wait a little.
_LOCKS = tuple(threading.Lock() for _ in range(64))


class Turn:
    """A request's turn to change a thing: `wait` for it, and leaving the block gives it to the next."""

    def __init__(self, thing: str) -> None:
        """Name the thing; nothing is taken yet."""
        self._lock = _LOCKS[hash(thing) % len(_LOCKS)]
        self._is_ours = False

    def __enter__(self) -> "Turn":
        """Begin a request that will need its turn."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Let the next one in."""
        if self._is_ours:
            self._lock.release()

    def wait(self, longest_s: float) -> bool:
        """Wait for the turn and tell whether that took any time. Raises StoreUnavailable when it took too long."""
        had_to_wait = not self._lock.acquire(blocking=False)
        if had_to_wait and not self._lock.acquire(timeout=max(0, longest_s)):
            raise StoreUnavailable("contention")
        self._is_ours = True
        return had_to_wait
