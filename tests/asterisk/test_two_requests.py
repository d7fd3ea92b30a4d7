"""The paid call in two requests: what each way of ending leaves of agent, tokens, session and call."""

from __future__ import annotations

import math

import pytest

from tests.asterisk import scenario
from tests.asterisk.pbx import Pbx
from tests.asterisk.service import BALANCE, CALLER, CALLS_HASH, PIN, SERVICE_NUMBER, Service
from tests.asterisk.slow_door import Door

_TYPES_WRONG_PINS = "D(ww111111#wwwwwwww222222#wwwwwwww333333#)"
_TYPES_WRONG_PIN_FIRST = "D(ww111111#wwwwwwww695334#)"
_LONGER_THAN_PATIENCE = 6.0


def assert_ended(api: Service, ref: str, dial_status: str, *, inbound_number: str = CALLER) -> None:
    """One session and its price; agent free, nothing held, call ended."""
    (session,) = api.sessions()
    assert session["ref"] == ref
    assert session["dialStatus"] == dial_status
    assert session["inboundNumber"] == inbound_number
    assert session["dialedNumber"] == SERVICE_NUMBER
    assert session["startTime"] <= session["endTime"]
    price = math.ceil(int(session["duration"]) * scenario.TPM / 60)
    assert (price > 0) == (dial_status == "answer")
    assert api.movements() == [("hold", 0), ("charge", -price) if price else ("release", 0)]
    assert api.balance() == BALANCE - price
    scenario.assert_free(api, ref)
    (call,) = api.calls()
    assert call["state"] == "ended"


# Answered


def test_caller_known_by_number_pays_for_the_talk(asterisk: Pbx, api: Service) -> None:
    asterisk.call(SERVICE_NUMBER, "paid-callers", **scenario.settings())

    assert_ended(api, scenario.SHARING, "answer")


def test_caller_known_by_pin_pays_for_the_talk_and_not_for_the_ringing(asterisk: Pbx, api: Service) -> None:
    asterisk.call(
        SERVICE_NUMBER,
        "paid-callers",
        **scenario.settings(scenario.ALONE, scenario.STRANGER, scenario.TYPES_PIN, agent="hesitates"),
    )

    assert_ended(api, scenario.ALONE, "answer", inbound_number=scenario.STRANGER)
    (session,) = api.sessions()
    assert int(session["duration"]) < 5


def test_caller_who_withholds_the_number_pays_by_pin(asterisk: Pbx, api: Service) -> None:
    asterisk.call(SERVICE_NUMBER, "paid-callers", **scenario.settings(caller="anonymous", does=scenario.TYPES_PIN))

    assert_ended(api, scenario.SHARING, "answer", inbound_number="anonymous")


def test_caller_who_mistypes_the_pin_once_gets_through(asterisk: Pbx, api: Service) -> None:
    asterisk.call(
        SERVICE_NUMBER, "paid-callers", **scenario.settings(caller=scenario.STRANGER, does=_TYPES_WRONG_PIN_FIRST)
    )

    assert_ended(api, scenario.SHARING, "answer", inbound_number=scenario.STRANGER)


def test_caller_who_hangs_up_during_the_talk_pays_for_it(asterisk: Pbx, api: Service) -> None:
    asterisk.call(SERVICE_NUMBER, "paid-callers", **scenario.settings(does="S(2)", talks=20))

    assert_ended(api, scenario.SHARING, "answer")


def test_agent_is_taken_and_tokens_are_held_while_they_talk(asterisk: Pbx, api: Service) -> None:
    with asterisk.calling(SERVICE_NUMBER, "paid-callers", **scenario.settings(talks=4)) as end:
        asterisk.wait_for_channel("!agents!.*!Wait!")
        dial = asterisk.wait_for_channel("!paidline-paid-call!.*!Dial!")
        assert api.status(scenario.SHARING) == "inConversation"
        assert api.held() == BALANCE
        end()

    assert f"!Local/31612345678@agents/n,30,gL({BALANCE * 60 // scenario.TPM * 1000}:60000)" in dial
    assert_ended(api, scenario.SHARING, "answer")


def test_talk_ends_when_all_that_was_held_is_talked_away(asterisk: Pbx, api: Service) -> None:
    _leave(api, tokens=5)

    asterisk.call(SERVICE_NUMBER, "paid-callers", **scenario.settings(talks=20))

    (session,) = api.sessions()
    assert session["dialStatus"] == "answer"
    assert 3 <= int(session["duration"]) <= 4
    assert api.movements() == [("hold", 0), ("charge", -5)]
    assert api.balance() == 0
    scenario.assert_free(api, scenario.SHARING)


