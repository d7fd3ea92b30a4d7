"""Personal data in what is printed: masked, unless the operator asks for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_SECRETS = frozenset({"pin"})
_PHONE_NUMBERS = frozenset({"phoneNumber", "inboundNumber", "outboundNumber"})
_ADDRESSES = frozenset({"email"})
_SHOWN_DIGITS = 3


def masked(value: Any, name: str = "") -> Any:
    """Return a value, and everything in it, with personal data masked by the names of the fields."""
    if isinstance(value, Mapping):
        return {key: masked(entry, key) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [masked(entry, name) for entry in value]
    if not isinstance(value, str) or not value:
        return value
    if name in _SECRETS:
        return "****"
    if name in _PHONE_NUMBERS:
        return _mask_phone_number(value)
    if name in _ADDRESSES:
        return f"{value[0]}***"
    return value


def _mask_phone_number(number: str) -> str:
    from paidline.domain.types import is_withheld

    if is_withheld(number):
        return number
    # A short number would be given away by its last digits.
    shown = number[-_SHOWN_DIGITS:] if len(number) > 2 * _SHOWN_DIGITS else ""
    return f"****{shown}"
