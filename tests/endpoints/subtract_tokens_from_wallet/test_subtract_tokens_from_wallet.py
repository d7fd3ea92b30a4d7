"""subtractTokensFromWallet: checks, bounds and the ledger."""

from __future__ import annotations

from typing import Any

import pytest

from paidline.domain.types import MAX_TOKENS
from tests.support.api import Api
from tests.support.service import START, Service

NAUGHT = "0" * 64
SUBTRACT = "subtract_tokens_from_wallet"
ADD = "add_tokens_to_wallet"


# Each request is wrong in several ways; the answer is that of the check that comes first.
@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"authenticationHash": NAUGHT, "tokens": "0"}, (10, "invalid:tokens")),
        ({"authenticationHash": NAUGHT, "tokens": "9999"}, (40, "unauthorized")),
        ({"dialedNumber": "1"}, (30, "unknown_dialed_number")),
        ({"pin": "1"}, (30, "unknown_pin")),
        ({"tokens": "1972"}, (30, "insufficient_tokens")),
    ],
)
def test_the_first_check_that_fails_decides(api: Api, changes: dict[str, Any], refusal: tuple[int, str]) -> None:
    before = api.store.contents("WRONG_PINS_TABLE")

    assert api.request(SUBTRACT, **changes).refusal == refusal
    assert api.store.contents("WRONG_PINS_TABLE") == before


def test_the_whole_balance_can_be_taken_and_then_nothing(api: Api) -> None:
    assert api.request(SUBTRACT, tokens=1971).json["wallet"]["tokens"] == "0"
    assert api.request(SUBTRACT, tokens=1).refusal == (30, "insufficient_tokens")


def test_each_movement_has_its_entry_in_the_ledger(api: Api) -> None:
    api.request(SUBTRACT, idempotencyKey="call-1")
    api.request(ADD, tokens=5)

    ledger = [entry for entry in api.store.items("WALLET_LEDGER_TABLE") if entry["walletId"] == "6254"]
    entries = sorted(ledger, key=lambda entry: int(entry["seq"]))

    assert [(entry["seq"], entry["amount"], entry["balance"], entry["source"], entry["key"]) for entry in entries] == [
        ("1", "1971", "1971", "opening", ""),
        ("2", "-100", "1871", SUBTRACT, "call-1"),
        ("3", "5", "1876", ADD, ""),
    ]


def test_the_last_token_can_be_spent_and_not_one_more(service: Service) -> None:
    assert service.send(SUBTRACT, tokens=START).tokens == 0

    refused = service.send(SUBTRACT, tokens=1)
    assert (refused.status, refused.code, refused.reason) == (200, 30, "insufficient_tokens")
    assert service.balance() == 0
    assert len(service.entries()) == 1


def test_one_token_more_than_the_balance_is_refused_and_changes_nothing(service: Service) -> None:
    refused = service.send(SUBTRACT, tokens=START + 1)

    assert (refused.code, refused.reason) == (30, "insufficient_tokens")
    assert service.balance() == START
    assert service.entries() == []


def test_the_whole_maximum_can_be_spent_at_once(service: Service) -> None:
    service.send(ADD, tokens=MAX_TOKENS - START)

    assert service.send(SUBTRACT, tokens=MAX_TOKENS).tokens == 0
