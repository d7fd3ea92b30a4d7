"""Types of request parameters: which values the contract allows, and how they are normalized.

"String or Int" accepts both. Each type normalizes its input or raises ValueError, which becomes code 10.
Source: the "Field Type Description Example" tables of the API reference.
"""

import re
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, NamedTuple

from pydantic import AfterValidator, BeforeValidator

MAX_TOKENS = 999_999_999_999
MAX_CALL_S = 999_999_999
_MAX_LOG_ROWS = 1000
_MAX_CALL_ID = 64
MAX_LIVE_CALLS = 1000
_DAY_S = 24 * 60 * 60
_WITHHELD = frozenset({"anonymous", "restricted", "unknown", "unavailable", "private"})


def string_or_int(value: Any) -> str:
    """Return a string without surrounding blanks, or an integer as its digits; reject anything else."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ValueError("neither a string nor an integer")
    return str(value).strip()


def _printable(max_length: int) -> AfterValidator:
    def check(value: str) -> str:
        if len(value) > max_length or not value.isprintable():
            raise ValueError(f"not 1 to {max_length} printable characters")
        return value

    return AfterValidator(check)


def whole_number(minimum: int, maximum: int) -> BeforeValidator:
    """Return a validator of whole numbers, as an integer or as digits."""

    def read(value: Any) -> int:
        digits = string_or_int(value)
        # Twenty digits exceed every limit here, and are far below the length that int() rejects or handles slowly.
        if not re.fullmatch(r"[0-9]{1,20}", digits) or not minimum <= int(digits) <= maximum:
            raise ValueError(f"not a whole number from {minimum} to {maximum}")
        return int(digits)

    return BeforeValidator(read)


def _phone_number(value: Any) -> str:
    if isinstance(value, int) and value < 0:
        raise ValueError("a negative number")
    digits = re.sub(r"[\s.()-]", "", string_or_int(value))
    digits = re.sub(r"^(\+|00)", "", digits)
    if not re.fullmatch(r"[0-9]{1,15}", digits):
        raise ValueError("not 1 to 15 digits")
    return digits


def _caller_number(value: Any) -> str:
    if isinstance(value, str) and is_withheld(value.strip()):
        return value.strip()
    return _phone_number(value)


def is_withheld(inbound_number: str) -> bool:
    """Return whether the inbound number is one of the words that stand for a withheld number."""
    return inbound_number.lower() in _WITHHELD


def _local_time(value: str) -> str:
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}", value):
        raise ValueError("not YYYY-MM-DD HH:MM:SS")
    try:
        datetime.fromisoformat(value)
    except ValueError as error:
        raise ValueError("not a time that exists") from error
    return value


class Pin(NamedTuple):
    """A wallet's PIN as sent; one sent as an integer has lost its leading zeros."""

    digits: str
    is_integer: bool

    def __str__(self) -> str:
        """Return the PIN as JSON: the integer 42 may mean PIN 0042 but the string "42" may not, so they must differ."""
        return self.digits if self.is_integer else f'"{self.digits}"'

    def matches(self, pin: str) -> bool:
        """Return whether this is the stored PIN: identical, or an integer that equals it once left-padded."""
        return pin == (self.digits.rjust(len(pin), "0") if self.is_integer else self.digits)


def _pin(value: Any) -> Pin:
    digits = string_or_int(value)
    if len(digits) > 64 or not digits.isprintable():
        raise ValueError("not 1 to 64 printable characters")
    return Pin(digits, is_integer=isinstance(value, int))


def _idempotency_key(value: str) -> str:
    # Keys end up in the PBX's log and in the ledger, so they contain no line or field separators.
    if not re.fullmatch(r"[A-Za-z0-9_.:@/+-]{1,255}", value):
        raise ValueError("not 1 to 255 letters, digits or characters of _.:@/+-")
    return value


def _short(value: str) -> str:
    if len(value) > _MAX_CALL_ID:
        raise ValueError(f"longer than {_MAX_CALL_ID} characters")
    return value


def _call_ids(value: Any) -> list[Any]:
    # A PBX joins ids with commas; a comma too many is no id.
    ids = value if isinstance(value, list) else [part for part in string_or_int(value).split(",") if part.strip()]
    if len(ids) > MAX_LIVE_CALLS:
        raise ValueError(f"more than {MAX_LIVE_CALLS} calls")
    return ids


