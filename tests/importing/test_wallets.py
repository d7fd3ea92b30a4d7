"""Importing wallets: what is written, what is left alone, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from admin.importing.kind import Change
from admin.importing.writer import StoreTooBusy
from paidline.store.ledger import LedgerEntry
from paidline.store.wallets import Wallet
from tests.importing.conftest import Importer, counted
from tests.support import wire

WALLET = {
    "applicationId": "7",
    "walletId": "1",
    "pin": "0042",
    "tokens": "10",
    "phoneNumber": "+31 6 1",
    "email": "a@b",
}
OTHER = {"applicationId": "7", "walletId": "2", "pin": "43", "tokens": "0", "phoneNumber": "", "email": ""}
NUMBER = {"dialedNumber": "4711", "applicationId": "7", "companyName": "Seven"}
_WRITES = {"TransactWriteItems", "BatchWriteItem", "PutItem", "UpdateItem", "DeleteItem"}


def test_a_new_wallet_gets_an_opening_entry_and_is_found_by_pin_and_by_phone_number(importer: Importer) -> None:
    importer.rows("dialed-numbers", NUMBER)

    assert counted(importer.rows("wallets", WALLET, OTHER)) == (2, 0, 0, 0)

    by_pin = importer.api.request("get_wallet_by_dialed_number_and_pin", dialedNumber="4711", pin=42)
    by_phone = importer.api.request(
        "get_wallet_by_dialed_number_and_inbound_number", dialedNumber="4711", inboundNumber="3161"
    )
    assert (by_pin.json["wallet"]["pin"], by_pin.json["wallet"]["tokens"]) == ("0042", "10")
    assert by_phone.json["wallet"]["email"] == "a@b"
    assert [(e["amount"], e["balance"], e["source"], e["operator"]) for e in importer.ledger("1")] == [
        ("10", "10", "opening", "tester")
    ]


def test_a_second_run_writes_nothing(importer: Importer) -> None:
    importer.rows("wallets", WALLET, OTHER)
    before = importer.api.store.contents()

    with wire.recorded(importer.api.store.client) as calls:
        assert counted(importer.rows("wallets", WALLET, OTHER)) == (0, 0, 2, 0)

    assert not [call for call in calls if call.operation in _WRITES]
    assert importer.api.store.contents() == before


def test_a_different_balance_is_adjusted_by_a_ledger_entry_of_the_difference(importer: Importer) -> None:
    importer.rows("wallets", WALLET)

    assert counted(importer.rows("wallets", {**WALLET, "tokens": 7})) == (0, 1, 0, 0)
    assert counted(importer.rows("wallets", {**WALLET, "tokens": 9})) == (0, 1, 0, 0)

    assert [(e["seq"], e["amount"], e["balance"], e["source"]) for e in importer.ledger("1")] == [
        ("1", "10", "10", "opening"),
        ("2", "-3", "7", "import"),
        ("3", "2", "9", "import"),
    ]


def test_a_balance_is_not_adjusted_once_callers_have_used_the_wallet_unless_the_operator_says_so(
    importer: Importer,
) -> None:
    importer.rows("dialed-numbers", NUMBER)
    importer.rows("wallets", WALLET)
    importer.api.request("subtract_tokens_from_wallet", dialedNumber="4711", pin="0042", tokens=4)

    assert counted(importer.rows("wallets", WALLET)) == (0, 0, 0, 1)
    assert importer.rejects == [(1, "tokens", "callers have used this wallet here, and its balance is 6")]
    assert counted(importer.rows("wallets", WALLET, old_system_wins=True)) == (0, 1, 0, 0)
    assert [e["amount"] for e in importer.ledger("1")] == ["10", "-4", "4"]


def test_a_movement_during_the_import_is_not_overwritten(importer: Importer) -> None:
    importer.rows("dialed-numbers", NUMBER)
    importer.rows("wallets", WALLET, OTHER)

    waiting = ["a caller"]

    def caller(**_: Any) -> None:
        if waiting:
            waiting.pop()
            importer.api.request("add_tokens_to_wallet", dialedNumber="4711", pin="0042", tokens=5)

    with wire.hooked("before-call.dynamodb.TransactWriteItems", caller, importer.api.store.client):
        counts = importer.rows("wallets", {**WALLET, "tokens": 3}, {**OTHER, "tokens": 1})

    assert counted(counts) == (0, 1, 0, 1)
    assert importer.rejects == [(1, "", "was changed in the service at the same time")]
    assert [e["balance"] for e in importer.ledger("1")] == ["10", "15"]


def test_a_new_pin_and_phone_number_move_with_their_pointers(importer: Importer) -> None:
    importer.rows("dialed-numbers", NUMBER)
    importer.rows("wallets", WALLET)

    moved = {**WALLET, "pin": "99", "phoneNumber": "3162", "tokens": 12}
    assert counted(importer.rows("wallets", moved)) == (0, 1, 0, 0)

    def find(**parameters: Any) -> Any:
        stem = "get_wallet_by_dialed_number_and_" + ("pin" if "pin" in parameters else "inbound_number")
        return importer.api.request(stem, dialedNumber="4711", **parameters)

    assert find(pin="99").json["wallet"]["tokens"] == "12"
    assert find(inboundNumber="3162").json["wallet"]["pin"] == "99"
    assert find(pin="0042").reason == "unknown_pin"
    assert find(inboundNumber="3161").reason == "unknown_inbound_number"
    assert counted(importer.rows("wallets", moved)) == (0, 0, 1, 0)


def test_a_column_that_the_file_does_not_have_stays_as_it_is(importer: Importer) -> None:
    importer.rows("wallets", WALLET)

    without = {name: value for name, value in WALLET.items() if name not in ("phoneNumber", "email")}

    assert counted(importer.rows("wallets", without)) == (0, 0, 1, 0)
    assert counted(importer.rows("wallets", {**without, "email": ""})) == (0, 1, 0, 0)


@pytest.mark.parametrize(
    ("other", "clash"),
    [
        ({"pin": "0042"}, "pin"),
        ({"pin": "42"}, "pin"),
        ({"phoneNumber": "003161"}, "phoneNumber"),
        ({"walletId": "1"}, ""),
    ],
    ids=["PIN", "PIN but for leading zeros", "phone number", "walletId"],
)
def test_rows_that_clash_are_all_refused_by_row_and_field_and_the_others_are_imported(
    importer: Importer, other: dict[str, str], clash: str
) -> None:
    third = {**OTHER, "walletId": "3", "pin": "3"}

    assert counted(importer.rows("wallets", WALLET, {**OTHER, **other}, third)) == (1, 0, 0, 2)
    assert [(row, field) for row, field, _ in importer.rejects] == [(1, clash), (2, clash)]
    assert "row 2" in importer.rejects[0][2]
    assert "row 1" in importer.rejects[1][2]


def test_the_same_pin_in_two_applications_is_no_clash(importer: Importer) -> None:
    rows = [{**OTHER, "walletId": str(number), "applicationId": str(number)} for number in (1, 2)]

    assert counted(importer.rows("wallets", *rows)) == (2, 0, 0, 0)


@pytest.mark.parametrize(
    ("changes", "reject"),
    [
        ({"walletId": "3"}, (1, "pin", "is that of 1, which is stored")),
        ({"walletId": "3", "pin": "5"}, (1, "phoneNumber", "is that of 1, which is stored")),
        ({"applicationId": "8"}, (1, "applicationId", "the wallet belongs to application 7")),
    ],
    ids=["PIN", "phone number", "application"],
)
def test_a_row_that_clashes_with_what_is_stored_is_refused(
    importer: Importer, changes: dict[str, str], reject: tuple[int, str, str]
) -> None:
    importer.rows("wallets", WALLET)
    before = importer.api.store.contents()

    assert counted(importer.rows("wallets", {**WALLET, **changes})) == (0, 0, 0, 1)
    assert importer.rejects == [reject]
    assert importer.api.store.contents() == before


@pytest.mark.parametrize(
    ("changes", "reject"),
    [
        ({"tokens": "-1"}, ("tokens", "is not a whole number from 0 to 999999999999")),
        ({"tokens": "1.5"}, ("tokens", "is not a whole number from 0 to 999999999999")),
        ({"tokens": None}, ("tokens", "is neither a string nor an integer")),
        ({"pin": ""}, ("pin", "is blank, or has blanks")),
        ({"phoneNumber": "anonymous"}, ("phoneNumber", "is not 1 to 15 digits")),
        ({"applicationId": "x" * 65}, ("applicationId", "is longer than 64 bytes in the JSON of a response")),
    ],
    ids=str,
)
def test_a_row_that_breaks_a_rule_is_refused_by_field(
    importer: Importer, changes: dict[str, Any], reject: tuple[str, str]
) -> None:
    assert counted(importer.rows("wallets", {**WALLET, **changes}, OTHER)) == (1, 0, 0, 1)
    assert importer.rejects == [(1, *reject)]


def test_a_balance_that_is_not_given_is_not_taken_for_zero(importer: Importer) -> None:
    importer.rows("wallets", {name: value for name, value in WALLET.items() if name != "tokens"})

    assert importer.rejects == [(1, "tokens", "is missing")]


def test_a_dry_run_shows_what_would_change_and_writes_nothing(importer: Importer) -> None:
    importer.rows("wallets", WALLET)
    before = importer.api.store.contents()

    counts = importer.rows("wallets", {**WALLET, "tokens": 7}, OTHER, {**OTHER, "walletId": "3"}, dry=True)

    assert counted(counts) == (0, 1, 0, 2)
    changes = [change for change in importer.shown if isinstance(change, Change)]
    assert [(change.row, change.before, change.after) for change in changes] == [(1, {"tokens": 10}, {"tokens": 7})]
    assert importer.api.store.contents() == before
    assert not importer.reject_file.exists()


def test_throttling_and_conflicts_are_waited_for(importer: Importer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("admin.importing.writer._FIRST_PAUSE_S", 0.001)
    refusals = ["ThrottlingError", "TransactionConflict", "ProvisionedThroughputExceeded"]

    def refuse(request: Any, **_: Any) -> Any:
        if not refusals:
            return None
        reasons = [{"Code": refusals.pop()}, {"Code": "None"}, {"Code": "None"}]
        return wire.error(request.url, 400, "TransactionCanceledException", CancellationReasons=reasons)

    with wire.hooked("before-send.dynamodb.TransactWriteItems", refuse, importer.api.store.client):
        assert counted(importer.rows("wallets", WALLET)) == (1, 0, 0, 0)

    assert not refusals


def test_a_store_that_stays_busy_ends_the_import(importer: Importer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("admin.importing.writer._MAX_PAUSE_S", 0)

    def refuse(request: Any, **_: Any) -> Any:
        reasons = [{"Code": "ThrottlingError"}]
        return wire.error(request.url, 400, "TransactionCanceledException", CancellationReasons=reasons)

    with (
        wire.hooked("before-send.dynamodb.TransactWriteItems", refuse, importer.api.store.client),
        pytest.raises(StoreTooBusy),
    ):
        importer.rows("wallets", WALLET)


def test_the_caller_of_an_erased_wallet_is_not_brought_back(importer: Importer) -> None:
    importer.rows("wallets", WALLET)
    table = importer.api.store.service.environment["WALLETS_TABLE"]
    wallet = Wallet("7", "1", "", 10, 1, "1:x", blocked=True)
    importer.api.store.put("WALLETS_TABLE", wallet.to_item())
    for key in ("pin#42#0042", "phone#3161"):
        importer.api.store.client.delete_item(
            TableName=table, Key={"applicationId": {"S": "7"}, "walletKey": {"S": key}}
        )

    assert counted(importer.rows("wallets", WALLET)) == (0, 0, 0, 1)
    assert importer.rejects == [(1, "walletId", "the caller was erased")]


def test_many_wallets_fit_in_several_transactions_and_one_that_cannot_be_written_stops_no_other(
    importer: Importer,
) -> None:
    rows = [{**OTHER, "walletId": str(number), "pin": f"9{number}"} for number in range(100, 220)]
    # A ledger without a wallet, which only the write itself meets.
    opening = LedgerEntry("150", 1, 1, 1, "2026-11-25T00:00:00.000000Z", "opening", "", "r", "")
    importer.api.store.put("WALLET_LEDGER_TABLE", opening.to_item())

    assert counted(importer.rows("wallets", *rows)) == (119, 0, 0, 1)
    assert [row for row, *_ in importer.rejects] == [51]
