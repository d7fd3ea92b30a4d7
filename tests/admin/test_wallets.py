"""Wallets of operators: who owns them, blocking, and movements; races are provoked by order, on the real engine."""

from __future__ import annotations

from typing import Any

import pytest

from admin.audit import audit
from paidline.store import wallets
from paidline.store.dynamodb import dynamodb
from paidline.store.wallets import Wallet
from tests.support import wire
from tests.support.admin import NEW_WALLET, OTHER_NUMBER, PHONE_NUMBER, PIN, REASON, WALLET, Admin
from tests.support.service import ADD, BY_PIN, SUBTRACT, Service

# The wallet 6254 of the service's data has the PIN 0042 and 100 tokens, 6255 the PIN 7.
OTHER = {"applicationId": "1288", "walletId": "6255"}


def by_phone(number: str) -> dict[str, str]:
    return {"applicationId": "1288", "phoneNumber": number}


def hold(service: Service, tokens: int) -> None:
    """Let calls in progress hold tokens of the first wallet."""
    key = {"applicationId": {"S": "1288"}, "walletKey": {"S": wallets.pin_key("0042")}}
    service.store.update_item(
        TableName=service.tables["WALLETS_TABLE"],
        Key=key,
        UpdateExpression="SET held = :held",
        ExpressionAttributeValues={":held": {"N": str(tokens)}},
    )


def keys(service: Service) -> set[str]:
    return {item["walletKey"]["S"] for item in service.items("WALLETS_TABLE")}


def assert_sound(service: Service) -> None:
    """Every ledger adds up, and every pointer leads to the wallet that has its phone number."""
    assert audit(service.store).problems == []
    items = service.items("WALLETS_TABLE")
    owned = {w.phone_number: w.wallet_key for w in map(Wallet.from_item, [i for i in items if "pointsTo" not in i])}
    pointers = {i["walletKey"]["S"].removeprefix("phone#"): i["pointsTo"]["S"] for i in items if "pointsTo" in i}
    assert pointers == {number: key for number, key in owned.items() if number}


def test_a_wallet_is_created_with_its_pointer_and_its_opening_entry_and_works_at_once(
    admin: Admin, service: Service
) -> None:
    created = admin.do("wallet.create", **NEW_WALLET, pin=PIN, phoneNumber="+31 6-8800 0077", tokens=50)

    assert created == {**NEW_WALLET, "tokens": 50, "version": 0}
    assert admin.do("wallet.show", wallet=by_phone(PHONE_NUMBER))["pin"] == PIN
    assert service.send(SUBTRACT, pin=PIN, tokens=20).tokens == 30
    assert_sound(service)


def test_a_wallet_without_an_id_gets_a_new_one(admin: Admin) -> None:
    first = admin.do("wallet.create", applicationId="1288", pin="111111")
    second = admin.do("wallet.create", applicationId="1288", pin="222222")

    assert first["walletId"] != second["walletId"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"walletId": "6254"}, "walletId"),
        ({"walletId": "6254", "applicationId": "1"}, "walletId"),
        ({"pin": "0042"}, "pin"),
        ({"pin": "42"}, "pin"),
        ({"phoneNumber": PHONE_NUMBER}, "phoneNumber"),
    ],
)
def test_a_wallet_that_would_clash_with_another_is_not_created(
    admin: Admin, service: Service, changes: dict[str, str], field: str
) -> None:
    admin.do("wallet.change", wallet=WALLET, phoneNumber=PHONE_NUMBER)
    before = service.items("WALLETS_TABLE"), service.items("WALLET_LEDGER_TABLE")

    assert admin.fail("wallet.create", **{**NEW_WALLET, "pin": PIN, **changes}) == ("already_exists", field)
    assert (service.items("WALLETS_TABLE"), service.items("WALLET_LEDGER_TABLE")) == before


