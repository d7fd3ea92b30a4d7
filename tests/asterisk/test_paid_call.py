"""The complete paid call, in every way that it can go, and what it leaves in the store."""

from __future__ import annotations

import re
import time

import pytest

from tests.asterisk import scenario
from tests.asterisk.pbx import Pbx
from tests.asterisk.service import AGENTS_HASH, BALANCE, CALLER, CREDIT_HASH, PIN, SERVICE_NUMBER, Service
from tests.asterisk.slow_door import Door

_TYPES_WRONG_PINS = "D(ww111111#wwwwwwww222222#wwwwwwww333333#)"
_TYPES_WRONG_PIN_FIRST = "D(ww111111#wwwwwwww695334#)"
_LONGER_THAN_PATIENCE = 6.0


# Answered


def test_caller_known_by_number_pays_for_an_answered_call(asterisk: Pbx, api: Service) -> None:
    asterisk.call(SERVICE_NUMBER, "callers", **scenario.settings())

    scenario.assert_paid_call(api, scenario.SHARING, CALLER)


def test_caller_known_by_pin_pays_for_an_answered_call(asterisk: Pbx, api: Service) -> None:
    asterisk.call(SERVICE_NUMBER, "callers", **scenario.settings(scenario.ALONE, scenario.STRANGER, scenario.TYPES_PIN))

    scenario.assert_paid_call(api, scenario.ALONE, scenario.STRANGER)


def test_caller_who_withholds_the_number_pays_by_pin(asterisk: Pbx, api: Service) -> None:
    asterisk.call(SERVICE_NUMBER, "callers", **scenario.settings(caller="anonymous", does=scenario.TYPES_PIN))

    scenario.assert_paid_call(api, scenario.SHARING, "anonymous")


def test_caller_who_mistypes_the_pin_once_gets_through(asterisk: Pbx, api: Service) -> None:
    asterisk.call(SERVICE_NUMBER, "callers", **scenario.settings(caller=scenario.STRANGER, does=_TYPES_WRONG_PIN_FIRST))

    scenario.assert_paid_call(api, scenario.SHARING, scenario.STRANGER)


def test_caller_who_hangs_up_during_the_talk_pays_for_it(asterisk: Pbx, api: Service) -> None:
    asterisk.call(SERVICE_NUMBER, "callers", **scenario.settings(does="S(2)", talks=20))

    scenario.assert_paid_call(api, scenario.SHARING, CALLER)


def test_call_may_last_as_long_as_the_tokens_do(asterisk: Pbx, api: Service) -> None:
    with asterisk.calling(SERVICE_NUMBER, "callers", **scenario.settings(talks=3)) as end:
        dial = asterisk.wait_for_channel(r"!paidline-call!.*!Dial!")
        end()

    assert f"!Local/31612345678@agents/n,30,gL({BALANCE * 60000 // scenario.TPM}:60000)" in dial


def test_agent_who_takes_a_break_during_the_talk_is_left_in_it(asterisk: Pbx, api: Service) -> None:
    with asterisk.calling(SERVICE_NUMBER, "callers", **scenario.settings(scenario.ALONE, talks=5)) as end:
        asterisk.wait_for_channel("!agents!.*!Wait!")
        api.ask_agents("updateStatusByRef", ref=scenario.ALONE, status="pause")
        end()

    assert api.status(scenario.ALONE) == "pause"
    assert len(api.ledger()) == 1


# Not answered


def test_busy_agent_costs_nothing(asterisk: Pbx, api: Service) -> None:
    asterisk.call(SERVICE_NUMBER, "callers", **scenario.settings(agent="busy"))

    scenario.assert_unpaid_call(api, scenario.SHARING, "busy")


def test_congestion_costs_nothing(asterisk: Pbx, api: Service) -> None:
    asterisk.call(SERVICE_NUMBER, "callers", **scenario.settings(scenario.ALONE, agent="fails"))

    scenario.assert_unpaid_call(api, scenario.ALONE, "congestion")


def test_agent_who_does_not_answer_within_the_dial_time_out_costs_nothing(asterisk: Pbx, api: Service) -> None:
    api.set_dial_time_out("968", 2)

    asterisk.call(SERVICE_NUMBER, "callers", **scenario.settings(scenario.ALONE, agent="rings"))

    scenario.assert_unpaid_call(api, scenario.ALONE, "noanswer")


def test_caller_who_hangs_up_while_it_rings_pays_nothing(asterisk: Pbx, api: Service) -> None:
    asterisk.call(SERVICE_NUMBER, "callers", **scenario.settings(agent="rings") | {"PATIENCE": "2"})

    scenario.assert_unpaid_call(api, scenario.SHARING, "cancel")


