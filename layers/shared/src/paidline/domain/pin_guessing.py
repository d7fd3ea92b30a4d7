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
    gives wrong PINs: else callers who guess PINs on a line would keep the PBX from debiting the calls of others.
    """

    dialed: DialedNumber
    pin: Pin
    ip: str
    moves_tokens: bool

    def is_known_to_be_right(self) -> bool:
        """Return whether the PIN was right in the last minutes."""
        mark = _right.get((self.dialed.application_id, self.pin))
        return mark is not None and clock.is_within(_RIGHT_S, mark)


def check(attempt: Attempt) -> None:
    """Raise TooManyWrongPins if the PIN may not be looked up. No DynamoDB call."""
    if not _closed or attempt.is_known_to_be_right():
        return
    places = [_place(attempt)] if attempt.moves_tokens else [_place(attempt), (attempt.dialed.dialed_number, "")]
    minute = _minute()
    if any(_closed.get(place) == minute for place in places):
        raise TooManyWrongPins


def note_right(attempt: Attempt) -> None:
    """Remember that the PIN is right. No DynamoDB call."""
    if len(_right) >= _MAX_ENTRIES:
        _right.clear()
    _right[attempt.dialed.application_id, attempt.pin] = clock.mark()


def note_wrong(attempt: Attempt) -> None:
    """Count a wrong PIN, and close the number for this minute if it was one too many. One UpdateItem."""
    minute = _minute()
    limit = int(os.environ["MAX_WRONG_PINS"])
    number, source = _place(attempt)
    counted = wrong_pins.count(number, minute, source)
    if len(_closed) >= _MAX_ENTRIES:
        _closed.clear()
    if counted.total >= limit:
        _closed[number, ""] = minute
    if counted.from_source >= limit:
        _closed[number, source] = minute


def forget() -> None:
    """Forget everything, as a new process."""
    _right.clear()
    _closed.clear()


def _place(attempt: Attempt) -> tuple[str, str]:
    # An IP address is personal data; eight digits suffice to tell sources apart.
    return attempt.dialed.dialed_number, hashlib.sha256(attempt.ip.encode()).hexdigest()[:8]


def _minute() -> int:
    return int(time.time() // 60)