def test_agent_who_takes_a_break_during_the_talk_is_left_in_it(asterisk: Pbx, api: Service) -> None:
    with asterisk.calling(SERVICE_NUMBER, "paid-callers", **scenario.settings(scenario.ALONE, talks=4)) as end:
        asterisk.wait_for_channel("!agents!.*!Wait!")
        api.ask_agents("updateStatusByRef", ref=scenario.ALONE, status="pause")
        end()

    assert api.status(scenario.ALONE) == "pause"
    assert [kind for kind, _ in api.movements()] == ["hold", "charge"]
    assert len(api.sessions()) == 1


# Not answered


@pytest.mark.parametrize(("agent", "dial_status"), [("busy", "busy"), ("fails", "congestion")])
def test_agent_who_cannot_be_reached_costs_nothing(agent: str, dial_status: str, asterisk: Pbx, api: Service) -> None:
    said = asterisk.call(SERVICE_NUMBER, "paid-callers", **scenario.settings(agent=agent))

    assert "test-agent-unavailable" in said
    assert_ended(api, scenario.SHARING, dial_status)


def test_agent_who_does_not_answer_within_the_dial_time_out_costs_nothing(asterisk: Pbx, api: Service) -> None:
    api.set_dial_time_out("968", 2)

    said = asterisk.call(SERVICE_NUMBER, "paid-callers", **scenario.settings(scenario.ALONE, agent="rings"))

    assert "test-agent-unavailable" in said
    assert_ended(api, scenario.ALONE, "noanswer")


def test_caller_who_hangs_up_while_it_rings_pays_nothing(asterisk: Pbx, api: Service) -> None:
    asterisk.call(SERVICE_NUMBER, "paid-callers", **scenario.settings(agent="rings") | {"PATIENCE": "2"})

    assert_ended(api, scenario.SHARING, "cancel")


def test_caller_who_hangs_up_while_the_agent_is_being_taken_leaves_the_agent_free(
    asterisk: Pbx, api: Service, door: Door
) -> None:
    door.hold("begin", 2.0, times=1)

    asterisk.call(SERVICE_NUMBER, "paid-callers", **scenario.settings() | {"PATIENCE": "1"})

    assert_ended(api, scenario.SHARING, "cancel")


# An agent's telephone that asks to press 1


@pytest.mark.parametrize(
    ("agent", "patience", "dial_status"),
    [
        ("voicemail", "40", "noanswer"),
        ("hangsUp", "25", "noanswer"),
        ("declines", "25", "busy"),
        ("voicemail", "3", "cancel"),
    ],
)
def test_talk_that_nobody_accepts_costs_nothing(
    agent: str, patience: str, dial_status: str, asterisk: Pbx, api: Service
) -> None:
    asterisk.call(
        SERVICE_NUMBER,
        "paid-callers",
        PAIDLINE_ACCEPT="yes",
        **scenario.settings(agent=agent) | {"PATIENCE": patience},
    )

    assert_ended(api, scenario.SHARING, dial_status)


def test_agent_who_accepts_is_paid_from_then_on(asterisk: Pbx, api: Service) -> None:
    asterisk.call(SERVICE_NUMBER, "paid-callers", PAIDLINE_ACCEPT="yes", **scenario.settings(agent="accepts"))

    assert_ended(api, scenario.SHARING, "answer")
    (session,) = api.sessions()
    assert int(session["duration"]) < 4


# Refused: the prompt says why, and nothing is left


def _leave(api: Service, tokens: int) -> None:
    api.ask_credit("subtractTokensFromWallet", dialedNumber=SERVICE_NUMBER, pin=PIN, tokens=str(BALANCE - tokens))


def assert_nothing_begun(api: Service) -> None:
    assert api.calls() == []
    assert api.sessions() == []
    assert api.movements() == []


def test_caller_with_three_wrong_pins_is_refused(asterisk: Pbx, api: Service) -> None:
    said = asterisk.call(
        SERVICE_NUMBER, "paid-callers", **scenario.settings(caller=scenario.STRANGER, does=_TYPES_WRONG_PINS)
    )

    assert said.count("test-wrong-pin") >= 3
    assert_nothing_begun(api)


def test_caller_whose_number_carries_json_is_asked_for_the_pin(asterisk: Pbx, api: Service) -> None:
    said = asterisk.call("hostile", "paid-callers", **scenario.settings(does=scenario.TYPES_PIN))

    assert "syntax error" not in said
    assert_ended(api, scenario.SHARING, "answer", inbound_number="anonymous")


def test_caller_without_tokens_for_the_first_second_hears_so(asterisk: Pbx, api: Service) -> None:
    _leave(api, tokens=1)

    said = asterisk.call(SERVICE_NUMBER, "paid-callers", **scenario.settings())

    assert "test-too-few-tokens" in said
    assert_nothing_begun(api)
    assert api.balance() == 1


