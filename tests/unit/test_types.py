"""What each type takes, and in which form it goes on."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from paidline.domain import types

LONG = "9" * 5000
NEITHER_STRING_NOR_INT = [True, False, 1.0, [], ["38"], {}, None]


def label(value: Any) -> str:
    return "huge" if isinstance(value, int) and value > 10**20 else ascii(value)[:24]


def read(kind: Any, value: Any) -> Any:
    return TypeAdapter(kind).validate_python(value)


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        (types.Ref, "000038", "000038"),
        (types.Ref, " 38\t", "38"),
        (types.Ref, 38, "38"),
        (types.Ref, "x" * 64, "x" * 64),
        (types.PhoneNumber, "31612345678", "31612345678"),
        (types.PhoneNumber, 31612345678, "31612345678"),
        (types.PhoneNumber, "+31 6 1234-5678", "31612345678"),
        (types.PhoneNumber, "0031612345678", "31612345678"),
        (types.PhoneNumber, " 31612345678", "31612345678"),
        (types.PhoneNumber, "(020) 123.45-67", "0201234567"),
        (types.PhoneNumber, "+(31) 6", "316"),
        (types.PhoneNumber, "9", "9"),
        (types.PhoneNumber, "9" * 15, "9" * 15),
        (types.CallerNumber, "+31612345678", "31612345678"),
        (types.CallerNumber, " Anonymous ", "Anonymous"),
        (types.CallerNumber, "RESTRICTED", "RESTRICTED"),
        (types.CallerNumber, "unknown", "unknown"),
        (types.CallerNumber, "unavailable", "unavailable"),
        (types.CallerNumber, "private", "private"),
        (types.WalletPin, "000042", types.Pin("000042", is_integer=False)),
        (types.WalletPin, 42, types.Pin("42", is_integer=True)),
        (types.Tokens, "1", 1),
        (types.Tokens, 100, 100),
        (types.Tokens, " 000100 ", 100),
        (types.Tokens, "999999999999", 999_999_999_999),
        (types.Duration, "0", 0),
        (types.Duration, 600, 600),
        (types.LocalTime, "2024-02-29 23:59:59", "2024-02-29 23:59:59"),
        (types.LocalTime, " 2042-01-01 12:00:01 ", "2042-01-01 12:00:01"),
        (types.Limit, "1", 1),
        (types.Limit, 1000, 1000),
        (types.RowId, "499", 499),
        (types.IdempotencyKey, "1732377600.42", "1732377600.42"),
        (types.IdempotencyKey, "k" * 255, "k" * 255),
        (types.IdempotencyKey, "pbx1-1732377600.42", "pbx1-1732377600.42"),
        (types.IdempotencyKey, "AZaz09_.:@/+-", "AZaz09_.:@/+-"),
        (types.IdempotencyKey, 17, "17"),
        (types.Text, " online ", "online"),
        (types.Keys, "_ctbRef, _ctbStatus", "_ctbRef, _ctbStatus"),
    ],
    ids=label,
)
def test_a_value_is_taken_and_goes_on_in_one_form(kind: Any, value: Any, expected: Any) -> None:
    assert read(kind, value) == expected


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        *[
            (kind, value)
            for kind in (types.Ref, types.PhoneNumber, types.WalletPin, types.IdempotencyKey)
            for value in NEITHER_STRING_NOR_INT
        ],
        *[(kind, value) for kind in (types.Tokens, types.Duration, types.Limit) for value in NEITHER_STRING_NOR_INT],
        *[(types.Text, value) for value in [38, *NEITHER_STRING_NOR_INT]],
        *[(kind, "\x00") for kind in (types.Ref, types.PhoneNumber, types.WalletPin, types.IdempotencyKey)],
        *[(kind, "a\x00b") for kind in (types.Ref, types.PhoneNumber, types.WalletPin)],
        *[(kind, "\ud800") for kind in (types.Ref, types.PhoneNumber, types.WalletPin)],
        *[(kind, "a\nb") for kind in (types.Ref, types.WalletPin, types.IdempotencyKey, types.LocalTime)],
        *[(kind, LONG) for kind in (types.Ref, types.PhoneNumber, types.WalletPin, types.Tokens, types.IdempotencyKey)],
        *[(kind, 10**5000) for kind in (types.Ref, types.PhoneNumber, types.WalletPin, types.Tokens, types.Duration)],
        (types.Ref, "x" * 65),
        (types.PhoneNumber, ""),
        (types.PhoneNumber, "+"),
        (types.PhoneNumber, "00"),
        (types.PhoneNumber, "9" * 16),
        (types.PhoneNumber, -31612345678),
        (types.PhoneNumber, "31612345678x"),
        (types.PhoneNumber, "++31612345678"),
        (types.PhoneNumber, "\u0663\u0661\u0666"),
        (types.PhoneNumber, "anonymous"),
        (types.CallerNumber, "nobody"),
        (types.CallerNumber, "anonymous2"),
        (types.CallerNumber, True),
        (types.WalletPin, "1" * 65),
        (types.Tokens, "0"),
        (types.Tokens, 0),
        (types.Tokens, -1),
        (types.Tokens, "-1"),
        (types.Tokens, "+1"),
        (types.Tokens, "1.0"),
        (types.Tokens, "1e3"),
        (types.Tokens, "1_000"),
        (types.Tokens, "\u0661"),
        (types.Tokens, 1_000_000_000_000),
        (types.Duration, "-1"),
        (types.Duration, 1_000_000_000),
        (types.LocalTime, "2024-02-30 12:00:00"),
        (types.LocalTime, "2023-02-29 12:00:00"),
        (types.LocalTime, "2024-13-01 12:00:00"),
        (types.LocalTime, "0000-01-01 00:00:00"),
        (types.LocalTime, "2024-01-01 24:00:01"),
        (types.LocalTime, "2024-01-01 23:60:00"),
        (types.LocalTime, "2024-01-01 23:59:60"),
        (types.LocalTime, "2024-01-01T12:00:00"),
        (types.LocalTime, "2024-01-01 12:00"),
        (types.LocalTime, "2024-1-1 12:00:00"),
        (types.LocalTime, "2024-01-01 12:00:00Z"),
        (types.LocalTime, "20240101"),
        (types.LocalTime, 20240101120000),
        (types.Limit, 0),
        (types.Limit, 1001),
        (types.RowId, 0),
        (types.RowId, 10**16),
        (types.IdempotencyKey, "k" * 256),
        *[(types.IdempotencyKey, f"k{sign}k") for sign in " \t!\"#$%&'()*,;<=>?[\\]^`{|}~\x7f\u00e9\u0661"],
        (types.Keys, "k" * 2001),
    ],
    ids=label,
)
def test_a_value_is_refused_that_is_none_of_its_type(kind: Any, value: Any) -> None:
    with pytest.raises(ValidationError):
        read(kind, value)


@pytest.mark.parametrize(
    ("sent", "stored", "is_the_same"),
    [
        ("0042", "0042", True),
        ("42", "0042", False),
        ("00042", "0042", False),
        (42, "0042", True),
        (42, "42", True),
        (42, "4200", False),
        (420, "42", False),
        (0, "0000", True),
        (0, "0", True),
    ],
)
def test_a_pin_matches_to_the_letter_and_an_integer_once_left_padded(
    sent: str | int, stored: str, *, is_the_same: bool
) -> None:
    pin: types.Pin = read(types.WalletPin, sent)

    assert pin.matches(stored) is is_the_same


def test_each_status_has_its_dutch_word() -> None:
    assert {str(status): word for status, word in types.STATUS_VISUAL.items()} == {
        "online": "Beschikbaar",
        "inConversation": "In gesprek",
        "pause": "Pauze",
        "offline": "Offline",
    }


def test_the_dial_statuses_are_asterisks_nine() -> None:
    assert (
        " ".join(types.DialStatus) == "ANSWER BUSY NOANSWER CANCEL CONGESTION CHANUNAVAIL DONTCALL TORTURE INVALIDARGS"
    )