def test_a_phone_number_may_be_used_in_two_applications(admin: Admin, service: Service) -> None:
    admin.do("wallet.create", **NEW_WALLET, pin=PIN, phoneNumber=PHONE_NUMBER)
    admin.do("wallet.create", applicationId="1289", pin=PIN, phoneNumber=PHONE_NUMBER)

    assert len(service.items("WALLETS_TABLE")) == 6


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"pin": ""}, "pin"),
        ({"pin": 42}, "pin"),
        ({"pin": "4 2"}, "pin"),
        ({"pin": "4\u00002"}, "pin"),
        ({"pin": "é" * 11}, "pin"),
        ({"walletId": ""}, "walletId"),
        ({"walletId": True}, "walletId"),
        ({"applicationId": {"id": 1}}, "applicationId"),
        ({"phoneNumber": "anonymous"}, "phoneNumber"),
        ({"email": "x" * 256}, "email"),
        ({"tokens": -1}, "tokens"),
        ({"tokens": 1.5}, "tokens"),
        ({"tokens": 10**12}, "tokens"),
    ],
)
def test_a_wallet_with_a_malformed_value_is_refused_by_its_field(
    storeless: Admin, arguments: dict[str, Any], field: str
) -> None:
    assert storeless.fail("wallet.create", **{**NEW_WALLET, "pin": PIN, **arguments}) == ("invalid_request", field)


@pytest.mark.parametrize(
    "name",
    [{}, {"walletId": "6254", "pin": "0042"}, {"pin": "0042", "phoneNumber": PHONE_NUMBER}],
)
def test_a_wallet_has_to_be_named_in_exactly_one_way(storeless: Admin, name: dict[str, str]) -> None:
    assert storeless.fail("wallet.show", wallet={"applicationId": "1288", **name}) == ("invalid_request", "wallet")


@pytest.mark.parametrize(
    ("name", "field"),
    [({"walletId": "1"}, "walletId"), ({"pin": "42"}, "pin"), ({"phoneNumber": PHONE_NUMBER}, "phoneNumber")],
)
def test_a_wallet_that_is_not_there_is_not_found(admin: Admin, name: dict[str, str], field: str) -> None:
    found = ("not_found", f"wallet.{field}")

    assert admin.fail("wallet.show", wallet={"applicationId": "1288", **name}) == found


def test_a_wallet_of_another_application_is_not_found_by_its_id(admin: Admin) -> None:
    other = {"applicationId": "1289", "walletId": "6254"}

    assert admin.fail("wallet.show", wallet=other) == ("not_found", "wallet.walletId")


def test_pin_and_phone_number_move_with_their_keys_and_pointer(admin: Admin, service: Service) -> None:
    admin.do("wallet.change", wallet=WALLET, phoneNumber=PHONE_NUMBER, email="seven@example.com")
    admin.do("wallet.change", wallet=WALLET, pin=PIN)
    moved = keys(service)
    admin.do("wallet.change", wallet=WALLET, phoneNumber=OTHER_NUMBER, pin="0042")
    both = keys(service)
    admin.do("wallet.change", wallet=WALLET, phoneNumber="")

    others = {wallets.pin_key("7")}
    assert moved == {wallets.pin_key(PIN), f"phone#{PHONE_NUMBER}"} | others
    assert both == {wallets.pin_key("0042"), f"phone#{OTHER_NUMBER}"} | others
    assert keys(service) == {wallets.pin_key("0042")} | others
    shown = admin.do("wallet.show", wallet=WALLET)
    assert (shown["tokens"], shown["seq"], shown["version"], shown["email"]) == (100, 1, 4, "seven@example.com")
    assert_sound(service)


def test_the_old_pin_finds_nobody_and_may_be_given_to_another(admin: Admin, service: Service) -> None:
    admin.do("wallet.change", wallet=WALLET, pin=PIN)

    assert service.send(SUBTRACT).refusal == (30, "unknown_pin")
    admin.do("wallet.change", wallet=OTHER, pin="0042")
    assert service.send(BY_PIN).json["wallet"]["walletId"] == "6255"
    assert_sound(service)


def test_a_change_to_anothers_pin_or_phone_number_changes_nothing(admin: Admin, service: Service) -> None:
    admin.do("wallet.change", wallet=OTHER, phoneNumber=PHONE_NUMBER)
    before = service.items("WALLETS_TABLE")

    assert admin.fail("wallet.change", wallet=WALLET, pin="07") == ("already_exists", "pin")
    assert admin.fail("wallet.change", wallet=WALLET, phoneNumber=PHONE_NUMBER) == ("already_exists", "phoneNumber")
    both = {"pin": PIN, "phoneNumber": PHONE_NUMBER}
    assert admin.fail("wallet.change", wallet=WALLET, **both) == ("already_exists", "phoneNumber")
    assert service.items("WALLETS_TABLE") == before


