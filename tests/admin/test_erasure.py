"""People's rights: what is stored of a caller is exported, erased, and erased again after a restore."""

from __future__ import annotations

import base64
import json
from typing import Any
from unittest.mock import patch

import pytest

from admin.audit import audit
from paidline.management import erasure, walk
from paidline.store import wallets
from tests.support import wire
from tests.support.admin import EMAIL, PHONE_NUMBER, PIN, REASON, WALLET, Admin
from tests.support.service import BY_PIN, SESSION, SUBTRACT, Service

STRANGER = "31688009999"
ITEMS = dict[str, list[dict[str, Any]]]


@pytest.fixture
def caller(admin: Admin, service: Service) -> Admin:
    """The first wallet with an owner who has called twice, and a stranger who has called once."""
    admin.do("wallet.change", wallet=WALLET, pin=PIN, phoneNumber=PHONE_NUMBER, email=EMAIL)
    admin.do("dialedNumber.create", dialedNumber="31900000009", applicationId="1289", companyName="Other")
    service.send(SUBTRACT, pin=PIN, tokens=30, idempotencyKey="call-1")
    service.send(SUBTRACT, pin="7", tokens=30, idempotencyKey="call-2")
    service.send(SESSION, inboundNumber=PHONE_NUMBER, idempotencyKey="call-3")
    service.send(SESSION, inboundNumber=PHONE_NUMBER)
    service.send(SESSION, inboundNumber=STRANGER, idempotencyKey="call-4")
    return admin


def everything(service: Service) -> ITEMS:
    return {name: service.items(name) for name in service.tables if name.endswith("_TABLE")}


def restore(service: Service, stored: ITEMS, *tables: str) -> None:
    """Put back what was stored in some tables, as a restore does."""
    keys_of = {
        "WALLETS_TABLE": ("applicationId", "walletKey"),
        "CALL_SESSIONS_TABLE": ("id",),
        "IDEMPOTENCY_KEYS_TABLE": ("keyDigest",),
    }
    for name in tables:
        keys = keys_of[name]
        for item in service.items(name):
            service.store.delete_item(TableName=service.tables[name], Key={key: item[key] for key in keys})
        for item in stored[name]:
            service.store.put_item(TableName=service.tables[name], Item=item)


def in_parts(admin: Admin, command: str, **arguments: Any) -> list[dict[str, Any]]:
    """Send a command until it is complete, with so little time that each page is a part of its own."""
    parts: list[dict[str, Any]] = []
    start: dict[str, str] = {}
    with patch.object(walk, "_ENOUGH_S", 1_000.0):
        while not parts or parts[-1]["next"]:
            parts.append(admin.do(command, **arguments, **start))
            start = {"next": parts[-1]["next"]}
    return parts


def assert_erased(service: Service) -> None:
    stored = json.dumps(everything(service))
    assert not [text for text in (PHONE_NUMBER, EMAIL, PIN) if text in stored]
    assert audit(service.store).problems == []


def test_an_export_has_the_wallet_its_ledger_its_calls_and_its_stored_answers(caller: Admin) -> None:
    exported = caller.do("wallet.export", wallet=WALLET)

    assert exported["wallet"] == caller.do("wallet.show", wallet=WALLET)
    assert [entry["amount"] for entry in exported["ledger"]] == [100, -30]
    assert {call["inboundNumber"] for call in exported["callSessions"]} == {PHONE_NUMBER}
    assert len(exported["callSessions"]) == 2
    assert sorted("callSession" in answer["answer"] for answer in exported["storedAnswers"]) == [False, True]
    assert exported["next"] is None


def test_an_export_in_parts_is_the_same_as_in_one(caller: Admin) -> None:
    whole = caller.do("wallet.export", wallet=WALLET)
    first, *parts = in_parts(caller, "wallet.export", wallet=WALLET)

    assert len(parts) == 2
    assert first["wallet"] == whole["wallet"]
    assert [part["wallet"] for part in parts] == [None, None]
    for name in ("ledger", "callSessions", "storedAnswers"):
        assert [entry for part in (first, *parts) for entry in part[name]] == whole[name]


