"""Guessing PINs: after too many wrong ones on a number, only those known to be right are looked up for a minute."""

from __future__ import annotations

import hashlib
import random
import time
from collections.abc import Callable
from typing import Any

import pytest

from paidline.domain import pin_guessing
from tests.support import contract, golden, wire
from tests.support.api import Api

LIMIT = 30
BY_PIN = "get_wallet_by_dialed_number_and_pin"
BY_NUMBER = "get_wallet_by_dialed_number_and_inbound_number"
SUBTRACT = "subtract_tokens_from_wallet"
WITH_PIN = [
    stem
    for stem in contract.STEMS
    if any("pin" in changes for changes in (contract.parameters(stem), *golden.FILES[stem].further_requests))
]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """A wall clock that stands at the start of a minute, and moves by so many seconds when told to."""
    moment = [1_800_000_000.0]
    monkeypatch.setattr(time, "time", lambda: moment[0])

    def move(seconds: float) -> None:
        moment[0] += seconds

    return move


def guess(api: Api, stem: str = BY_PIN, count: int = LIMIT, **changes: Any) -> list[str | None]:
    return [api.request(stem, pin=f"9{number:06}", **changes).reason for number in range(count)]


def from_address(api: Api, stem: str, ip: str, **changes: Any) -> str | None:
    event = contract.event_with(stem, contract.changed(stem, **changes))
    event["requestContext"]["http"]["sourceIp"] = ip
    return api.send(stem, event).reason


@pytest.mark.usefixtures("clock")
def test_the_guess_after_the_limit_is_refused_without_a_call_to_the_store(api: Api) -> None:
    assert guess(api) == ["unknown_pin"] * LIMIT
    with wire.recorded() as calls:
        answer = api.request(BY_PIN, pin="9999999")

    assert (answer.status, answer.code, answer.reason) == (200, 30, "too_many_wrong_pins")
    assert calls == []


def test_the_number_is_open_again_when_the_minute_is_over(api: Api, clock: Callable[[float], None]) -> None:
    guess(api)
    clock(59)
    assert api.request(BY_PIN, pin="9999999").reason == "too_many_wrong_pins"
    clock(1)
    assert api.request(BY_PIN, pin="9999999").reason == "unknown_pin"
    assert api.request(BY_PIN).reason is None


@pytest.mark.usefixtures("clock")
def test_a_right_pin_of_the_last_minutes_is_found_while_the_number_is_closed(api: Api) -> None:
    assert api.request(BY_PIN).reason is None
    guess(api)

    assert api.request(BY_PIN).reason is None


@pytest.mark.usefixtures("clock")
def test_a_right_pin_that_nobody_has_given_yet_is_refused_until_the_minute_is_over(api: Api) -> None:
    guess(api)

    assert api.request(BY_PIN).reason == "too_many_wrong_pins"


@pytest.mark.usefixtures("clock")
def test_a_caller_known_by_number_is_found_and_debited_while_the_number_is_closed(api: Api) -> None:
    guess(api)

    assert api.request(BY_NUMBER).reason is None
    assert api.request(SUBTRACT, tokens="1").reason is None


@pytest.mark.usefixtures("clock")
def test_a_closed_number_closes_no_other(api: Api) -> None:
    guess(api)

    assert api.request(BY_PIN, dialedNumber="31999999999").reason == "unknown_dialed_number"
    assert next(iter(pin_guessing._closed))[0] == contract.parameters(BY_PIN)["dialedNumber"]


@pytest.mark.usefixtures("clock")
def test_an_address_that_guesses_by_movements_is_refused_and_another_is_not(api: Api) -> None:
    refused = [from_address(api, SUBTRACT, "203.0.113.9", pin=f"9{n:06}", tokens="1") for n in range(LIMIT + 1)]

    assert refused == ["unknown_pin"] * LIMIT + ["too_many_wrong_pins"]
    assert from_address(api, SUBTRACT, "203.0.113.9", tokens="1") == "too_many_wrong_pins"
    assert from_address(api, SUBTRACT, "198.51.100.1", tokens="1") is None


@pytest.mark.usefixtures("clock")
def test_all_processes_count_together_and_each_learns_with_its_own_next_wrong_pin(api: Api) -> None:
    guess(api)
    # Another process, with nothing in its memory.
    api.forget()

    assert api.request(BY_PIN, pin="9999998").reason == "unknown_pin"
    assert api.request(BY_PIN, pin="9999999").reason == "too_many_wrong_pins"


@pytest.mark.parametrize("stem", WITH_PIN)
def test_every_endpoint_that_takes_a_pin_counts_the_wrong_ones_by_number_and_source(
    api: Api, stem: str, clock: Callable[[float], None]
) -> None:
    api.request(stem, pin="9999999")
    (item,) = api.store.items("WRONG_PINS_TABLE")
    sources = [name for name in item if name.startswith(("from:", "moves:"))]

    assert item["dialedNumber"] == contract.parameters(stem)["dialedNumber"]
    assert (item["total"], [item[name] for name in sources]) == ("1", ["1"])
    # The address itself is not stored.
    assert not sources[0].endswith(hashlib.sha256(b"").hexdigest()[:8])
    assert int(item["expiresAt"]) > int(item["minute"]) * 60


@pytest.mark.parametrize("stem", WITH_PIN)
def test_a_right_pin_costs_no_call_more_than_before(api: Api, stem: str) -> None:
    with wire.recorded() as calls:
        reply = api.request(stem, pin="695334")

    assert reply.reason is None
    assert not [call for call in calls if any(table == "WrongPinsTable" for _, table in call.permissions)]


@pytest.mark.usefixtures("clock")
def test_a_replay_of_a_debit_gets_its_answer_while_its_address_is_refused(api: Api) -> None:
    first = api.request(SUBTRACT, tokens="1", idempotencyKey="before")
    guess(api, SUBTRACT, tokens="1")
    pin_guessing._right.clear()
    replay = api.request(SUBTRACT, tokens="1", idempotencyKey="before")

    assert replay.body == first.body
    assert replay.headers["idempotency-hit"] == "true"


def found_in_an_hour(limit: int | None, *, wallets: int, guesses_a_second: int, processes: int) -> tuple[int, int]:
    """How many guesses an attacker has looked up in an hour, and how many of them hit.

    The rules are those of `pin_guessing`, with the processes' memories apart and their counter shared: the tests above
    hold the code to them. Each guess goes to any process.
    """
    chance = random.Random(1)
    looked_up = hits = 0
    for _ in range(60):
        wrong, closed = 0, [False] * processes
        for _ in range(60 * guesses_a_second):
            process = chance.randrange(processes)
            if closed[process]:
                continue
            looked_up += 1
            if chance.random() < wallets / 1_000_000:
                hits += 1
                continue
            wrong += 1
            closed[process] = limit is not None and wrong >= limit
    return looked_up, hits


def test_an_attack_of_an_hour_finds_far_fewer_pins_than_before(capsys: pytest.CaptureFixture[str]) -> None:
    """10,000 wallets with six digits, at the rate that the edge lets through, spread over ten processes."""
    attack = {"wallets": 10_000, "guesses_a_second": 20, "processes": 10}
    before, found_before = found_in_an_hour(None, **attack)
    after, found_after = found_in_an_hour(LIMIT, **attack)
    with capsys.disabled():
        print(f"\nPINs found in an hour: before {found_before} of {before} guesses, after {found_after} of {after}")

    assert before == 72_000
    # 30 a minute, and at most one more for each process that has not learned of it yet.
    assert after <= 60 * (LIMIT + attack["processes"]) * 1.02
    assert found_after < found_before / 20