def _from_a_second_to_a_day(seconds: int) -> int:
    if not 1 <= seconds <= _DAY_S:
        raise ValueError("not 1 to 86400 seconds")
    return seconds


Text = Annotated[str, BeforeValidator(lambda value: value.strip() if isinstance(value, str) else value)]
"""A "String", such as a status or a hash: `online`. Unrestricted, since unknown values have their own codes."""

StatusName = Text
"""An agent's status, exactly: `online`, `inConversation`, `pause` or `offline`. Any other text has its own code."""

DialStatusName = Text
"""How a call ended, in Asterisk's words, exactly: `ANSWER`, `BUSY`, `NOANSWER`, `CANCEL`, `CONGESTION`, `CHANUNAVAIL`,
`DONTCALL`, `TORTURE` or `INVALIDARGS`. Any other text has its own code."""

Keys = Annotated[str, BeforeValidator(string_or_int), _printable(2_000)]
"""Comma-separated keys of a profile: `_ctbNickname,_ctbStatus`."""

Ref = Annotated[str, BeforeValidator(string_or_int), _printable(64)]
"""An agent's reference, "String or Int": `000038`, `38`."""

PhoneNumber = Annotated[str, BeforeValidator(_phone_number)]
"""A phone number, normalized to digits: `31612345678`, also from `+31 6 1234-5678` or `0031612345678`."""

CallerNumber = Annotated[str, BeforeValidator(_caller_number)]
"""A caller's number, which may be withheld: `31612345678`, `anonymous`."""

WalletPin = Annotated[Pin, BeforeValidator(_pin)]
"""A wallet's PIN, "String or Int": `695334`."""

Tokens = Annotated[int, whole_number(1, MAX_TOKENS)]
"""An amount of tokens to move: `100`."""

Duration = Annotated[int, whole_number(0, MAX_CALL_S)]
"""The duration of a call in seconds: `600`."""

LocalTime = Annotated[Text, AfterValidator(_local_time)]
"""A local date and time without a time zone: `2024-01-01 14:00:00`."""

Limit = Annotated[int, whole_number(1, _MAX_LOG_ROWS)]
"""The maximum number of status log rows: `1000`."""

RowId = Annotated[int, whole_number(1, 10**16 - 1)]
"""The id of a status log row: `499`."""

IdempotencyKey = Annotated[str, BeforeValidator(string_or_int), AfterValidator(_idempotency_key)]
"""A key that makes retries safe, such as a call's unique id: `pbx1-1732377600.42`."""

CallId = Annotated[IdempotencyKey, AfterValidator(_short)]
"""A paid call's unique id on its PBX: `pbx1-1732377600.42`."""

PbxName = Annotated[IdempotencyKey, AfterValidator(_short)]
"""The name of a PBX, which its calls' ids belong to: `pbx1`."""

CallIds = Annotated[frozenset[CallId], BeforeValidator(_call_ids)]
"""The ids of the calls that live on a PBX, as a list or separated by commas."""

MaxSeconds = Annotated[Duration, AfterValidator(_from_a_second_to_a_day)]
"""How long a paid call may last at most, in seconds: `3600`."""


class AgentStatus(StrEnum):
    """The four statuses of an agent."""

    ONLINE = "online"
    IN_CONVERSATION = "inConversation"
    PAUSE = "pause"
    OFFLINE = "offline"


STATUS_VISUAL = {
    AgentStatus.ONLINE: "Beschikbaar",
    AgentStatus.IN_CONVERSATION: "In gesprek",
    AgentStatus.PAUSE: "Pauze",
    AgentStatus.OFFLINE: "Offline",
}


class DialStatus(StrEnum):
    """Asterisk's DIALSTATUS values, in capitals."""

    ANSWER = "ANSWER"
    BUSY = "BUSY"
    NOANSWER = "NOANSWER"
    CANCEL = "CANCEL"
    CONGESTION = "CONGESTION"
    CHANUNAVAIL = "CHANUNAVAIL"
    DONTCALL = "DONTCALL"
    TORTURE = "TORTURE"
    INVALIDARGS = "INVALIDARGS"
