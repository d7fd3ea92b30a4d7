"""Paid calls: short random episodes, and every order of three requests on one call with a crash at every step."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from tests.simulation.episode import AGENTS, CREDIT, NUMBERS
from tests.simulation.model import Wallet
from tests.simulation.paid_calls import CALLS, UPDATE, run
from tests.simulation.paid_model import BEGIN, END, SYNC, PaidModel, Sending
from tests.simulation.schedules import PBX, Explorer, Setting, explorer

Make = Callable[[Wallet, str], Sending]


@pytest.fixture
def schedules(engine_endpoint: str) -> Iterator[Explorer]:
    with explorer(engine_endpoint) as made:
        yield made


def _sending(stem: str, wallet: Wallet, whom: str = "", **body: object) -> Sending:
    content = {"authenticationHash": CALLS, "callId": f"c-{wallet.wallet_id}", "pbx": PBX, **body}
    named = json.dumps({**content, "increments": "1/1"})
    return Sending(stem, json.dumps(content), named, str(content["callId"]), PBX, whom, wallet.wallet_id)


def begin(call: str = "c", seconds: int = 60) -> Make:
    return lambda wallet, ref: _sending(
        BEGIN,
        wallet,
        ref,
        callId=f"{call}-{wallet.wallet_id}",
        dialedNumber=NUMBERS["1"],
        ref=ref,
        inboundNumber="anonymous",
        pin=wallet.pin,
        maxSeconds=seconds,
    )


def end(duration: int = 30) -> Make:
    return lambda wallet, _: _sending(END, wallet, dialStatus="ANSWER", duration=duration)


def expire() -> Make:
    return lambda *_: Sending(SYNC, json.dumps({"authenticationHash": CALLS, "pbx": PBX}))


def update(status: str) -> Make:
    return lambda _, ref: Sending(UPDATE, json.dumps({"authenticationHash": AGENTS, "ref": ref, "status": status}))


def subtract(tokens: int) -> Make:
    body = {"authenticationHash": CREDIT, "dialedNumber": NUMBERS["1"], "tokens": tokens}
    return lambda wallet, _: Sending("subtract_tokens_from_wallet", json.dumps({**body, "pin": wallet.pin}))


EVERY_OUTCOME = {
    f"{BEGIN}: done",
    f"{BEGIN}: repeated",
    f"{BEGIN}: refused: agent_unavailable",
    f"{BEGIN}: refused: line_busy",
    f"{BEGIN}: refused: insufficient_tokens",
    f"{END}: done",
    f"{END}: repeated",
    f"{END}: refused: unknown_call",
    f"{SYNC}: done",
    "calls_sweep: swept",
    "calls that an outage could have ended",
}

CASES: dict[str, tuple[int, list[Make], list[Make]]] = {
    # balance, what happened before, what happens at the same time
    "three callers of one agent": (1000, [], [begin("a"), begin("b"), begin("c")]),
    "one begin delivered three times": (1000, [], [begin(), begin(), begin()]),
    "begin, end and expiry": (1000, [], [begin(), end(), expire()]),
    "begin twice and its end": (1000, [], [begin(), begin(), end()]),
    "end twice and expiry": (100, [begin()], [end(), end(), expire()]),
    "end, expiry and the agent's break": (100, [begin()], [end(), expire(), update("pause")]),
    "end, expiry and a debit of all that is available": (100, [begin()], [end(), expire(), subtract(40)]),
    "two expiries and the next call": (100, [begin()], [expire(), expire(), begin("next")]),
    "late end, next call and a debit": (100, [begin(), expire()], [end(), begin("next"), subtract(40)]),
}


PAIRS: dict[str, tuple[int, list[Make], list[Make]]] = {
    "two callers of one agent": (1000, [], [begin("a"), begin("b")]),
    "one begin delivered twice": (1000, [], [begin(), begin()]),
    "begin and end": (1000, [], [begin(), end()]),
    "begin and a debit of all tokens": (100, [], [begin(), subtract(100)]),
    "end and expiry": (100, [begin()], [end(), expire()]),
    "end twice": (100, [begin()], [end(), end()]),
    "end and the agent's break": (100, [begin()], [end(), update("pause")]),
    "expiry and the next call": (100, [begin()], [expire(), begin("next")]),
    "late end and the next call": (100, [begin(), expire()], [end(), begin("next")]),
}


# All of them take many minutes: EXPLORE=all.
_QUICK_CASES = ("three callers of one agent",)
_QUICK_CASES_WITH_CRASHES = ("begin, end and expiry",)
_QUICK_PAIRS = ("begin and end",)
_EXPLORES_ALL = os.environ.get("EXPLORE") == "all"


def explore(
    schedules: Explorer, case: tuple[int, list[Make], list[Make]], *, crashes: bool
) -> tuple[list[PaidModel], Counter[str]]:
    balance, before, at_once = case
    models: list[PaidModel] = schedules.explore_calls(
        Setting(balance, lambda wallet, ref: [make(wallet, ref) for make in (*before, *at_once)], len(before)),
        crashes=crashes,
    )
    return models, sum((model.outcomes for model in models), Counter[str]())


@pytest.mark.parametrize("name", CASES if _EXPLORES_ALL else _QUICK_CASES)
def test_three_requests_are_right_in_every_order(
    schedules: Explorer, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    models, outcomes = explore(schedules, CASES[name], crashes=False)

    with capsys.disabled():
        print(f"\n{name}: {len(models):,} orders explored, all of them right: {dict(outcomes)}")
    assert not any("503" in outcome for outcome in outcomes)
    if name == "three callers of one agent":
        assert all(len(model.mirror.calls) == 1 for model in models)


@pytest.mark.parametrize("name", CASES if _EXPLORES_ALL else _QUICK_CASES_WITH_CRASHES)
def test_three_requests_are_right_in_every_order_with_a_crash_at_every_step(
    schedules: Explorer, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert_right_with_crashes(schedules, name, CASES[name], capsys)


@pytest.mark.parametrize("name", PAIRS if _EXPLORES_ALL else _QUICK_PAIRS)
def test_two_requests_are_right_in_every_order_with_a_crash_at_every_step(
    schedules: Explorer, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert_right_with_crashes(schedules, name, PAIRS[name], capsys)


def assert_right_with_crashes(
    schedules: Explorer, name: str, case: tuple[int, list[Make], list[Make]], capsys: pytest.CaptureFixture[str]
) -> None:
    """Any violation of the model has been raised by the exploration itself."""
    models, outcomes = explore(schedules, case, crashes=True)

    with capsys.disabled():
        print(f"\n{name}: {len(models):,} schedules explored, all of them right: {dict(outcomes)}")
    assert outcomes
    assert not any("503" in outcome for outcome in outcomes)


def test_paid_calls_and_documented_requests_get_along_in_random_episodes(
    engine_endpoint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    outcomes: Counter[str] = Counter()
    operations = 0
    # Six episodes, and more until each kind of outcome has occurred. One in six repeats a begin, the first one too.
    for number in range(60):
        if number >= 6 and outcomes.keys() >= EVERY_OUTCOME:
            break
        result = run(33 + number, 200, engine_endpoint)
        outcomes += result.outcomes
        operations += result.operations

    with capsys.disabled():
        print(f"\n{operations:,} operations of paid calls, right")
    # A kind of outcome that never happens proves nothing.
    assert outcomes.keys() >= EVERY_OUTCOME


def test_the_same_seed_gives_the_same_history_of_paid_calls(engine_endpoint: str) -> None:
    first, again, other = (run(seed, 200, engine_endpoint) for seed in (7, 7, 8))

    assert first == again
    assert first.history != other.history