def test_caller_who_hangs_up_while_the_agent_is_being_taken_leaves_the_agent_free(
    asterisk: Pbx, api: Service, door: Door
) -> None:
    door.hold("updateStatusByLineSharing", 2.0, times=1)

    asterisk.call(SERVICE_NUMBER, "callers", **scenario.settings() | {"PATIENCE": "1"})

    assert api.sessions() == []
    scenario.assert_nothing_debited(api)
    scenario.assert_taken_and_free(api, scenario.SHARING)


# Refused


def test_caller_with_three_wrong_pins_is_refused(asterisk: Pbx, api: Service) -> None:
    said = asterisk.call(
        SERVICE_NUMBER, "callers", **scenario.settings(caller=scenario.STRANGER, does=_TYPES_WRONG_PINS)
    )

    assert said.count("test-wrong-pin") >= 3
    scenario.assert_nothing_happened(api)


def test_caller_whose_number_carries_json_is_asked_for_the_pin(asterisk: Pbx, api: Service) -> None:
    said = asterisk.call("hostile", "callers", **scenario.settings(does=scenario.TYPES_PIN))

    assert "syntax error" not in said
    scenario.assert_paid_call(api, scenario.SHARING, "anonymous")


def test_caller_with_too_few_tokens_for_a_minute_is_refused(asterisk: Pbx, api: Service) -> None:
    api.ask_credit(
        "subtractTokensFromWallet", dialedNumber=SERVICE_NUMBER, pin=PIN, tokens=str(BALANCE - scenario.TPM + 1)
    )

    said = asterisk.call(SERVICE_NUMBER, "callers", **scenario.settings())

    assert "test-too-few-tokens" in said
    assert api.sessions() == []
    assert api.ledger() == []
    assert api.balance() == scenario.TPM - 1
    assert api.status_changes(scenario.SHARING) == []


@pytest.mark.parametrize("status", ["inConversation", "pause", "offline"])
def test_caller_hears_that_an_agent_who_is_not_online_is_unavailable(status: str, asterisk: Pbx, api: Service) -> None:
    api.ask_agents("updateStatusByRef", ref=scenario.ALONE, status=status)

    said = asterisk.call(SERVICE_NUMBER, "callers", **scenario.settings(scenario.ALONE))

    assert "test-agent-unavailable" in said
    assert api.sessions() == []
    scenario.assert_nothing_debited(api)
    assert api.status_changes(scenario.ALONE)[1:] == [(status, scenario.BY_REF)]


def test_caller_hears_of_a_fault_when_the_ref_is_unknown(asterisk: Pbx, api: Service) -> None:
    said = asterisk.call(SERVICE_NUMBER, "callers", **scenario.settings("4711"))

    assert "test-fault" in said
    scenario.assert_nothing_happened(api)


# API down or slow


def test_caller_hears_of_a_fault_when_the_api_is_down(asterisk: Pbx, api: Service) -> None:
    api.kill()

    said = asterisk.call(SERVICE_NUMBER, "callers", **scenario.settings())

    api.start()
    assert "test-fault" in said
    scenario.assert_nothing_happened(api)


def test_caller_hears_of_a_fault_when_the_api_is_slow(asterisk: Pbx, api: Service, door: Door) -> None:
    door.hold("getWalletByDialedNumberAndInboundNumber", _LONGER_THAN_PATIENCE, times=1)

    said = asterisk.call(SERVICE_NUMBER, "callers", **scenario.settings())

    assert "test-fault" in said
    scenario.assert_nothing_happened(api)


def test_caller_hears_of_a_fault_and_is_not_asked_for_the_pin_when_the_api_answers_503(
    asterisk: Pbx, api: Service, door: Door
) -> None:
    door.fail("getWalletByDialedNumberAndInboundNumber", times=1)

    said = asterisk.call(SERVICE_NUMBER, "callers", **scenario.settings(does=scenario.TYPES_PIN))

    assert "test-fault" in said
    scenario.assert_nothing_happened(api)


def test_call_is_settled_when_the_api_answers_503_at_its_end(asterisk: Pbx, api: Service, door: Door) -> None:
    door.fail("subtractTokensFromWallet", times=2)
    door.fail("byRef", times=1)
    with asterisk.calling(SERVICE_NUMBER, "callers", **scenario.settings(talks=3)) as end:
        asterisk.wait_for_channel("!agents!.*!Wait!")
        door.fail("updateStatusByLineSharing", times=1)
        said = end()

    # Notices, as of what was delivered in the end, need not be in what `call` prints.
    said_of = [trace.split()[0] for trace in scenario.traces(said)]
    assert [word for word in said_of if word != "DELIVERED"] == ["UNDELIVERED"] * 3
    scenario.assert_paid_call(api, scenario.SHARING, CALLER)


