"""An in-process cache for data that every request reads and that rarely changes."""

from collections.abc import Callable
from typing import Generic, TypeVar

from paidline import clock

Value = TypeVar("Value")

# A revoked hash must stop working within a minute: half of it for the cache, the rest for requests in progress.
_TTL_S = 30.0
_MAX_ENTRIES = 1024


class Cache(Generic[Value]):
    """Caches the results of a look-up for `ttl_s` seconds. None is never cached."""

    def __init__(
        self,
        look_up: Callable[[str], Value | None],
        *,
        ttl_s: float = _TTL_S,
        max_entries: int = _MAX_ENTRIES,
        should_cache: Callable[[Value], bool] = bool,
    ) -> None:
        """Wrap `look_up`, whose results are cached if `should_cache` accepts them."""
        self._look_up = look_up
        self._ttl_s = ttl_s
        self._max_entries = max_entries
        self._should_cache = should_cache
        self._entries: dict[str, tuple[clock.Mark, Value]] = {}

    def get(self, key: str) -> Value | None:
        """Return the value for a key, or None. On a cache miss this makes the DynamoDB calls of the look-up."""
        entry = self._entries.get(key)
        if entry and clock.is_within(self._ttl_s, entry[0]):
            return entry[1]
        # Taken before the look-up, because the value may be as old as the start of a slow read.
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
        """Remove all entries."""
        self._entries.clear()
