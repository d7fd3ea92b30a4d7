"""Fair locks, so that requests in one process that change the same thing queue up instead of racing.

In Lambda a process handles one request at a time and never waits here. In a multi-threaded server, all but one of the
racing threads would lose and retry. Races between processes are caught by the transaction's conditions.
"""

import threading
import time
from collections import deque
from types import TracebackType

from paidline.errors import Contention


class _Lock:
    """A first-in, first-out lock. `threading.Lock` often goes to a newcomer that arrives as it is released."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._is_locked = False
        self._waiting = deque[threading.Lock]()

    def acquire(self, timeout_s: float) -> bool:
        """Acquire the lock and return whether it had to wait. Raises Contention after the time-out."""
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
            # No longer in the queue: the lock was handed over just after the time-out.
            if waiter in self._waiting:
                self._waiting.remove(waiter)
                raise Contention

    def release(self) -> None:
        """Hand the lock to the next waiter."""
        with self._guard:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._is_locked = False


# A fixed number of locks needs no clean-up; two names that share one merely wait for each other at times.
_LOCKS = tuple(_Lock() for _ in range(64))


class FairLock:
    """The process-wide lock for one name or several, released at the end of the block if it was acquired."""

    def __init__(self, *names: str) -> None:
        # Each lock once, since two names may share one, and all requests in the same order, so that none waits in a
        # circle.
        self._locks = [_LOCKS[number] for number in sorted({hash(name) % len(_LOCKS) for name in names})]
        self._held: list[_Lock] = []

    def __enter__(self) -> "FairLock":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for lock in self._held:
            lock.release()

    def acquire(self, timeout_s: float) -> bool:
        """Acquire the lock and return whether it had to wait. Raises Contention after the time-out."""
        waited = False
        end = time.monotonic() + timeout_s
        for lock in self._locks:
            waited |= lock.acquire(end - time.monotonic())
            self._held.append(lock)
        return waited
