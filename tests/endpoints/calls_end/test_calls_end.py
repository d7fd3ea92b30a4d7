"""calls/end: prices, agents who have left the call's hands, repetitions, late ends and times."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest

from paidline.management.verification import verify
from tests.support import wire
from tests.support.agents import rows_of, status_of
from tests.support.api import Api
from tests.support.metrics import counted
from tests.support.paid_calls import LIVE, NEW

BEGIN, END, SYNC = "calls_begin", "calls_end", "calls_sync"
UPDATE, SUBTRACT, ADD = "update_status_by_ref", "subtract_tokens_from_wallet", "add_tokens_to_wallet"


def begin(api: Api, **changes: Any) -> None:
    assert api.request(BEGIN, **changes).reason is None


def end(api: Api, **changes: Any) -> Any:
    answer = api.request(END, callId=NEW, **changes)
    assert answer.reason is None
    return answer.json


def held(api: Api) -> tuple[str, str]:
    wallet = api.store.item("WALLETS_TABLE", walletId="6254")
    return wallet["tokens"], wallet.get("held", "0")


def test_it_charges_the_talk_releases_the_rest_and_frees_the_agent(api: Api) -> None:
    begin(api, maxSeconds="600")
    ended = end(api, duration="61")

    assert (ended["tokensCharged"], ended["tokens"], ended["uncollectedTokens"]) == ("92", "1879", "0")
    assert held(api) == ("1879", "0")
    assert status_of(api, "38") == "online"
    assert [(row["status"], row["handler"]) for row in rows_of(api, "38")] == [
        ("online", END),
        ("inConversation", BEGIN),
    ]
    session = api.store.item("CALL_SESSIONS_TABLE", id=ended["callSession"]["id"])
    assert (session["ref"], session["userId"], session["duration"], session["tpm"]) == ("000038", "194", "61", "90")
    entry = api.store.item("WALLET_LEDGER_TABLE", walletId="6254", seq="3")
    assert (entry["kind"], entry["amount"], entry["balance"], entry["callId"]) == ("charge", "-92", "1879", NEW)
    assert not verify(api.store.client, os.environ).problems


@pytest.mark.parametrize(
    ("increments", "duration", "price"),
    [
        ("1/1", 0, 0),
        ("1/1", 1, 2),
        ("1/1", 2, 3),
        ("60/60", 0, 0),
        ("60/60", 1, 90),
        ("60/60", 60, 90),
        ("60/60", 61, 180),
        ("30/6", 1, 45),
        ("30/6", 30, 45),
        ("30/6", 31, 54),
        ("30/6", 36, 54),
        ("30/6", 37, 63),
    ],
)
def test_every_increment_that_was_begun_is_charged(api: Api, increments: str, duration: int, price: int) -> None:
    number = {"dialedNumber": {"S": "14620905014"}}
    api.store.change("DIALED_NUMBERS_TABLE", number, "billingIncrements", {"S": increments})
    begin(api)

    assert end(api, duration=duration)["tokensCharged"] == str(price)


def test_a_call_that_was_not_answered_costs_nothing_and_its_release_is_in_the_ledger(api: Api) -> None:
    begin(api)
    ended = end(api, dialStatus="NOANSWER", duration="0")

    assert (ended["tokensCharged"], ended["tokens"], ended["callSession"]["dialStatus"]) == ("0", "1971", "noanswer")
    entry = api.store.item("WALLET_LEDGER_TABLE", walletId="6254", seq="3")
    assert (entry["kind"], entry["amount"], entry["balance"]) == ("release", "0", "1971")


def test_talk_beyond_what_was_held_is_uncollected_though_the_wallet_could_pay(api: Api) -> None:
    begin(api, maxSeconds="60")
    ended = end(api, duration="120")

    assert (ended["tokensCharged"], ended["tokens"], ended["uncollectedTokens"]) == ("90", "1881", "90")


def test_tokens_that_nobody_paid_are_counted_once_and_none_is_not(api: Api, logged: Callable[[], str]) -> None:
    begin(api, maxSeconds="60")
    api.request(BEGIN, callId="paid", ref="000968", maxSeconds="60")
    logged()

    end(api, duration="120")
    assert counted(logged(), "UncollectedTokens") == [90.0]
    end(api, duration="120")
    api.request(END, callId="paid", duration="60")
    assert counted(logged(), "UncollectedTokens") == []


@pytest.mark.parametrize("status", ["pause", "offline", "online", "inConversation"])
def test_an_agent_who_has_chosen_a_status_meanwhile_keeps_it(api: Api, status: str) -> None:
    begin(api)
    api.request(UPDATE, ref="38", status=status)
    rows = rows_of(api, "38")
    end(api)

    assert status_of(api, "38") == status
    assert rows_of(api, "38") == rows


def test_an_agent_who_moved_to_another_line_meanwhile_is_free_again(api: Api) -> None:
    begin(api)
    api.store.change("AGENTS_TABLE", {"refKey": {"S": "38"}}, "outboundNumber", {"S": "31600000009"})
    end(api)

    assert status_of(api, "38") == "online"


def test_an_agent_who_is_gone_does_not_keep_the_call_open(api: Api) -> None:
    begin(api)
    table = api.store.service.environment["AGENTS_TABLE"]
    api.store.client.delete_item(TableName=table, Key={"refKey": {"S": "38"}})

    assert end(api, duration="1")["tokensCharged"] == "2"


def test_the_price_is_the_one_at_the_beginning(api: Api) -> None:
    begin(api)
    api.store.change("AGENTS_TABLE", {"refKey": {"S": "38"}}, "tpm", {"N": "9000"})
    ended = end(api, duration="60")

    assert (ended["tokensCharged"], ended["callSession"]["tpm"]) == ("90", "90")


def test_the_same_request_again_gets_the_same_answer_and_other_contents_are_invalid(api: Api) -> None:
    begin(api)
    first, again = (api.request(END, callId=NEW) for _ in range(2))

    assert first.body == again.body
    assert (first.is_hit, again.is_hit) == (False, True)
    assert api.request(END, callId=NEW, duration="62").refusal == (10, "call_already_ended")
    assert api.request(END, callId=NEW, dialStatus="ANSWERED").refusal == (10, "call_already_ended")
    assert held(api) == ("1879", "0")


def test_an_end_after_the_expiry_is_paid_from_what_is_available_then(api: Api, monkeypatch: Any) -> None:
    begin(api)
    expire(api, monkeypatch)
    assert (held(api), status_of(api, "38")) == (("1971", "0"), "online")
    api.request(SUBTRACT, tokens=1921)
    rows = rows_of(api, "38")
    ended = end(api, duration="60")

    assert (ended["tokensCharged"], ended["tokens"], ended["uncollectedTokens"]) == ("50", "0", "40")
    assert rows_of(api, "38") == rows
    assert api.store.item("CALLS_TABLE", callId=NEW)["state"] == "ended"
    assert not verify(api.store.client, os.environ).problems


def expire(api: Api, monkeypatch: Any) -> None:
    monkeypatch.setenv("CALL_SYNC_GRACE_S", "0")
    assert api.request(SYNC, callIds=LIVE).json["expiredCalls"] == "1"


def test_an_end_after_the_expiry_does_not_touch_the_agents_next_call(api: Api, monkeypatch: Any) -> None:
    begin(api, maxSeconds="60")
    expire(api, monkeypatch)
    assert api.request(BEGIN, callId="next", maxSeconds="60").reason is None
    end(api, duration="60")

    assert status_of(api, "38") == "inConversation"
    assert held(api) == ("1881", "90")


def test_a_late_end_of_an_empty_wallet_writes_the_session_and_no_entry(api: Api, monkeypatch: Any) -> None:
    begin(api)
    expire(api, monkeypatch)
    api.request(SUBTRACT, tokens=1971)
    entries = len(api.store.items("WALLET_LEDGER_TABLE"))
    ended = end(api, duration="60")

    assert (ended["tokensCharged"], ended["tokens"], ended["uncollectedTokens"]) == ("0", "0", "90")
    assert len(api.store.items("WALLET_LEDGER_TABLE")) == entries


def test_a_wallet_that_has_another_pin_by_then_leaves_the_price_uncollected(api: Api, monkeypatch: Any) -> None:
    begin(api)
    expire(api, monkeypatch)
    table = api.store.service.environment["WALLETS_TABLE"]
    key = {"applicationId": {"S": "1288"}, "walletKey": {"S": "pin#695334#695334"}}
    api.store.client.delete_item(TableName=table, Key=key)
    ended = end(api, duration="60")

    assert (ended["tokensCharged"], ended["uncollectedTokens"]) == ("0", "90")


def test_another_wallet_that_has_its_pin_by_then_is_not_charged(api: Api, monkeypatch: Any) -> None:
    begin(api)
    expire(api, monkeypatch)
    key = {"applicationId": {"S": "1288"}, "walletKey": {"S": "pin#695334#695334"}}
    api.store.change("WALLETS_TABLE", key, "walletId", {"S": "9999"})
    ended = end(api, duration="60")

    assert (ended["tokensCharged"], ended["uncollectedTokens"]) == ("0", "90")
    assert api.store.item("WALLETS_TABLE", walletId="9999")["tokens"] == "1971"


def test_a_call_of_an_agent_without_a_price_ends_without_an_entry(api: Api) -> None:
    api.store.change("AGENTS_TABLE", {"refKey": {"S": "38"}}, "tpm", {"N": "0"})
    begin(api)
    ended = end(api, duration="600")

    assert (ended["tokensCharged"], ended["tokens"], ended["uncollectedTokens"]) == ("0", "1971", "0")
    assert status_of(api, "38") == "online"


def test_the_end_of_another_pbx_is_of_another_call(api: Api) -> None:
    begin(api)

    assert api.request(END, callId=NEW, pbx="pbx2").refusal == (30, "unknown_call")


def test_a_hash_that_does_not_open_the_application_ends_nothing(api: Api) -> None:
    from admin import data

    client = {"authenticationHash": "other", "scope": "calls", "applicationIds": ["1"]}
    data.load(api.store.client, {"apiClients": [client]})
    begin(api)

    assert api.request(END, callId=NEW, authenticationHash="other").refusal == (40, "unauthorized")
    assert api.request(BEGIN, callId="c-2", authenticationHash="other").refusal == (40, "unauthorized")


@pytest.mark.parametrize(
    ("times", "shown"),
    [
        ({"startTime": None, "endTime": "2042-01-01 12:01:02"}, ("*", "2042-01-01 12:01:02")),
        ({"startTime": "2042-01-01 12:00:01", "endTime": None}, ("2042-01-01 12:00:01", "2042-01-01 12:00:01")),
        ({"startTime": None, "endTime": "2012-01-01 12:00:00"}, ("2012-01-01 12:00:00", "2012-01-01 12:00:00")),
    ],
)
def test_a_time_that_is_left_out_is_the_services_and_never_contradicts_the_other(
    api: Api, times: dict[str, str | None], shown: tuple[str, str]
) -> None:
    begin(api)
    session = end(api, **times)["callSession"]

    assert session["endTime"] == shown[1]
    assert shown[0] in ("*", session["startTime"])
    assert session["startTime"] <= session["endTime"]


def test_an_end_before_its_start_is_invalid(api: Api) -> None:
    assert api.request(END, endTime="2042-01-01 12:00:00").refusal == (10, "end_before_start")


def test_a_movement_just_before_does_not_disturb_the_end(engine_api: Api) -> None:
    begin(engine_api, maxSeconds="60")
    with wire.before("TransactWriteItems", lambda: engine_api.request(ADD, tokens=29)):
        ended = end(engine_api, duration="60")

    assert (ended["tokensCharged"], ended["tokens"]) == ("90", "1910")
    assert not verify(engine_api.store.client, os.environ).problems


def test_a_rival_end_just_before_gets_the_only_effect_and_the_same_answer(engine_api: Api) -> None:
    begin(engine_api)
    with wire.before("TransactWriteItems", lambda: engine_api.request(END, callId=NEW)):
        answer = engine_api.request(END, callId=NEW)

    assert answer.is_hit
    assert held(engine_api) == ("1879", "0")
    assert len(engine_api.store.items("CALL_SESSIONS_TABLE")) == 1


def test_an_expiry_just_before_makes_the_end_a_late_one(engine_api: Api, monkeypatch: Any) -> None:
    begin(engine_api, maxSeconds="60")
    with wire.before("TransactWriteItems", lambda: expire(engine_api, monkeypatch)):
        ended = end(engine_api, duration="120")

    # A late end is not limited to what was held: all of the balance is available again.
    assert (ended["tokensCharged"], ended["uncollectedTokens"]) == ("180", "0")
    assert held(engine_api) == ("1791", "0")
    assert status_of(engine_api, "38") == "online"


def test_of_two_ends_that_move_nothing_only_one_has_an_effect(engine_api: Api) -> None:
    key = {"callId": {"S": LIVE}, "pbx": {"S": "pbx1"}}
    for name in ("tpm", "held"):
        engine_api.store.change("CALLS_TABLE", key, name, {"N": "0"})
    with wire.before("TransactWriteItems", lambda: engine_api.request(END)):
        answer = engine_api.request(END)

    # Neither a wallet nor an agent has changed: only the call's own state tells.
    assert answer.is_hit
    assert len(engine_api.store.items("CALL_SESSIONS_TABLE")) == 1
