"""Counts of refusals by reason, which all processes of the server share."""

from __future__ import annotations

import json
import mmap
from multiprocessing import Lock

# Far more than all reasons there are, as JSON.
_BYTES = 65_536


class Refusals:
    """The counts since they were made. Processes that are forked afterwards count into the same memory."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._memory = mmap.mmap(-1, _BYTES)
        self._write({})

    def count(self, reason: str) -> None:
        """Count one refusal."""
        with self._lock:
            counts = self._read()
            self._write({**counts, reason: counts.get(reason, 0) + 1})

    def to_json(self) -> bytes:
        """Return the counts by reason as a JSON object."""
        with self._lock:
            return json.dumps(self._read()).encode()

    def _read(self) -> dict[str, int]:
        counts: dict[str, int] = json.loads(self._memory[:].rstrip(b"\0"))
        return counts

    def _write(self, counts: dict[str, int]) -> None:
        self._memory[:] = json.dumps(counts).encode().ljust(_BYTES, b"\0")