def test_a_pin_and_a_phone_number_that_a_rival_takes_just_before_are_refused(admin: Admin, service: Service) -> None:
    with wire.before("TransactWriteItems", lambda: admin.do("wallet.change", wallet=OTHER, pin=PIN)):
        pin = admin.fail("wallet.change", wallet=WALLET, pin=PIN)
    rival = {"wallet": OTHER, "phoneNumber": PHONE_NUMBER}
    with wire.before("TransactWriteItems", lambda: admin.do("wallet.change", **rival)):
        number = admin.fail("wallet.change", wallet=WALLET, phoneNumber=PHONE_NUMBER)

    assert (pin, number) == (("already_exists", "pin"), ("already_exists", "phoneNumber"))
    assert_sound(service)


def test_a_debit_just_before_a_change_of_pin_is_not_lost(admin: Admin, service: Service) -> None:
    with wire.before("TransactWriteItems", lambda: service.send(SUBTRACT, tokens=30)):
        changed = admin.do("wallet.change", wallet=WALLET, pin=PIN, version=0)

    assert (changed["tokens"], changed["version"]) == (70, 1)
    assert_sound(service)


def test_a_change_of_pin_just_before_a_debit_leaves_the_debit_without_a_wallet(admin: Admin, service: Service) -> None:
    with wire.before("TransactWriteItems", lambda: admin.do("wallet.change", wallet=WALLET, pin=PIN)):
        refusal = service.send(SUBTRACT, tokens=30).refusal

    assert refusal == (30, "unknown_pin")
    assert admin.do("wallet.show", wallet=WALLET)["tokens"] == 100
    assert_sound(service)


def test_two_changes_of_one_phone_number_at_the_same_moment_leave_one_pointer(admin: Admin, service: Service) -> None:
    admin.do("wallet.change", wallet=WALLET, phoneNumber=PHONE_NUMBER)
    with wire.before("TransactWriteItems", lambda: admin.do("wallet.change", wallet=WALLET, phoneNumber="31688000079")):
        admin.do("wallet.change", wallet=WALLET, phoneNumber=OTHER_NUMBER)

    assert admin.do("wallet.show", wallet=WALLET)["phoneNumber"] == OTHER_NUMBER
    assert_sound(service)


def test_a_pin_cannot_change_while_a_call_in_progress_holds_tokens(admin: Admin, service: Service) -> None:
    hold(service, 10)

    assert admin.fail("wallet.change", wallet=WALLET, pin=PIN) == ("refused", "pin")
    assert admin.do("wallet.change", wallet=WALLET, phoneNumber=PHONE_NUMBER)["version"] == 1
    assert admin.do("wallet.show", wallet=WALLET)["held"] == 10


@pytest.mark.parametrize("command", ["wallet.change", "wallet.block", "wallet.unblock"])
def test_a_command_for_another_version_is_a_conflict(admin: Admin, service: Service, command: str) -> None:
    email = {"email": "b@example.com"} if command == "wallet.change" else {}
    admin.do("wallet.change", wallet=WALLET, email="a@example.com")
    before = service.items("WALLETS_TABLE")

    assert admin.fail(command, wallet=WALLET, version=0, **email) == ("conflict", "version")
    assert service.items("WALLETS_TABLE") == before


def test_of_two_changes_for_one_version_at_the_same_moment_the_second_is_a_conflict(admin: Admin) -> None:
    rival = {"wallet": WALLET, "version": 0}
    with wire.before("TransactWriteItems", lambda: admin.do("wallet.block", **rival)):
        assert admin.fail("wallet.change", **rival, email="a@example.com") == ("conflict", "version")

    shown = admin.do("wallet.show", wallet=WALLET)
    assert (shown["blocked"], shown["email"], shown["version"]) == (True, "", 1)


