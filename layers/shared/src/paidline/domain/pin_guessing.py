"""A limit to guessing PINs: after too many wrong ones in a minute, only PINs that are known to be right are looked up.

Wrong PINs are counted in DynamoDB, where all processes see them, and only they cost a call. A process learns that the
limit is reached when it counts a wrong PIN itself, so each process may look up one more. PINs that were right in the
last minutes are known in the process that looked them up.
"""

import hashlib
import os
import time
from typing import NamedTuple

from paidline import clock
from paidline.domain.types import Pin
from paidline.errors import TooManyWrongPins
from paidline.store import wrong_pins
from paidline.store.dialed_numbers import DialedNumber

_RIGHT_S = 600.0
_MAX_ENTRIES = 10_000

_right: dict[tuple[str, Pin], clock.Mark] = {}
_closed: dict[tuple[str, str], int] = {}


class Attempt(NamedTuple):
    """A PIN that a caller gave on a service number. `ip` is the address that the request came from.

    A movement of tokens comes from a PBX that has found the wallet before. So it is refused only if its own address
    gave too many wrong PINs in movements: else callers who guess PINs would keep the PBX from debiting others' calls.
    """

    dialed: DialedNumber
    pin: Pin
    ip: str
    moves_tokens: bool

    @property
    def source(self) -> str:
        """The attribute that counts this address: a short digest, because an IP address is personal data."""
        digest = hashlib.sha256(self.ip.encode()).hexdigest()[:8]
        return f"moves:{digest}" if self.moves_tokens else f"from:{digest}"

    @property
    def place(self) -> tuple[str, str]:
        """What is closed after too many wrong PINs: the number to look-ups, or to movements from one address."""
        return self.dialed.dialed_number, self.source if self.moves_tokens else ""


def check(attempt: Attempt) -> None:
    """Raise TooManyWrongPins if the PIN may not be looked up. No DynamoDB call."""
    if not _closed or _closed.get(attempt.place) != _minute():
        return
    right = _right.get((attempt.dialed.application_id, attempt.pin))
    if right is None or not clock.is_within(_RIGHT_S, right):
        raise TooManyWrongPins


def note_right(attempt: Attempt) -> None:
    """Remember that the PIN is right. No DynamoDB call."""
    if len(_right) >= _MAX_ENTRIES:
        _right.clear()
    _right[attempt.dialed.application_id, attempt.pin] = clock.mark()


def note_wrong(attempt: Attempt) -> None:
    """Count a wrong PIN, and close its place for this minute if it was the last one allowed. One UpdateItem."""
    minute = _minute()
    counted = wrong_pins.count(attempt.dialed.dialed_number, minute, attempt.source)
    count = counted.from_source if attempt.moves_tokens else counted.total
    if count >= int(os.environ["MAX_WRONG_PINS"]):
        if len(_closed) >= _MAX_ENTRIES:
            _closed.clear()
        _closed[attempt.place] = minute


def forget() -> None:
    """Forget everything, as a new process."""
    _right.clear()
    _closed.clear()


def _minute() -> int:
    return int(time.time() // 60)