def test_an_export_ends_a_part_before_it_is_too_long_for_lambda(caller: Admin) -> None:
    with patch.object(erasure, "_MAX_PART_BYTES", 1):
        part = caller.do("wallet.export", wallet=WALLET)

    assert len(part["ledger"]) == 2
    assert part["callSessions"] == []
    assert part["next"]


def test_an_erased_caller_is_nowhere_and_the_ledger_still_verifies(caller: Admin, service: Service) -> None:
    entries = service.items("WALLET_LEDGER_TABLE")
    erased = caller.do("wallet.erase", wallet={"applicationId": "1288", "pin": PIN})

    assert erased == {**WALLET, "callSessions": 2, "storedAnswers": 2, "next": None}
    assert_erased(service)
    assert service.items("WALLET_LEDGER_TABLE") == entries
    shown = caller.do("wallet.show", wallet=WALLET)
    assert (shown["erased"], shown["blocked"], shown["tokens"], shown["pin"]) == (True, True, 70, "")


def test_what_belongs_to_others_is_left_alone(caller: Admin, service: Service) -> None:
    service.send(SESSION, inboundNumber=PHONE_NUMBER, dialedNumber="31900000009")
    caller.do("wallet.erase", wallet=WALLET)
    calls = sorted(item["inboundNumber"]["S"] for item in service.items("CALL_SESSIONS_TABLE"))

    assert calls == sorted([erasure.ERASED, erasure.ERASED, STRANGER, PHONE_NUMBER])
    assert service.send(BY_PIN, pin="7").tokens == 70
    assert service.send(SUBTRACT, pin="7", tokens=30, idempotencyKey="call-2").is_hit


def test_a_repeated_request_of_an_erased_caller_still_counts_once(caller: Admin, service: Service) -> None:
    caller.do("wallet.erase", wallet=WALLET)
    again = service.send(SESSION, inboundNumber=PHONE_NUMBER, idempotencyKey="call-3")

    assert again.is_hit
    assert again.json["callSession"]["inboundNumber"] == erasure.ERASED
    assert len(service.items("CALL_SESSIONS_TABLE")) == 3


def test_pin_and_phone_number_of_an_erased_caller_can_be_given_to_another(caller: Admin, service: Service) -> None:
    caller.do("wallet.erase", wallet=WALLET)
    caller.do("wallet.create", applicationId="1288", pin=PIN, phoneNumber=PHONE_NUMBER)

    assert service.send(BY_PIN, pin=PIN).tokens == 0
    assert audit(service.store).problems == []


@pytest.mark.parametrize("command", ["wallet.change", "wallet.unblock", "wallet.adjust", "wallet.refund"])
def test_an_erased_wallet_is_not_changed(caller: Admin, command: str) -> None:
    caller.do("wallet.erase", wallet=WALLET)
    further: dict[str, dict[str, Any]] = {
        "wallet.change": {"pin": PIN},
        "wallet.adjust": {"amount": 1, "reason": REASON},
        "wallet.refund": {"seq": 2, "reason": REASON},
    }

    assert caller.fail(command, "k", wallet=WALLET, **further.get(command, {})) == ("refused", "wallet")


def test_erasing_in_parts_erases_everything(caller: Admin, service: Service) -> None:
    first, *others = in_parts(caller, "wallet.erase", wallet=WALLET)

    assert (first["callSessions"], first["storedAnswers"], len(others)) == (2, 0, 1)
    assert_erased(service)


def test_an_interrupted_erasing_is_completed_by_the_next(caller: Admin, service: Service) -> None:
    with wire.before("Scan", lambda: (_ for _ in ()).throw(RuntimeError("a crash"))):
        crashed = caller.fail("wallet.erase", wallet=WALLET)
    hidden = service.send(BY_PIN, pin=PIN).refusal
    caller.do("wallet.erase", wallet=WALLET)

    assert crashed == ("internal_error", "")
    assert hidden == (30, "unknown_pin")
    assert_erased(service)