def test_a_blocked_wallet_is_found_and_takes_tokens_and_gives_none(admin: Admin, service: Service) -> None:
    admin.do("wallet.block", wallet=WALLET)

    assert service.send(SUBTRACT).refusal == (30, "wallet_blocked")
    assert service.send(SUBTRACT, tokens=1000).refusal == (30, "wallet_blocked")
    assert service.send(BY_PIN).tokens == 100
    assert service.send(ADD).tokens == 130
    admin.do("wallet.unblock", wallet=WALLET)
    assert service.send(SUBTRACT).tokens == 100
    assert_sound(service)


def test_a_debit_that_was_made_before_the_wallet_was_blocked_still_has_its_answer(
    admin: Admin, service: Service
) -> None:
    service.send(SUBTRACT, idempotencyKey="call-1")
    admin.do("wallet.block", wallet=WALLET)

    assert service.send(SUBTRACT, idempotencyKey="call-1").tokens == 70


def test_an_adjustment_is_an_entry_with_operator_reason_and_key(admin: Admin, service: Service) -> None:
    adjusted = admin.do("wallet.adjust", "k", wallet=WALLET, amount="-30", reason=REASON)
    (entry,) = service.entries()

    assert adjusted == {**WALLET, "tokens": 70, "version": 0, "seq": 2}
    assert (entry["source"]["S"], entry["amount"]["N"], entry["reason"]["S"]) == ("wallet.adjust", "-30", REASON)
    assert_sound(service)


@pytest.mark.parametrize(
    ("arguments", "code", "field"),
    [
        ({"amount": 0}, "invalid_request", "amount"),
        ({"amount": "+5"}, "invalid_request", "amount"),
        ({"amount": 2.5}, "invalid_request", "amount"),
        ({"amount": 10**12}, "invalid_request", "amount"),
        ({"reason": ""}, "invalid_request", "reason"),
        ({"reason": "two\nlines"}, "invalid_request", "reason"),
        ({"reason": "asked by 31688000077"}, "refused", "reason"),
        ({"reason": "asked by a@example.com"}, "refused", "reason"),
        ({"reason": "PIN 0042"}, "refused", "reason"),
        ({"amount": -91}, "refused", "amount"),
        ({"amount": 10**12 - 100}, "refused", "amount"),
    ],
)
def test_an_adjustment_that_cannot_be_is_refused(
    admin: Admin, service: Service, arguments: dict[str, Any], code: str, field: str
) -> None:
    admin.do("wallet.change", wallet=WALLET, phoneNumber=PHONE_NUMBER, email="a@example.com")
    hold(service, 10)

    assert admin.fail("wallet.adjust", "k", **{"wallet": WALLET, "amount": 5, "reason": REASON, **arguments}) == (
        code,
        field,
    )
    assert service.entries() == []


def test_what_calls_in_progress_hold_stays_while_the_rest_is_taken(admin: Admin, service: Service) -> None:
    hold(service, 10)

    assert admin.do("wallet.adjust", "k", wallet=WALLET, amount=-90, reason=REASON)["tokens"] == 10
    (entry,) = service.entries()
    assert entry["held"]["N"] == "10"


def test_an_adjustment_without_a_key_is_refused(storeless: Admin) -> None:
    refusal = storeless.fail("wallet.adjust", wallet=WALLET, amount=5, reason=REASON)

    assert refusal == ("invalid_request", "key")


def test_a_debit_just_before_an_adjustment_is_counted(admin: Admin, service: Service) -> None:
    with wire.before("TransactWriteItems", lambda: service.send(SUBTRACT, tokens=30)):
        adjusted = admin.do("wallet.adjust", "k", wallet=WALLET, amount=-70, reason=REASON)

    assert adjusted["tokens"] == 0
    assert_sound(service)