@pytest.mark.parametrize("status", ["inConversation", "pause", "offline"])
def test_caller_hears_that_an_agent_who_is_not_online_is_unavailable(
    status: str, asterisk: Pbx, api: Service, door: Door
) -> None:
    api.ask_agents("updateStatusByRef", ref=scenario.ALONE, status=status)

    said = asterisk.call(SERVICE_NUMBER, "paid-callers", **scenario.settings(scenario.ALONE))

    assert "test-agent-unavailable" in said
    assert [endpoint for endpoint, _ in door.requests] == ["begin"]
    assert_nothing_begun(api)
    assert api.status(scenario.ALONE) == status


def test_caller_hears_that_an_agent_whose_line_is_busy_is_unavailable(asterisk: Pbx, api: Service) -> None:
    api.share_line("968", "31612345678")
    api.ask_agents("updateStatusByRef", ref=scenario.ALONE, status="inConversation")

    said = asterisk.call(SERVICE_NUMBER, "paid-callers", **scenario.settings(scenario.SHARING))

    assert "test-agent-unavailable" in said
    assert_nothing_begun(api)
    assert api.status(scenario.SHARING) == "online"


@pytest.mark.parametrize(
    ("setting", "value", "reason"),
    [
        ("REF", "4711", "unknown_ref"),
        ("PAIDLINE_CALLS_HASH", "0" * 64, "unauthorized"),
        ("PAIDLINE_PBX", "two words", "invalid:pbx"),
    ],
)
def test_caller_hears_of_a_fault_and_the_log_says_why_when_the_pbx_asks_in_vain(
    setting: str, value: str, reason: str, asterisk: Pbx, api: Service
) -> None:
    said = asterisk.call(SERVICE_NUMBER, "paid-callers", **scenario.settings() | {setting: value})

    assert "test-fault" in said
    assert f"reason:{reason}" in said
    assert_nothing_begun(api)


def test_caller_hears_of_a_fault_when_the_number_is_no_service_number(asterisk: Pbx, api: Service) -> None:
    said = asterisk.call("misdials", "paid-callers", **scenario.settings())

    assert "test-fault" in said
    assert "reason:unknown_dialed_number" in said
    assert_nothing_begun(api)


def test_caller_hears_of_a_fault_when_the_wallet_is_blocked(asterisk: Pbx, api: Service) -> None:
    api.block_wallet()

    said = asterisk.call(SERVICE_NUMBER, "paid-callers", **scenario.settings())

    assert "test-fault" in said
    assert "reason:wallet_blocked" in said
    assert_nothing_begun(api)


# The service down or slow


def test_call_begins_once_when_the_answer_to_begin_is_lost(asterisk: Pbx, api: Service, door: Door) -> None:
    door.hold("begin", _LONGER_THAN_PATIENCE, times=1)

    asterisk.call(SERVICE_NUMBER, "paid-callers", **scenario.settings())

    assert [endpoint for endpoint, _ in door.requests] == ["begin", "begin", "end"]
    assert_ended(api, scenario.SHARING, "answer")


def test_agent_is_freed_when_no_answer_to_begin_arrives(asterisk: Pbx, api: Service, door: Door) -> None:
    door.hold("begin", _LONGER_THAN_PATIENCE, times=2)

    said = asterisk.call(SERVICE_NUMBER, "paid-callers", **scenario.settings())

    assert "test-fault" in said
    assert_ended(api, scenario.SHARING, "cancel")
    assert asterisk.kept_ends() == []


def test_talk_is_charged_once_when_the_answer_to_end_is_lost(asterisk: Pbx, api: Service, door: Door) -> None:
    door.hold("end", _LONGER_THAN_PATIENCE, times=1)

    said = asterisk.call(SERVICE_NUMBER, "paid-callers", **scenario.settings())

    assert [trace.split()[:2] for trace in scenario.traces(said)] == [["UNDELIVERED", "end"]]
    assert len(asterisk.kept_ends()) == 1
    assert_ended(api, scenario.SHARING, "answer")


def test_log_has_no_hash_pin_or_caller(asterisk: Pbx, api: Service) -> None:
    with asterisk.calling(
        SERVICE_NUMBER, "paid-callers", **scenario.settings(caller=scenario.STRANGER, does=scenario.TYPES_PIN, talks=4)
    ) as end:
        asterisk.wait_for_channel("!agents!.*!Wait!")
        api.kill()
        said = end()

    (kept,) = asterisk.kept_ends()
    traces = "\n".join(scenario.traces(said))
    assert "UNDELIVERED end" in traces
    for secret in (CALLS_HASH, PIN, scenario.STRANGER):
        assert secret not in traces
        assert secret not in kept
    assert CALLS_HASH not in said
