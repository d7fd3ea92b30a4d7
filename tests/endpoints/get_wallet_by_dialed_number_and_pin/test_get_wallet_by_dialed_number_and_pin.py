"""getWalletByDialedNumberAndPin: which wallet a number and a PIN find."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.api import Api

NAUGHT = "0" * 64
BY_PIN = "get_wallet_by_dialed_number_and_pin"
BY_PHONE = "get_wallet_by_dialed_number_and_inbound_number"
SUBTRACT = "subtract_tokens_from_wallet"


# Each request is wrong in several ways; the answer is that of the check that comes first.
@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"authenticationHash": NAUGHT, "dialedNumber": "x"}, (10, "invalid:dialedNumber")),
        ({"authenticationHash": NAUGHT, "dialedNumber": "1"}, (40, "unauthorized")),
        ({"dialedNumber": "1", "pin": "1"}, (30, "unknown_dialed_number")),
        ({"pin": "1"}, (30, "unknown_pin")),
    ],
)
def test_the_first_check_that_fails_decides(api: Api, changes: dict[str, Any], refusal: tuple[int, str]) -> None:
    before = api.store.contents("WRONG_PINS_TABLE")

    assert api.request(BY_PIN, **changes).refusal == refusal
    assert api.store.contents("WRONG_PINS_TABLE") == before


def add_wallet(api: Api, pin: str, wallet_id: str) -> None:
    wallet = api.store.client.get_item(
        TableName=api.store.service.environment["WALLETS_TABLE"],
        Key={"applicationId": {"S": "1288"}, "walletKey": {"S": "pin#695334#695334"}},
    )["Item"]
    key = f"pin#{pin.lstrip('0')}#{pin}"
    api.store.put("WALLETS_TABLE", {**wallet, "walletKey": {"S": key}, "pin": {"S": pin}, "walletId": {"S": wallet_id}})


def test_an_integer_finds_the_pin_that_it_equals_once_left_padded(api: Api) -> None:
    add_wallet(api, "0042", "9")

    assert api.request(BY_PIN, pin=42).json["wallet"]["pin"] == "0042"
    assert api.request(BY_PIN, pin="42").refusal == (30, "unknown_pin")


def test_an_integer_that_may_be_two_pins_finds_none(api: Api) -> None:
    add_wallet(api, "0042", "9")
    add_wallet(api, "042", "10")

    assert api.request(SUBTRACT, pin=42).refusal == (30, "ambiguous_pin")


def test_an_integer_finds_the_pin_that_it_is_to_the_letter_before_any_other(api: Api) -> None:
    add_wallet(api, "0042", "9")
    add_wallet(api, "42", "10")

    assert api.request(BY_PIN, pin=42).json["wallet"]["walletId"] == "10"


def test_a_wallet_is_found_by_every_number_of_its_application(api: Api) -> None:
    wallet = api.request(BY_PIN, dialedNumber="+31612345678").json["wallet"]

    assert (wallet["walletId"], wallet["dialedNumber"]) == ("6254", "31612345678")


def test_a_wallet_is_unknown_behind_the_number_of_another_application(api: Api) -> None:
    number = {"dialedNumber": {"S": "4711"}, "applicationId": {"S": "7"}, "companyName": {"S": "other"}}
    api.store.put("DIALED_NUMBERS_TABLE", number)

    assert api.request(BY_PIN, dialedNumber="4711").refusal == (30, "unknown_pin")
    assert api.request(BY_PHONE, dialedNumber="4711").refusal == (30, "unknown_inbound_number")
