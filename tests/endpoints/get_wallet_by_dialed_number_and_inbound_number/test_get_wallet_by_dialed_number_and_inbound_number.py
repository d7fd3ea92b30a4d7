"""getWalletByDialedNumberAndInboundNumber: which wallet a number and a caller find."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.api import Api

NAUGHT = "0" * 64
BY_PHONE = "get_wallet_by_dialed_number_and_inbound_number"


# Each request is wrong in several ways; the answer is that of the check that comes first.
@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"authenticationHash": NAUGHT, "inboundNumber": "x"}, (10, "invalid:inboundNumber")),
        ({"authenticationHash": NAUGHT, "inboundNumber": "1"}, (40, "unauthorized")),
        ({"dialedNumber": "1"}, (30, "unknown_dialed_number")),
        ({"inboundNumber": "1"}, (30, "unknown_inbound_number")),
        ({"inboundNumber": "Anonymous"}, (30, "unknown_inbound_number")),
    ],
)
def test_the_first_check_that_fails_decides(api: Api, changes: dict[str, Any], refusal: tuple[int, str]) -> None:
    before = api.store.contents()

    assert api.request(BY_PHONE, **changes).refusal == refusal
    assert api.store.contents() == before


def test_a_pointer_to_a_wallet_that_is_gone_finds_nothing(api: Api) -> None:
    key = {"applicationId": {"S": "1288"}, "walletKey": {"S": "pin#695334#695334"}}
    api.store.client.delete_item(TableName=api.store.service.environment["WALLETS_TABLE"], Key=key)

    assert api.request(BY_PHONE).refusal == (30, "unknown_inbound_number")