def test_an_adjustment_whose_answer_was_lost_is_not_made_twice(admin: Admin, service: Service) -> None:
    # What the store says to a delivery that it has forgotten: the conditions fail on what the first one wrote.
    admin.do("wallet.adjust", "first", wallet=WALLET, amount=5, reason=REASON)
    sent: list[Any] = []

    def lose_answer(http_response: Any, parsed: dict[str, Any], **_: Any) -> None:
        if not sent:
            sent.append(parsed)
            parsed["Error"] = {"Code": "TransactionCanceledException", "Message": "made up"}
            parsed["CancellationReasons"] = [{"Code": "TransactionConflict"}] * 3
            http_response.status_code = 400

    with wire.hooked("after-call.dynamodb.TransactWriteItems", lose_answer, dynamodb()):
        admin.send("wallet.adjust", "second", wallet=WALLET, amount=7, reason=REASON)

    assert sorted(entry["amount"]["N"] for entry in service.entries()) == ["5", "7"]
    assert_sound(service)


def test_a_refund_gives_back_what_an_entry_took_and_names_it(admin: Admin, service: Service) -> None:
    service.send(SUBTRACT, tokens=30)
    refunded = admin.do("wallet.refund", wallet=WALLET, seq=2, reason=REASON)
    _, entry = service.entries()

    assert refunded == {**WALLET, "tokens": 100, "version": 0, "seq": 3, "amount": 30}
    assert (entry["source"]["S"], entry["refundOf"]["N"], entry["operator"]["S"]) == ("wallet.refund", "2", "anna")
    assert_sound(service)


@pytest.mark.parametrize("amount", [None, 10])
def test_an_entry_is_refunded_once_however_little_it_was(admin: Admin, service: Service, amount: int | None) -> None:
    service.send(SUBTRACT, tokens=30)
    first = {"amount": amount} if amount else {}
    admin.do("wallet.refund", wallet=WALLET, seq=2, reason=REASON, **first)

    assert admin.fail("wallet.refund", wallet=WALLET, seq=2, reason=REASON, amount=1) == ("refused", "seq")
    assert len(service.entries()) == 2


def test_each_entry_has_a_refund_of_its_own(admin: Admin, service: Service) -> None:
    for tokens in (10, 20):
        service.send(SUBTRACT, tokens=tokens)
    admin.do("wallet.refund", wallet=WALLET, seq=3, reason=REASON)

    assert admin.do("wallet.refund", wallet=WALLET, seq=2, reason=REASON)["tokens"] == 100
    assert_sound(service)


@pytest.mark.parametrize(
    ("seq", "amount", "code", "field"),
    [
        (9, 1, "not_found", "seq"),
        (1, 1, "refused", "seq"),
        (3, 1, "refused", "seq"),
        (2, 31, "refused", "amount"),
        (0, 1, "invalid_request", "seq"),
        (2, 0, "invalid_request", "amount"),
        (2, -5, "invalid_request", "amount"),
    ],
)
def test_a_refund_of_what_nobody_took_or_of_more_is_refused(
    admin: Admin, service: Service, seq: int, amount: int, code: str, field: str
) -> None:
    service.send(SUBTRACT, tokens=30)
    service.send(ADD, tokens=5)

    assert admin.fail("wallet.refund", wallet=WALLET, seq=seq, amount=amount, reason=REASON) == (code, field)
    assert len(service.entries()) == 2


@pytest.mark.parametrize("amounts", [(None, None), (20, 20), (10, None), (None, 10)])
def test_of_two_refunds_of_one_entry_at_the_same_moment_one_is_refused(
    admin: Admin, service: Service, amounts: tuple[int | None, int | None]
) -> None:
    service.send(SUBTRACT, tokens=30)
    mine, rivals = ({"amount": amount} if amount else {} for amount in amounts)
    refund = {"wallet": WALLET, "seq": 2, "reason": REASON}
    with wire.before("TransactWriteItems", lambda: admin.do("wallet.refund", **refund, **rivals)):
        assert admin.fail("wallet.refund", **refund, **mine) == ("refused", "seq")

    assert len(service.entries()) == 2
    assert service.balance() == 70 + (amounts[1] or 30)
    assert_sound(service)


def test_a_refund_after_a_debit_in_between_is_made_once(admin: Admin, service: Service) -> None:
    service.send(SUBTRACT, tokens=30)
    with wire.before("TransactWriteItems", lambda: service.send(SUBTRACT, tokens=20)):
        refunded = admin.do("wallet.refund", wallet=WALLET, seq=2, reason=REASON)

    assert (refunded["tokens"], refunded["seq"]) == (80, 4)
    assert_sound(service)
