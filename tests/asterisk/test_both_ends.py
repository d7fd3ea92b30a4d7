"""What the caller hears and the agent sees before, during and at the end of a talk, and when the talk begins."""

from __future__ import annotations

import pytest

from tests.asterisk import scenario
from tests.asterisk.pbx import Pbx
from tests.asterisk.service import BALANCE, CALLER, PIN, SERVICE_NUMBER, Service
from tests.asterisk.slow_door import Door


def test_caller_hears_ringing_while_the_api_is_asked(asterisk: Pbx, api: Service, door: Door) -> None:
    door.hold("getWalletByDialedNumberAndInboundNumber", 2.0, times=1)
    with asterisk.calling(SERVICE_NUMBER, "callers", **scenario.settings()) as end:
        asterisk.wait_for_channel(r"^Local/\d+@callers.*;1!.*!Ringing!")
        assert len(door.requests) <= 1
        end()

    scenario.assert_paid_call(api, scenario.SHARING, CALLER)


def test_agent_sees_the_service_number_and_nothing_of_the_caller(asterisk: Pbx, api: Service) -> None:
    said = asterisk.call(SERVICE_NUMBER, "callers", **scenario.settings())

    assert f"AGENT SEES number:{SERVICE_NUMBER} name: connected:" in said
    (session,) = api.sessions()
    assert session["inboundNumber"] == CALLER


def test_agent_sees_the_caller_where_that_is_set(asterisk: Pbx, api: Service) -> None:
    said = asterisk.call(SERVICE_NUMBER, "callers", PAIDLINE_AGENT_SEES="caller", **scenario.settings())

    assert f"AGENT SEES number:{CALLER} " in said


def test_caller_who_typed_the_pin_does_not_pay_for_the_ringing(asterisk: Pbx, api: Service) -> None:
    asterisk.call(
        SERVICE_NUMBER,
        "callers",
        **scenario.settings(caller=scenario.STRANGER, does=scenario.TYPES_PIN, agent="hesitates", talks=2),
    )

    scenario.assert_paid_call(api, scenario.SHARING, scenario.STRANGER)
    (session,) = api.sessions()
    assert int(session["duration"]) < 5


def test_caller_is_warned_before_the_tokens_run_out(asterisk: Pbx, api: Service) -> None:
    api.ask_credit("subtractTokensFromWallet", dialedNumber=SERVICE_NUMBER, pin=PIN, tokens=str(BALANCE - scenario.TPM))

    said = asterisk.call(SERVICE_NUMBER, "callers", PAIDLINE_WARN_AT="58", **scenario.settings(talks=5))

    assert "Unable to open test-warning" in said


def test_caller_is_not_warned_where_that_is_set(asterisk: Pbx, api: Service) -> None:
    api.ask_credit("subtractTokensFromWallet", dialedNumber=SERVICE_NUMBER, pin=PIN, tokens=str(BALANCE - scenario.TPM))

    said = asterisk.call(SERVICE_NUMBER, "callers", PAIDLINE_WARN_AT="0", **scenario.settings(talks=4))

    assert "Unable to open test-warning" not in said


def test_call_across_the_end_of_summer_time_ends_after_it_began(asterisk: Pbx, api: Service) -> None:
    said = asterisk.call("back", "clock")

    assert "ENDED 2026-10-25 02:50:00 to 2026-10-25 03:10:00 duration 1190" in said


# An agent's telephone that asks to press 1


def test_voicemail_costs_nothing_when_the_agent_has_to_accept(asterisk: Pbx, api: Service) -> None:
    said = asterisk.call(
        SERVICE_NUMBER,
        "callers",
        PAIDLINE_ACCEPT="yes",
        **scenario.settings(agent="voicemail") | {"PATIENCE": "40"},
    )

    assert "test-agent-unavailable" in said
    scenario.assert_unpaid_call(api, scenario.SHARING, "noanswer")


def test_agent_who_accepts_is_paid_from_then_on(asterisk: Pbx, api: Service) -> None:
    asterisk.call(SERVICE_NUMBER, "callers", PAIDLINE_ACCEPT="yes", **scenario.settings(agent="accepts", talks=2))

    scenario.assert_paid_call(api, scenario.SHARING, CALLER)
    (session,) = api.sessions()
    assert int(session["duration"]) < 4


def test_agent_who_declines_is_busy(asterisk: Pbx, api: Service) -> None:
    said = asterisk.call(SERVICE_NUMBER, "callers", PAIDLINE_ACCEPT="yes", **scenario.settings(agent="declines"))

    assert "test-agent-unavailable" in said
    scenario.assert_unpaid_call(api, scenario.SHARING, "busy")


def test_agent_who_hangs_up_while_being_asked_has_not_answered(asterisk: Pbx, api: Service) -> None:
    said = asterisk.call(SERVICE_NUMBER, "callers", PAIDLINE_ACCEPT="yes", **scenario.settings(agent="hangsUp"))

    assert "test-agent-unavailable" in said
    scenario.assert_unpaid_call(api, scenario.SHARING, "noanswer")


def test_caller_who_hangs_up_while_the_agent_is_asked_pays_nothing(asterisk: Pbx, api: Service) -> None:
    asterisk.call(
        SERVICE_NUMBER, "callers", PAIDLINE_ACCEPT="yes", **scenario.settings(agent="voicemail") | {"PATIENCE": "3"}
    )

    scenario.assert_unpaid_call(api, scenario.SHARING, "cancel")


@pytest.mark.parametrize("agent", ["talks", "accepts"])
def test_call_leaves_nothing_in_the_journal(agent: str, asterisk: Pbx, api: Service) -> None:
    asterisk.call(SERVICE_NUMBER, "callers", PAIDLINE_ACCEPT="yes", **scenario.settings(agent=agent))

    assert asterisk.journal() == []
    assert "0 results" in asterisk.cli("database show paidline-talk")
