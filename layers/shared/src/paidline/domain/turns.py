"""Turns: within one process, one request at a time changes a thing; the others queue instead of racing it.

In Lambda a process has one request and never waits here. A server of many threads would otherwise spend its time on
races that all but one of its threads lose. Rivals in other processes are met by the transaction's conditions.
"""

import threading
from collections import deque
from types import TracebackType

from paidline.errors import Contention


class _Queue:
    """A lock that goes to whoever has waited longest: a plain one often goes to who comes just as it is released."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._is_taken = False
        self._waiting = deque[threading.Lock]()

    def enter(self, longest_s: float) -> bool:
        """Wait for the first place and tell whether that took any time. Raises Contention after the time."""
        place = threading.Lock()
        with self._guard:
            if not self._is_taken:
                self._is_taken = True
                return False
            place.acquire()
            self._waiting.append(place)
        if not place.acquire(timeout=min(max(0, longest_s), threading.TIMEOUT_MAX)):
            self._give_up(place)
        return True

    def _give_up(self, place: threading.Lock) -> None:
        with self._guard:
            # Not among those who wait any more: the turn came in the last moment.
            if place in self._waiting:
                self._waiting.remove(place)
                raise Contention

    def leave(self) -> None:
        """Let the next one in."""
        with self._guard:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._is_taken = False


# A number instead of one per thing, so that nothing has to be cleaned up; two things that share one wait a little.
_QUEUES = tuple(_Queue() for _ in range(64))


class Turn:
    """A request's turn to change a thing: `wait` for it, and leaving the block gives it to the next."""

    def __init__(self, thing: str) -> None:
        """Name the thing; nothing is taken yet."""
        self._queue = _QUEUES[hash(thing) % len(_QUEUES)]
        self._is_ours = False

    def __enter__(self) -> "Turn":
        """Begin a request that will need its turn."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Let the next one in."""
        if self._is_ours:
            self._queue.leave()

    def wait(self, longest_s: float) -> bool:
        """Wait for the turn and tell whether that took any time. Raises Contention when it took too long."""
        had_to_wait = self._queue.enter(longest_s)
        self._is_ours = True
        return had_to_wait
