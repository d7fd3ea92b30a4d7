"""A small memory for what every request reads and hardly anybody changes."""

from collections.abc import Callable
from typing import Generic, TypeVar

from paidline import clock

Value = TypeVar("Value")

# A revoked hash must stop working within a minute: half of it here, the other half for requests under way.
_TTL_S = 30.0
_MAX_ENTRIES = 1024


class Cache(Generic[Value]):
    """Keeps what a look-up found for half a minute; what it did not find is looked up again each time."""

    def __init__(
        self,
        look_up: Callable[[str], Value | None],
        *,
        ttl_s: float = _TTL_S,
        max_entries: int = _MAX_ENTRIES,
        should_cache: Callable[[Value], bool] = bool,
    ) -> None:
        """Take the look-up that is asked when the memory has no answer, and which of its answers to keep how long."""
        self._look_up = look_up
        self._ttl_s = ttl_s
        self._max_entries = max_entries
        self._should_cache = should_cache
        self._entries: dict[str, tuple[clock.Mark, Value]] = {}

    def get(self, key: str) -> Value | None:
        """Return what belongs to the key, or None. No DynamoDB call, or that of the look-up."""
        entry = self._entries.get(key)
        if entry and clock.is_within(self._ttl_s, entry[0]):
            return entry[1]
        # Before it is asked: what takes long to read is as old as that.
        mark = clock.mark()
        value = self._look_up(key)
        if value is None or not self._should_cache(value):
            self._entries.pop(key, None)
            return value
        if len(self._entries) >= self._max_entries:
            self._entries.clear()
        self._entries[key] = (mark, value)
        return value

    def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()
