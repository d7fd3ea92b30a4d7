"""Every interleaving of a few requests on one wallet, with a crash at every step of each."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator

import pytest

from paidline.domain.types import MAX_TOKENS
from tests.simulation.episode import ADD, CREDIT, NUMBERS, SUBTRACT
from tests.simulation.model import Intent, Model, Wallet
from tests.simulation.schedules import Explorer, explorer


@pytest.fixture
def schedules(engine_endpoint: str) -> Iterator[Explorer]:
    with explorer(engine_endpoint) as made:
        yield made


def _intent(wallet: Wallet, amount: int, key: str = "") -> Intent:
    stem = ADD if amount > 0 else SUBTRACT
    body = {
        "authenticationHash": CREDIT,
        "dialedNumber": NUMBERS["1"],
        "pin": wallet.pin,
        "tokens": abs(amount),
        # Every schedule has keys of its own.
        **({"idempotencyKey": f"{wallet.wallet_id}-{key}"} if key else {}),
    }
    contents = json.dumps([wallet.wallet_id, amount])
    return Intent(stem, json.dumps(body), contents, key, client=CREDIT, wallet=wallet, amount=amount)


def _report(name: str, models: list[Model], capsys: pytest.CaptureFixture[str]) -> Counter[str]:
    outcomes = sum((model.outcomes for model in models), Counter[str]())
    with capsys.disabled():
        print(f"\n{name}: {len(models):,} schedules explored, all of them right: {dict(outcomes)}")
    return outcomes


def test_three_debits_of_which_the_balance_allows_two_take_what_it_allows_in_every_order(
    schedules: Explorer, capsys: pytest.CaptureFixture[str]
) -> None:
    models = schedules.explore(100, lambda wallet: [_intent(wallet, -50) for _ in range(3)])

    outcomes = _report("three debits", models, capsys)
    assert outcomes["refused: insufficient_tokens"] > 0
    assert not any(outcome.startswith("503") for outcome in outcomes)
    for model in models:
        assert len(model.written) == 2


def test_a_debit_a_credit_and_a_credit_above_the_maximum_are_right_in_every_order(
    schedules: Explorer, capsys: pytest.CaptureFixture[str]
) -> None:
    amounts = (-50, 60, 10)
    models = schedules.explore(MAX_TOKENS - 10, lambda wallet: [_intent(wallet, amount) for amount in amounts])

    outcomes = _report("debit and credits at the maximum", models, capsys)
    assert outcomes["refused: too_many_tokens"] > 0
    assert not any(outcome.startswith("503") for outcome in outcomes)


def test_three_deliveries_of_one_key_have_one_effect_and_one_answer_in_every_order(
    schedules: Explorer, capsys: pytest.CaptureFixture[str]
) -> None:
    models = schedules.explore(100, lambda wallet: [_intent(wallet, -50, "key") for _ in range(3)])

    outcomes = _report("one key, three deliveries", models, capsys)
    assert outcomes["repeated"] > 0
    assert not any(outcome.startswith(("503", "refused")) for outcome in outcomes)
    for model in models:
        assert len(model.written) == 1


def test_a_key_delivered_twice_is_answered_with_its_success_though_a_rival_empties_the_wallet_in_any_order(
    schedules: Explorer, capsys: pytest.CaptureFixture[str]
) -> None:
    models = schedules.explore(
        100, lambda wallet: [_intent(wallet, -60, "key"), _intent(wallet, -60, "key"), _intent(wallet, -60)]
    )

    outcomes = _report("one key twice and a rival", models, capsys)
    assert not any(outcome.startswith("503") for outcome in outcomes)
    for model in models:
        assert len(model.written) == 1