def test_agent_is_freed_when_the_answer_that_took_them_is_lost(asterisk: Pbx, api: Service, door: Door) -> None:
    door.hold("updateStatusByLineSharing", _LONGER_THAN_PATIENCE, times=1)

    said = asterisk.call(SERVICE_NUMBER, "callers", **scenario.settings())

    assert "test-fault" in said
    assert api.sessions() == []
    scenario.assert_nothing_debited(api)
    scenario.assert_taken_and_free(api, scenario.SHARING)


def test_debit_whose_answer_is_lost_is_sent_again_and_made_once(asterisk: Pbx, api: Service, door: Door) -> None:
    door.hold("subtractTokensFromWallet", _LONGER_THAN_PATIENCE, times=2)

    said = asterisk.call(SERVICE_NUMBER, "callers", **scenario.settings())

    assert [endpoint for endpoint, _ in door.requests].count("subtractTokensFromWallet") == 3
    assert next(trace.split()[:2] for trace in scenario.traces(said)) == ["UNDELIVERED", "subtract"]
    scenario.assert_paid_call(api, scenario.SHARING, CALLER)


def test_session_whose_answer_is_lost_is_sent_again_and_made_once(asterisk: Pbx, api: Service, door: Door) -> None:
    door.hold("byRef", _LONGER_THAN_PATIENCE, times=1)

    asterisk.call(SERVICE_NUMBER, "callers", **scenario.settings())

    assert [endpoint for endpoint, _ in door.requests].count("byRef") == 2
    scenario.assert_paid_call(api, scenario.SHARING, CALLER)


@pytest.mark.parametrize("ref", [scenario.SHARING, scenario.ALONE])
def test_call_is_settled_when_the_api_comes_back_after_it_went_down_in_mid_call(
    ref: str, asterisk: Pbx, api: Service
) -> None:
    with asterisk.calling(SERVICE_NUMBER, "callers", **scenario.settings(ref, talks=4)) as end:
        asterisk.wait_for_channel("!agents!.*!Wait!")
        api.kill()
        asterisk.wait_for_channel("!paidline-retry!")
        time.sleep(2)
        api.start()
        said = end()

    assert [trace.split()[:2] for trace in scenario.traces(said) if trace.startswith("UNDELIVERED")] == [
        ["UNDELIVERED", "release"],
        ["UNDELIVERED", "session"],
        ["UNDELIVERED", "subtract"],
    ]
    scenario.assert_paid_call(api, ref, CALLER)


def test_agent_is_freed_when_the_api_goes_down_while_it_rings(asterisk: Pbx, api: Service) -> None:
    with asterisk.calling(SERVICE_NUMBER, "callers", **scenario.settings(agent="rings") | {"PATIENCE": "4"}) as end:
        asterisk.wait_for_channel("!agents!.*!Wait!")
        api.kill()
        asterisk.wait_for_channel("!paidline-retry!")
        api.start()
        end()

    scenario.assert_unpaid_call(api, scenario.SHARING, "cancel")


def test_debit_that_was_abandoned_can_be_replayed_from_its_trace_and_is_made_once(asterisk: Pbx, api: Service) -> None:
    asterisk.cli("dialplan set global PAIDLINE_RETRY_FOR 2")
    with asterisk.calling(SERVICE_NUMBER, "callers", **scenario.settings(talks=4)) as end:
        asterisk.wait_for_channel("!agents!.*!Wait!")
        api.kill()
        said = end()
    api.start()
    scenario.assert_nothing_debited(api)

    traces = [trace for trace in scenario.traces(said) if trace.startswith("ABANDONED")]
    assert sorted(trace.split()[1] for trace in traces) == ["release", "session", "subtract"]
    (trace,) = (trace for trace in traces if trace.startswith("ABANDONED subtract"))
    fields = dict(re.findall(r"(\w+):(\S+)", trace))
    assert fields["walletId"] == "6254"
    for _ in range(2):
        answer = api.ask_credit(
            "subtractTokensFromWallet",
            dialedNumber=fields["dialedNumber"],
            pin=PIN,
            tokens=fields["tokens"],
            idempotencyKey=fields["idempotencyKey"],
        )
        assert answer["wallet"]["tokens"] == str(BALANCE - int(fields["tokens"]))
    assert len(api.ledger()) == 1


def test_log_has_no_hash_pin_or_caller_when_nothing_can_be_delivered(asterisk: Pbx, api: Service) -> None:
    asterisk.cli("dialplan set global PAIDLINE_RETRY_FOR 2")
    with asterisk.calling(SERVICE_NUMBER, "callers", **scenario.settings(talks=4)) as end:
        asterisk.wait_for_channel("!agents!.*!Wait!")
        api.kill()
        said = end()

    traces = "\n".join(scenario.traces(said))
    assert "UNDELIVERED subtract" in traces
    for secret in (AGENTS_HASH, CREDIT_HASH, PIN, CALLER):
        assert secret not in traces
    assert AGENTS_HASH not in said
    assert CREDIT_HASH not in said