def test_an_erased_caller_may_be_erased_again(caller: Admin, service: Service) -> None:
    caller.do("wallet.erase", wallet=WALLET)
    before = everything(service)

    assert caller.do("wallet.erase", wallet=WALLET) == {**WALLET, "callSessions": 0, "storedAnswers": 0, "next": None}
    assert everything(service) == before


def test_a_debit_just_before_erasing_is_in_the_erased_balance(caller: Admin, service: Service) -> None:
    with wire.before("TransactWriteItems", lambda: service.send(SUBTRACT, pin=PIN, tokens=20)):
        caller.do("wallet.erase", wallet=WALLET)

    assert caller.do("wallet.show", wallet=WALLET)["tokens"] == 50
    assert_erased(service)


def test_a_call_in_progress_keeps_a_wallet_from_being_erased(caller: Admin, service: Service) -> None:
    service.store.update_item(
        TableName=service.tables["WALLETS_TABLE"],
        Key={"applicationId": {"S": "1288"}, "walletKey": {"S": wallets.pin_key(PIN)}},
        UpdateExpression="SET held = :held",
        ExpressionAttributeValues={":held": {"N": "10"}},
    )

    assert caller.fail("wallet.erase", wallet=WALLET) == ("refused", "wallet")
    assert service.send(BY_PIN, pin=PIN).code == 20


def test_what_comes_back_by_a_restore_is_erased_again(caller: Admin, service: Service) -> None:
    tables = ("WALLETS_TABLE", "CALL_SESSIONS_TABLE", "IDEMPOTENCY_KEYS_TABLE")
    stored = everything(service)
    caller.do("wallet.erase", wallet=WALLET)
    restore(service, stored, *tables)
    found = service.send(BY_PIN, pin=PIN).code
    repeated = in_parts(caller, "erasure.repeat")

    assert found == 20
    assert [sum(part[name] for part in repeated) for name in ("wallets", "callSessions", "storedAnswers")] == [1, 2, 2]
    assert_erased(service)
    assert caller.do("erasure.repeat") == {"wallets": 0, "callSessions": 0, "storedAnswers": 0, "next": None}


@pytest.mark.parametrize("table", ["WALLETS_TABLE", "CALL_SESSIONS_TABLE", "IDEMPOTENCY_KEYS_TABLE"])
def test_each_table_that_is_restored_alone_is_erased_again(caller: Admin, service: Service, table: str) -> None:
    stored = everything(service)
    caller.do("wallet.erase", wallet=WALLET)
    restore(service, stored, table)
    caller.do("erasure.repeat")

    assert_erased(service)


def test_the_memory_of_what_was_erased_holds_digests_and_times_and_nothing_else(
    caller: Admin, service: Service
) -> None:
    caller.do("wallet.erase", wallet=WALLET)
    memory = service.items("ERASURES_TABLE")

    assert len(memory) == 5
    for item in memory:
        assert item.keys() == {"digest", "erased"}
        assert item["digest"]["S"].startswith("1:")
        assert len(item["digest"]["S"]) == 66


@pytest.mark.parametrize("content", ["x", None, [], ["agents", None], ["callSessions", 1], [["callSessions"], None]])
def test_a_next_that_is_none_of_ours_is_refused_and_erases_nothing(
    admin: Admin, service: Service, content: Any
) -> None:
    start = base64.urlsafe_b64encode(json.dumps(content).encode()).decode()
    before = everything(service)

    for command in ("wallet.erase", "wallet.export"):
        for text in (start, "x", "é"):
            assert admin.fail(command, wallet=WALLET, next=text) == ("invalid_request", "next")
    assert admin.fail("erasure.repeat", next=start) == ("invalid_request", "next")
    assert everything(service) == before
