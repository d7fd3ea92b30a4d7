"""addTokensToWallet: checks and bounds."""

from __future__ import annotations

from typing import Any

import pytest

from paidline.domain.types import MAX_TOKENS
from tests.support.api import Api
from tests.support.service import START, Service

ADD = "add_tokens_to_wallet"


# Each request is wrong in several ways; the answer is that of the check that comes first.
@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"tokens": "1000000000000"}, (10, "invalid:tokens")),
        ({"tokens": "999999998029"}, (30, "too_many_tokens")),
        ({"idempotencyKey": "k" * 256}, (10, "invalid:idempotencyKey")),
    ],
)
def test_the_first_check_that_fails_decides(api: Api, changes: dict[str, Any], refusal: tuple[int, str]) -> None:
    before = api.store.contents()

    assert api.request(ADD, **changes).refusal == refusal
    assert api.store.contents() == before


def test_a_wallet_can_be_filled_to_the_maximum_and_no_further(api: Api) -> None:
    assert api.request(ADD, tokens="999999998028").json["wallet"]["tokens"] == "999999999999"
    assert api.request(ADD, tokens=1).refusal == (30, "too_many_tokens")


def test_a_balance_reaches_the_maximum_and_not_one_token_more(service: Service) -> None:
    assert service.send(ADD, tokens=MAX_TOKENS - START).tokens == MAX_TOKENS

    refused = service.send(ADD, tokens=1)
    assert (refused.status, refused.code, refused.reason) == (200, 30, "too_many_tokens")
    assert service.balance() == MAX_TOKENS
    assert len(service.entries()) == 1
