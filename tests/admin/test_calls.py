"""call.settle: what a late end would do, by an operator's word, once."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest

from paidline.management.verification import verify
from tests.admin.test_protocol import audit_lines
from tests.support import wire
from tests.support.admin import Admin
from tests.support.agents import rows_of, status_of
from tests.support.api import Api
from tests.support.metrics import counted
from tests.support.paid_calls import LIVE, NEW, PBX

BEGIN, END, SYNC, SUBTRACT = "calls_begin", "calls_end", "calls_sync", "subtract_tokens_from_wallet"
REASON = "PBX died"
SETTLE = {"callId": NEW, "pbx": PBX, "duration": 61, "reason": REASON}


@pytest.fixture
def admin(engine_api: Api) -> Admin:
    """The admin function on the example data, with the call of the documented request begun."""
    assert engine_api.request(BEGIN).reason is None
    return Admin()


@pytest.fixture
def expired(engine_api: Api, admin: Admin, monkeypatch: pytest.MonkeyPatch) -> Admin:
    """The same, when the call has expired."""
    monkeypatch.setenv("CALL_SYNC_GRACE_S", "0")
    assert engine_api.request(SYNC, callIds=LIVE).json["expiredCalls"] == "1"
    return admin


def wallet(api: Api) -> tuple[str, str]:
    item = api.store.item("WALLETS_TABLE", walletId="6254")
    return item["tokens"], item.get("held", "0")


def test_an_expired_call_is_charged_and_recorded_with_operator_and_reason(engine_api: Api, expired: Admin) -> None:
    settled = expired.do("call.settle", **SETTLE)

    session = engine_api.store.item("CALL_SESSIONS_TABLE", id=str(settled.pop("callSessionId")))
    assert settled == {
        "callId": NEW,
        "pbx": PBX,
        "applicationId": "1288",
        "walletId": "6254",
        "ref": "000038",
        "duration": 61,
        "tokensCharged": 92,
        "uncollectedTokens": 0,
        "tokens": 1879,
    }
    assert (session["duration"], session["dialStatus"], session["tpm"]) == ("61", "answer", "90")
    entry = engine_api.store.item("WALLET_LEDGER_TABLE", callId=NEW, kind="charge")
    assert (entry["source"], entry["amount"], entry["operator"], entry["reason"]) == (
        "call.settle",
        "-92",
        "anna",
        REASON,
    )
    call = engine_api.store.item("CALLS_TABLE", callId=NEW)
    assert (call["state"], call["ending"]["reason"]["S"]) == ("ended", REASON)
    assert wallet(engine_api) == ("1879", "0")
    assert not verify(engine_api.store.client, os.environ).problems


def test_the_price_is_taken_from_what_is_available_and_the_rest_is_counted_as_uncollected(
    engine_api: Api, expired: Admin, logged: Callable[[], str]
) -> None:
    engine_api.request(SUBTRACT, tokens=1921)
    logged()
    settled = expired.do("call.settle", **SETTLE)

    assert (settled["tokensCharged"], settled["uncollectedTokens"], settled["tokens"]) == (50, 42, 0)
    assert counted(logged(), "UncollectedTokens") == [42.0]
    assert not expired.do("call.settle", **SETTLE)["tokens"]
    assert "UncollectedTokens" not in logged()


def test_a_call_without_a_charge_keeps_operator_and_reason_itself(engine_api: Api, expired: Admin) -> None:
    expired.do("call.settle", **SETTLE | {"duration": 0, "dialStatus": "NOANSWER"})

    assert not [item for item in engine_api.store.items("WALLET_LEDGER_TABLE") if item.get("kind") == "charge"]
    ending = engine_api.store.item("CALLS_TABLE", callId=NEW)["ending"]
    assert (ending["operator"]["S"], ending["reason"]["S"], ending["dialStatus"]["S"]) == ("anna", REASON, "noanswer")


def test_sent_again_it_answers_the_same_and_otherwise_it_is_refused(engine_api: Api, expired: Admin) -> None:
    first = expired.do("call.settle", **SETTLE)

    assert expired.do("call.settle", **SETTLE) == first
    assert expired.do("call.settle", "a-key", **SETTLE) == first
    for changes in ({"duration": 62}, {"reason": "another"}, {"dialStatus": "BUSY"}):
        assert expired.fail("call.settle", **SETTLE | changes) == ("refused", "callId")
    assert wallet(engine_api) == ("1879", "0")
    assert engine_api.request(END, callId=NEW).refusal == (10, "call_already_ended")


def test_a_call_that_its_pbx_has_ended_is_refused(engine_api: Api, admin: Admin) -> None:
    engine_api.request(END, callId=NEW)

    assert admin.fail("call.settle", **SETTLE) == ("refused", "callId")


def test_an_open_call_is_refused_unless_it_is_known_to_be_over(engine_api: Api, admin: Admin) -> None:
    assert admin.fail("call.settle", **SETTLE) == ("refused", "callId")
    assert status_of(engine_api, "38") == "inConversation"
    settled = admin.do("call.settle", **SETTLE, open=True)

    assert (settled["tokensCharged"], wallet(engine_api)) == (92, ("1879", "0"))
    assert (status_of(engine_api, "38"), rows_of(engine_api, "38")[0]["handler"]) == ("online", "call.settle")


def test_a_call_that_nobody_has_begun_is_not_found(admin: Admin, logged: Callable[[], str]) -> None:
    logged()
    assert admin.fail("call.settle", **SETTLE | {"callId": "31688006395"}) == ("not_found", "callId")
    assert admin.fail("call.settle", **SETTLE | {"pbx": "pbx2"}) == ("not_found", "callId")
    assert "31688006395" not in logged()


@pytest.mark.parametrize("reason", ["asked by 31688006395", "PIN 695334", "a1@a12.com complained"])
def test_a_reason_that_names_the_caller_is_refused(engine_api: Api, expired: Admin, reason: str) -> None:
    assert expired.fail("call.settle", **SETTLE | {"reason": reason}) == ("refused", "reason")
    assert wallet(engine_api) == ("1971", "0")


def test_a_reason_that_names_the_number_of_the_call_is_refused(engine_api: Api, expired: Admin) -> None:
    key = {"callId": {"S": NEW}, "pbx": {"S": PBX}}
    engine_api.store.change("CALLS_TABLE", key, "inboundNumber", {"S": "31600000042"})

    assert expired.fail("call.settle", **SETTLE | {"reason": "31600000042 died"}) == ("refused", "reason")


def test_a_withheld_number_may_be_a_reason(engine_api: Api, expired: Admin) -> None:
    key = {"callId": {"S": NEW}, "pbx": {"S": PBX}}
    engine_api.store.change("CALLS_TABLE", key, "inboundNumber", {"S": "anonymous"})

    assert expired.do("call.settle", **SETTLE | {"reason": "anonymous caller, PBX died"})


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"duration": -1}, "duration"),
        ({"duration": None}, "duration"),
        ({"reason": ""}, "reason"),
        ({"callId": "a b"}, "callId"),
        ({"dialStatus": "answer"}, "dialStatus"),
        ({"startTime": "2026-02-30 12:00:00"}, "startTime"),
        ({"startTime": "2026-11-25 12:00:01", "endTime": "2026-11-25 12:00:00"}, "endTime"),
        ({"open": "yes"}, "open"),
    ],
)
def test_arguments_that_are_malformed_are_refused(expired: Admin, changes: dict[str, Any], field: str) -> None:
    assert expired.fail("call.settle", **SETTLE | changes) == ("invalid_request", field)


def test_times_that_are_given_are_those_of_the_call_session(engine_api: Api, expired: Admin) -> None:
    times = {"startTime": "2026-11-25 12:00:00", "endTime": "2026-11-25 12:02:00"}
    session_id = expired.do("call.settle", **SETTLE | times)["callSessionId"]

    session = engine_api.store.item("CALL_SESSIONS_TABLE", id=str(session_id))
    assert (session["startTime"], session["endTime"]) == tuple(times.values())


def test_a_late_end_just_before_wins(engine_api: Api, expired: Admin) -> None:
    with wire.before("TransactWriteItems", lambda: engine_api.request(END, callId=NEW, duration=60)):
        assert expired.fail("call.settle", **SETTLE) == ("refused", "callId")

    assert wallet(engine_api) == ("1881", "0")
    assert len(engine_api.store.items("CALL_SESSIONS_TABLE")) == 1


def test_a_movement_just_before_is_taken_into_account(engine_api: Api, expired: Admin) -> None:
    with wire.before("TransactWriteItems", lambda: engine_api.request(SUBTRACT, tokens=1921)):
        settled = expired.do("call.settle", **SETTLE)

    assert (settled["tokensCharged"], settled["uncollectedTokens"]) == (50, 42)
    assert not verify(engine_api.store.client, os.environ).problems


def test_the_audit_line_names_the_call_and_nothing_personal(expired: Admin, logged: Callable[[], str]) -> None:
    logged()
    expired.do("call.settle", **SETTLE)
    expired.do("call.settle", **SETTLE)
    written = logged()
    first, again = audit_lines(written)

    assert first["target"] == {
        "applicationId": "1288",
        "walletId": "6254",
        "ref": "000038",
        "callId": NEW,
        "pbx": PBX,
    }
    assert (first["outcome"], again["outcome"]) == ("ok", "replayed")
    assert not [text for text in (REASON, "31688006395", "695334", "a1@a12.com") if text in written]
