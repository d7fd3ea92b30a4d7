"""Turns: within one process, one request at a time changes a thing; the others queue instead of racing it.

In Lambda a process has one request and never waits here. A server of many threads would otherwise spend its time on
races that all but one of its threads lose. Rivals in other processes are met by the transaction's conditions.
"""

import threading
from collections import deque
from types import TracebackType

from paidline.errors import Contention


class _Lock:
    """A lock that goes to whoever has waited longest: a plain one often goes to who comes just as it is released."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._is_locked = False
        self._waiting = deque[threading.Lock]()

    def acquire(self, timeout_s: float) -> bool:
        """Wait for the first waiter and tell whether that took any time. Raises Contention after the time."""
        waiter = threading.Lock()
        with self._guard:
            if not self._is_locked:
                self._is_locked = True
                return False
            waiter.acquire()
            self._waiting.append(waiter)
        if not waiter.acquire(timeout=min(max(0, timeout_s), threading.TIMEOUT_MAX)):
            self._give_up(waiter)
        return True

    def _give_up(self, waiter: threading.Lock) -> None:
        with self._guard:
            # Not among those who wait any more: the turn came in the last moment.
            if waiter in self._waiting:
                self._waiting.remove(waiter)
                raise Contention

    def release(self) -> None:
        """Let the next one in."""
        with self._guard:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._is_locked = False


# A number instead of one per thing, so that nothing has to be cleaned up; two things that share one wait a little.
_LOCKS = tuple(_Lock() for _ in range(64))


class FairLock:
    """A request's turn to change a thing: `wait` for it, and leaving the block gives it to the next."""

    def __init__(self, thing: str) -> None:
        """Name the thing; nothing is taken yet."""
        self._lock = _LOCKS[hash(thing) % len(_LOCKS)]
        self._is_held = False

    def __enter__(self) -> "FairLock":
        """Begin a request that will need its turn."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Let the next one in."""
        if self._is_held:
            self._lock.release()

    def acquire(self, timeout_s: float) -> bool:
        """Wait for the turn and tell whether that took any time. Raises Contention when it took too long."""
        waited = self._lock.acquire(timeout_s)
        self._is_held = True
        return waited
