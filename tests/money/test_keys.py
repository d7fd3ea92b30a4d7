"""Idempotency keys: one effect and one answer, for whom, for what and for how long."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import urlencode

import pytest

from paidline.store import idempotency_keys
from tests.support.reply import Reply
from tests.support.service import ADD, OTHER_CREDIT, SESSION, START, SUBTRACT, Service

_DAY_S = 24 * 60 * 60


class _Clock:
    """The time module of the keys' table, some seconds ahead."""

    def __init__(self, ahead_s: float) -> None:
        self._ahead_s = ahead_s

    def time(self) -> float:
        """Tell the time."""
        return time.time() + self._ahead_s


@pytest.mark.parametrize("stem", [ADD, SUBTRACT, SESSION])
def test_a_key_that_is_sent_again_with_the_same_contents_gets_the_first_answer_byte_for_byte(
    service: Service, stem: str
) -> None:
    first = service.send(stem, idempotencyKey="call-1")
    again = service.send(stem, idempotencyKey="call-1")

    assert first.json["status"] == 1
    assert not first.is_hit
    assert again.is_hit
    assert again.body.encode() == first.body.encode()
    assert (again.status, again.headers["content-type"]) == (first.status, first.headers["content-type"])
    assert len(service.entries()) + len(service.items("CALL_SESSIONS_TABLE")) == 1


def test_the_first_answer_is_given_again_though_the_balance_has_moved_on(service: Service) -> None:
    first = service.send(SUBTRACT, idempotencyKey="call-1")
    service.send(ADD, tokens=5)

    assert service.send(SUBTRACT, idempotencyKey="call-1").body == first.body
    assert service.balance() == START - 30 + 5


@pytest.mark.parametrize("change", [{"tokens": 31}, {"pin": "7"}])
def test_a_key_that_is_sent_again_with_other_contents_is_code_10(service: Service, change: dict[str, Any]) -> None:
    service.send(SUBTRACT, idempotencyKey="call-1")
    other = service.send(SUBTRACT, idempotencyKey="call-1", **change)

    assert (other.status, other.code, other.reason) == (200, 10, "idempotency_key_reused")
    assert service.balance() == START - 30
    assert len(service.entries()) == 1


@pytest.mark.parametrize(("first", "other"), [(42, "42"), (7, "7"), ("7", 7)])
def test_a_pin_as_an_integer_and_the_same_digits_as_text_are_other_contents(
    service: Service, first: int | str, other: int | str
) -> None:
    assert service.send(SUBTRACT, idempotencyKey="call-1", pin=first).code == 20
    assert service.send(SUBTRACT, idempotencyKey="call-1", pin=first).is_hit
    repeated = service.send(SUBTRACT, idempotencyKey="call-1", pin=other)

    assert (repeated.code, repeated.reason) == (10, "idempotency_key_reused")


@pytest.mark.parametrize("key", ["call 1", "call\n1", "call;1", "caf\u00e9", "\u0661", '"call-1"', "k" * 256])
@pytest.mark.parametrize("place", ["header_idempotency_key", "idempotencyKey"])
def test_a_key_that_could_not_stand_in_a_log_line_is_code_10_wherever_it_is_sent(
    service: Service, place: str, key: Any
) -> None:
    refused = service.send(SUBTRACT, **{place: key})

    assert (refused.status, refused.code, refused.reason) == (200, 10, "invalid:idempotencyKey")
    assert service.entries() == []


@pytest.mark.parametrize("key", ["pbx-1.example_2-1732377600.42-rest", "AZaz09_.:@/+-", 17, "k" * 255, " call-1 "])
@pytest.mark.parametrize("place", ["header_idempotency_key", "idempotencyKey"])
def test_a_key_of_letters_digits_and_a_few_signs_is_taken_wherever_it_is_sent(
    service: Service, place: str, key: Any
) -> None:
    assert service.send(SUBTRACT, **{place: key}).code == 20
    (entry,) = service.entries()
    assert entry["key"]["S"] == str(key).strip()


def test_a_session_key_that_is_sent_again_with_another_duration_is_code_10(service: Service) -> None:
    service.send(SESSION, idempotencyKey="call-1")
    other = service.send(SESSION, idempotencyKey="call-1", duration="61")

    assert (other.code, other.reason) == (10, "idempotency_key_reused")
    assert len(service.items("CALL_SESSIONS_TABLE")) == 1


def test_contents_are_the_same_however_they_are_written(service: Service) -> None:
    first = service.send(SUBTRACT, idempotencyKey="call-1", tokens="30", dialedNumber="+1 462-090-5014")
    again = service.send(SUBTRACT, header_idempotency_key="call-1", tokens=30, dialedNumber=14620905014)

    assert again.is_hit
    assert again.body == first.body


def test_a_key_belongs_to_the_hash_that_used_it(service: Service) -> None:
    service.send(SUBTRACT, idempotencyKey="call-1")
    others = service.send(SUBTRACT, idempotencyKey="call-1", authenticationHash=OTHER_CREDIT)

    assert (others.code, others.is_hit, others.tokens) == (20, False, START - 60)


def test_a_key_belongs_to_the_endpoint_that_used_it(service: Service) -> None:
    service.send(SUBTRACT, idempotencyKey="call-1")
    added = service.send(ADD, idempotencyKey="call-1")

    assert (added.code, added.is_hit, added.tokens) == (20, False, START)


