"""calls/begin: what it takes and holds, the order of its checks, repetitions, and races for an agent or a wallet."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from paidline.domain.calls.terms import MAX_AGENTS_PER_CALL
from paidline.management.verification import verify
from tests.support import wire
from tests.support.agents import agent_item, rows_of, status_of
from tests.support.api import Api
from tests.support.paid_calls import BLOCKED_PIN, NEW, POOR_PIN

BEGIN, END, BY_PIN = "calls_begin", "calls_end", "get_wallet_by_dialed_number_and_pin"
UPDATE, SUBTRACT = "update_status_by_ref", "subtract_tokens_from_wallet"
NAUGHT = "0" * 64
LINE = "31612345678"


def sharing(api: Api, user_id: int, status: str, **changes: Any) -> str:
    """One more agent on the line of agent 38, who shares it; returns the ref."""
    ref = str(user_id)
    item = agent_item(api, refKey={"S": ref}, userId={"N": ref}, ref={"S": ref}, status={"S": status}, **changes)
    api.store.put("AGENTS_TABLE", item)
    return ref


def wallet(api: Api) -> dict[str, Any]:
    return api.store.item("WALLETS_TABLE", walletId="6254")


def test_it_takes_the_agent_with_a_row_in_the_log_and_holds_the_tokens_in_the_ledger(api: Api) -> None:
    begun = api.request(BEGIN, maxSeconds="600").json["call"]

    assert (begun["tokens"], begun["heldTokens"], begun["maxSeconds"]) == ("1071", "900", "600")
    assert begun["maxMilliseconds"] == "600000"
    (row,) = rows_of(api, "38")
    assert (row["status"], row["handler"]) == ("inConversation", BEGIN)
    assert status_of(api, "38") == "inConversation"
    assert (wallet(api)["tokens"], wallet(api)["held"]) == ("1971", "900")
    entry = api.store.item("WALLET_LEDGER_TABLE", walletId="6254", seq="2")
    assert (entry["kind"], entry["amount"], entry["balance"], entry["held"]) == ("hold", "0", "1971", "900")
    assert entry["callId"] == NEW
    assert not verify(api.store.client, os.environ).problems


def test_documented_requests_show_and_spend_only_what_is_available(api: Api) -> None:
    api.request(BEGIN, maxSeconds="600")

    assert api.request(BY_PIN).tokens == 1071
    assert api.request(SUBTRACT, tokens=1072).refusal == (30, "insufficient_tokens")
    assert api.request(SUBTRACT, tokens=1071).tokens == 0
    assert wallet(api)["tokens"] == "900"
    assert not verify(api.store.client, os.environ).problems


# Each request is wrong in several ways; the answer is that of the check that comes first.
@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"authenticationHash": NAUGHT, "maxSeconds": "0"}, (10, "invalid:maxSeconds")),
        ({"authenticationHash": NAUGHT, "maxSeconds": "86401"}, (10, "invalid:maxSeconds")),
        ({"authenticationHash": NAUGHT, "callId": "x" * 65}, (10, "invalid:callId")),
        ({"authenticationHash": NAUGHT, "callId": "a,b"}, (10, "invalid:callId")),
        ({"authenticationHash": NAUGHT, "ref": "99"}, (40, "unauthorized")),
        ({"ref": "99", "dialedNumber": "1"}, (200, "unknown_ref")),
        ({"ref": "99", "inboundNumber": "anonymous"}, (200, "unknown_ref")),
        ({"ref": "99", "pin": "1"}, (200, "unknown_ref")),
        ({"dialedNumber": "1", "pin": "1"}, (307, "unknown_dialed_number")),
        ({"ref": "2", "pin": "1"}, (30, "unknown_pin")),
        ({"ref": "2", "inboundNumber": "1"}, (30, "unknown_inbound_number")),
        ({"ref": "2", "inboundNumber": "anonymous"}, (30, "unknown_inbound_number")),
        ({"ref": "2", "pin": BLOCKED_PIN}, (30, "wallet_blocked")),
        ({"ref": "2", "pin": POOR_PIN}, (30, "insufficient_tokens")),
        ({"ref": "2"}, (30, "agent_unavailable")),
    ],
)
def test_the_first_check_that_fails_decides_and_nothing_changes_but_the_count_of_wrong_pins(
    api: Api, changes: dict[str, Any], refusal: tuple[int, str]
) -> None:
    before = api.store.contents("WRONG_PINS_TABLE")

    answer = api.request(BEGIN, **changes)

    assert answer.refusal == refusal
    assert answer.json["reason"] == refusal[1]
    assert api.store.contents("WRONG_PINS_TABLE") == before


def test_the_pin_goes_before_the_callers_number(api: Api) -> None:
    assert api.request(BEGIN, pin="695334", inboundNumber="anonymous").json["call"]["walletId"] == "6254"


@pytest.mark.parametrize(
    ("increments", "tokens", "seconds"),
    [
        ("1/1", 1, None),
        ("1/1", 2, 1),
        ("1/1", 3, 2),
        ("60/60", 89, None),
        ("60/60", 90, 60),
        ("60/60", 179, 60),
        ("60/60", 180, 120),
        ("30/6", 44, None),
        ("30/6", 45, 30),
        ("30/6", 53, 30),
        ("30/6", 54, 36),
    ],
)
def test_the_talk_is_as_long_as_whole_increments_are_paid_for(
    api: Api, increments: str, tokens: int, seconds: int | None
) -> None:
    number = {"dialedNumber": {"S": "14620905014"}}
    api.store.change("DIALED_NUMBERS_TABLE", number, "billingIncrements", {"S": increments})
    api.request(SUBTRACT, tokens=1971 - tokens)

    answer = api.request(BEGIN)

    if seconds is None:
        assert answer.refusal == (30, "insufficient_tokens")
    else:
        assert (answer.json["call"]["maxSeconds"], answer.json["call"]["heldTokens"]) == (str(seconds), str(tokens))


def test_an_agent_without_a_price_costs_and_holds_nothing(api: Api) -> None:
    api.store.change("AGENTS_TABLE", {"refKey": {"S": "38"}}, "tpm", {"N": "0"})

    begun = api.request(BEGIN, pin=POOR_PIN).json["call"]

    assert (begun["tpm"], begun["heldTokens"], begun["tokens"], begun["maxSeconds"]) == ("0", "0", "1", "14400")


def test_the_others_of_a_line_are_taken_if_they_are_online_and_else_stay_as_they_are(api: Api) -> None:
    refs = [sharing(api, 500, "online"), sharing(api, 501, "pause"), sharing(api, 502, "offline")]
    alone = sharing(api, 503, "online", lineSharing={"BOOL": False})

    assert api.request(BEGIN).reason is None
    assert [status_of(api, ref) for ref in ("38", *refs)] == ["inConversation", "inConversation", "pause", "offline"]
    assert status_of(api, alone) == "online"

    api.request(END, callId=NEW)
    assert [status_of(api, ref) for ref in ("38", *refs)] == ["online", "online", "pause", "offline"]


def test_a_line_is_busy_as_soon_as_one_of_its_agents_is_in_a_conversation(api: Api) -> None:
    sharing(api, 500, "inConversation")
    before = api.store.contents()

    answer = api.request(BEGIN)

    assert answer.body == '{"status":0,"message":"failed","code":30,"reason":"line_busy"}'
    assert answer.reason == "line_busy"
    assert api.store.contents() == before


def test_a_line_is_not_busy_by_an_agent_who_does_not_share_it(api: Api) -> None:
    sharing(api, 500, "inConversation", lineSharing={"BOOL": False})

    assert api.request(BEGIN).reason is None


def test_an_agent_on_a_break_who_starts_to_talk_just_before_makes_the_line_busy(engine_api: Api) -> None:
    ref = sharing(engine_api, 500, "pause")
    with wire.before(
        "TransactWriteItems",
        lambda: engine_api.store.change("AGENTS_TABLE", {"refKey": {"S": ref}}, "status", {"S": "inConversation"}),
    ):
        answer = engine_api.request(BEGIN)

    assert answer.refusal == (30, "line_busy")
    assert status_of(engine_api, "38") == "online"


def test_as_many_agents_share_a_line_as_fit_in_a_transaction(engine_api: Api) -> None:
    for number in range(MAX_AGENTS_PER_CALL - 1):
        sharing(engine_api, 500 + number, "online")
    assert engine_api.request(BEGIN).reason is None
    assert engine_api.request(END, callId=NEW).reason is None
    assert status_of(engine_api, "500") == status_of(engine_api, "38") == "online"

    sharing(engine_api, 700, "online")
    assert engine_api.request(BEGIN, callId="c-2").refusal == (30, "too_many_on_line")


def test_the_same_request_again_gets_the_same_answer_also_after_the_end(api: Api) -> None:
    first = api.request(BEGIN)
    again = api.request(BEGIN, ref="38")
    api.request(END, callId=NEW)
    after = api.request(BEGIN)

    assert first.body == again.body == after.body
    assert [answer.is_hit for answer in (first, again, after)] == [False, True, True]
    assert status_of(api, "38") == "online"


@pytest.mark.parametrize("changes", [{"maxSeconds": "60"}, {"inboundNumber": "31688006396"}, {"ref": "968"}])
def test_the_same_id_with_other_contents_is_invalid(api: Api, changes: dict[str, str]) -> None:
    api.request(BEGIN)

    assert api.request(BEGIN, **changes).refusal == (10, "call_id_reused")


def test_another_pbx_may_use_the_same_id(api: Api) -> None:
    api.request(BEGIN, maxSeconds="60")

    assert api.request(BEGIN, pbx="pbx2", ref="968", maxSeconds="60").reason is None
    assert {item["pbx"] for item in api.store.items("PBXS_TABLE")} == {"pbx1", "pbx2"}


def test_a_rival_who_takes_the_agent_just_before_makes_them_unavailable(engine_api: Api) -> None:
    with wire.before("TransactWriteItems", lambda: engine_api.request(BEGIN, callId="rival", maxSeconds="60")):
        answer = engine_api.request(BEGIN, maxSeconds="60")

    assert answer.refusal == (30, "agent_unavailable")
    assert wallet(engine_api)["held"] == "90"


def test_a_rival_who_spends_the_tokens_just_before_is_seen(engine_api: Api) -> None:
    with wire.before("TransactWriteItems", lambda: engine_api.request(SUBTRACT, tokens=1900)):
        begun = engine_api.request(BEGIN).json["call"]

    assert (begun["tokens"], begun["heldTokens"], begun["maxSeconds"]) == ("0", "71", "47")


def test_of_many_callers_of_one_agent_at_one_moment_one_gets_through(engine_api: Api) -> None:
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda n: engine_api.request(BEGIN, callId=f"c-{n}", maxSeconds="60"), range(32)))

    assert sorted(answer.reason or "" for answer in answers) == ["", *["agent_unavailable"] * 31]
    assert wallet(engine_api)["held"] == "90"
    assert not verify(engine_api.store.client, os.environ).problems


def test_of_many_calls_on_one_wallet_as_many_begin_as_it_can_pay(engine_api: Api) -> None:
    refs = [sharing(engine_api, 600 + n, "online", lineSharing={"BOOL": False}) for n in range(30)]
    with ThreadPoolExecutor(16) as pool:
        answers = list(
            pool.map(lambda ref: engine_api.request(BEGIN, callId=f"c-{ref}", ref=ref, maxSeconds="60"), refs)
        )
    begun = [int(answer.json["call"]["heldTokens"]) for answer in answers if answer.reason is None]

    # 21 whole minutes, and the rest is less than a minute but more than a second.
    assert len(begun) == 22
    assert sum(begun) == 1971
    assert {answer.reason for answer in answers} == {None, "insufficient_tokens"}
    assert not verify(engine_api.store.client, os.environ).problems