def test_a_key_and_another_that_is_longer_are_two_keys(service: Service) -> None:
    service.send(SUBTRACT, idempotencyKey="call-1")

    assert not service.send(SUBTRACT, idempotencyKey="call-11").is_hit
    assert not service.send(SUBTRACT, idempotencyKey="CALL-1").is_hit
    assert service.balance() == START - 90


def test_without_a_key_nothing_is_taken_for_a_repeat(service: Service) -> None:
    blank = {"header_idempotency_key": " "}
    answers = [service.send(SUBTRACT, **key) for key in (blank, blank, {"idempotencyKey": ""})]

    assert [(answer.tokens, answer.is_hit) for answer in answers] == [(70, False), (40, False), (10, False)]


_SOURCES = ("header", "json", "query")


@pytest.mark.parametrize("blank", [None, "", "  "], ids=ascii)
@pytest.mark.parametrize("filled", _SOURCES)
def test_a_key_counts_in_whatever_place_it_is_though_it_is_blank_in_all_others(
    service: Service, filled: str, blank: str | None
) -> None:
    def send() -> Reply:
        header, parameter, query = ("call-1" if filled == source else blank for source in _SOURCES)
        return service.send(
            SUBTRACT,
            header_idempotency_key=header,
            idempotencyKey=parameter,
            query=urlencode({"idempotencyKey": query or ""}),
        )

    first, again = send(), send()

    assert (first.is_hit, again.is_hit) == (False, True)
    assert first.body == again.body
    assert len(service.entries()) == 1


@pytest.mark.parametrize(
    ("places", "key"),
    [
        ({"header": "h", "json": "j", "query": "q"}, "h"),
        ({"header": "h", "query": "q"}, "h"),
        ({"json": "j", "query": "q"}, "j"),
        ({"query": "q"}, "q"),
    ],
)
def test_of_several_keys_the_headers_counts_then_the_bodys(service: Service, places: dict[str, str], key: str) -> None:
    header, parameter, query = (places.get(source) for source in _SOURCES)
    service.send(
        SUBTRACT,
        header_idempotency_key=header,
        idempotencyKey=parameter,
        query=urlencode({"idempotencyKey": query or ""}),
    )

    (entry,) = service.entries()
    assert entry["key"]["S"] == key


def test_a_refusal_leaves_no_trace_so_its_key_may_be_tried_again_and_succeed(service: Service) -> None:
    refused = service.send(SUBTRACT, idempotencyKey="call-1", tokens=START + 1)
    assert (refused.code, refused.reason) == (30, "insufficient_tokens")
    assert service.items("IDEMPOTENCY_KEYS_TABLE") == []

    service.send(ADD, tokens=1)
    done = service.send(SUBTRACT, idempotencyKey="call-1", tokens=START + 1)

    assert (done.code, done.is_hit, done.tokens) == (20, False, 0)
    assert service.send(SUBTRACT, idempotencyKey="call-1", tokens=START + 1).body == done.body


def test_a_debit_that_emptied_the_wallet_is_answered_with_its_success_when_it_is_sent_again(service: Service) -> None:
    first = service.send(SUBTRACT, idempotencyKey="call-1", tokens=START)
    again = service.send(SUBTRACT, idempotencyKey="call-1", tokens=START)

    assert (again.code, again.is_hit, again.body) == (20, True, first.body)


def test_a_used_key_with_other_contents_is_code_10_though_the_balance_would_not_allow_them(service: Service) -> None:
    service.send(SUBTRACT, idempotencyKey="call-1")
    other = service.send(SUBTRACT, idempotencyKey="call-1", tokens=START)

    assert (other.code, other.reason) == (10, "idempotency_key_reused")


def test_a_key_is_kept_for_30_days_and_is_new_after_them(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    service.send(SUBTRACT, idempotencyKey="call-1")

    monkeypatch.setattr(idempotency_keys, "time", _Clock(30 * _DAY_S - 60))
    assert service.send(SUBTRACT, idempotencyKey="call-1").is_hit

    # The row is still there: DynamoDB removes what has expired days late.
    monkeypatch.setattr(idempotency_keys, "time", _Clock(30 * _DAY_S + 60))
    assert len(service.items("IDEMPOTENCY_KEYS_TABLE")) == 1
    after = service.send(SUBTRACT, idempotencyKey="call-1")
    assert (after.code, after.is_hit, after.tokens) == (20, False, START - 60)

    assert service.send(SUBTRACT, idempotencyKey="call-1").body == after.body


def test_an_expired_key_does_not_hide_a_refusal(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    service.send(SUBTRACT, idempotencyKey="call-1", tokens=START)

    monkeypatch.setattr(idempotency_keys, "time", _Clock(30 * _DAY_S + 60))
    refused = service.send(SUBTRACT, idempotencyKey="call-1", tokens=START)
    assert (refused.code, refused.is_hit) == (30, False)


def test_a_key_is_in_the_ledger_entry_of_its_effect(service: Service) -> None:
    service.send(SUBTRACT, idempotencyKey="call-1")

    (entry,) = service.entries()
    assert (entry["key"]["S"], entry["source"]["S"], entry["amount"]["N"]) == ("call-1", SUBTRACT, "-30")
