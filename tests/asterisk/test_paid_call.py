"""The complete paid call, in every way that it can go, and what it leaves in the store."""

from __future__ import annotations

import math
import re
import time

import pytest

from tests.asterisk.pbx import Pbx
from tests.asterisk.service import AGENTS_HASH, BALANCE, CALLER, CREDIT_HASH, PIN, SERVICE_NUMBER, Service
from tests.asterisk.slow_door import Door

_STRANGER = "31699999999"
_SHARING = "000038"
_ALONE = "000968"
_TPM = 90
_TYPES_PIN = "D(ww695334#)"
_TYPES_WRONG_PINS = "D(ww111111#wwwwwwww222222#wwwwwwww333333#)"
_TYPES_WRONG_PIN_FIRST = "D(ww111111#wwwwwwww695334#)"
_LONGER_THAN_PATIENCE = 6.0

_BY_REF = "RouteControllerUpdateUserStatus"
_BY_LINE = "RouteControllerUpdateUserStatusByLineSharing"


def _settings(
    ref: str = _SHARING, caller: str = CALLER, does: str = "", agent: str = "talks", talks: int = 2
) -> dict[str, str]:
    return {
        "REF": ref,
        "CALLER": caller,
        "CALLER_DOES": does,
        "PATIENCE": "25",
        "AGENT": agent,
        "AGENT_TALKS": str(talks),
    }


def _assert_paid_call(api: Service, ref: str, inbound_number: str) -> None:
    """One session, one debit of its price, the agent free again."""
    (session,) = api.sessions()
    assert session["ref"] == ref
    assert session["dialStatus"] == "answer"
    assert session["inboundNumber"] == inbound_number
    assert session["dialedNumber"] == SERVICE_NUMBER
    price = math.ceil(int(session["duration"]) * _TPM / 60)
    assert price > 0
    (entry,) = api.ledger()
    assert entry["source"].lower().startswith("subtract")
    assert int(entry["amount"]) == -price
    assert api.balance() == BALANCE - price
    _assert_taken_and_free(api, ref)


def _assert_unpaid_call(api: Service, ref: str, dial_status: str) -> None:
    """One session, nothing debited, the agent free again."""
    (session,) = api.sessions()
    assert session["dialStatus"] == dial_status
    assert session["duration"] == "0"
    _assert_nothing_debited(api)
    _assert_taken_and_free(api, ref)


def _assert_taken_and_free(api: Service, ref: str) -> None:
    handler = _BY_LINE if ref == _SHARING else _BY_REF
    assert api.status_changes(ref)[-2:] == [("inConversation", handler), ("online", handler)]
    assert api.status(ref) == "online"


def _assert_nothing_debited(api: Service) -> None:
    assert api.ledger() == []
    assert api.balance() == BALANCE


def _assert_nothing_happened(api: Service) -> None:
    assert api.sessions() == []
    _assert_nothing_debited(api)
    assert api.status_changes(_SHARING) == []
    assert len(api.status_changes(_ALONE)) == 1


def _traces(said: str) -> list[str]:
    """What the kit wrote into the log, without Asterisk's own word on the step that wrote it."""
    lines = [line for line in said.splitlines() if "Executing" not in line]
    return re.findall(r"paidline ((?:UNDELIVERED|DELIVERED|REFUSED|ABANDONED) .+)", "\n".join(lines))


# Answered


def test_caller_known_by_number_pays_for_an_answered_call(asterisk: Pbx, api: Service) -> None:
    asterisk.call(SERVICE_NUMBER, "callers", **_settings())

    _assert_paid_call(api, _SHARING, CALLER)


def test_caller_known_by_pin_pays_for_an_answered_call(asterisk: Pbx, api: Service) -> None:
    asterisk.call(SERVICE_NUMBER, "callers", **_settings(_ALONE, _STRANGER, _TYPES_PIN))

    _assert_paid_call(api, _ALONE, _STRANGER)


def test_caller_who_withholds_the_number_pays_by_pin(asterisk: Pbx, api: Service) -> None:
    asterisk.call(SERVICE_NUMBER, "callers", **_settings(caller="anonymous", does=_TYPES_PIN))

    _assert_paid_call(api, _SHARING, "anonymous")


def test_caller_who_mistypes_the_pin_once_gets_through(asterisk: Pbx, api: Service) -> None:
    asterisk.call(SERVICE_NUMBER, "callers", **_settings(caller=_STRANGER, does=_TYPES_WRONG_PIN_FIRST))

    _assert_paid_call(api, _SHARING, _STRANGER)


def test_caller_who_hangs_up_during_the_talk_pays_for_it(asterisk: Pbx, api: Service) -> None:
    asterisk.call(SERVICE_NUMBER, "callers", **_settings(does="S(2)", talks=20))

    _assert_paid_call(api, _SHARING, CALLER)


def test_call_may_last_as_long_as_the_tokens_do(asterisk: Pbx, api: Service) -> None:
    with asterisk.calling(SERVICE_NUMBER, "callers", **_settings(talks=3)) as end:
        dial = asterisk.wait_for_channel(r"!paidline-call!.*!Dial!")
        end()

    assert f"!Local/31612345678@agents/n,30,gL({BALANCE * 60000 // _TPM})!" in dial


def test_agent_who_takes_a_break_during_the_talk_is_left_in_it(asterisk: Pbx, api: Service) -> None:
    with asterisk.calling(SERVICE_NUMBER, "callers", **_settings(_ALONE, talks=5)) as end:
        asterisk.wait_for_channel("!agents!.*!Wait!")
        api.ask_agents("updateStatusByRef", ref=_ALONE, status="pause")
        end()

    assert api.status(_ALONE) == "pause"
    assert len(api.ledger()) == 1


# Not answered


def test_busy_agent_costs_nothing(asterisk: Pbx, api: Service) -> None:
    asterisk.call(SERVICE_NUMBER, "callers", **_settings(agent="busy"))

    _assert_unpaid_call(api, _SHARING, "busy")


def test_congestion_costs_nothing(asterisk: Pbx, api: Service) -> None:
    asterisk.call(SERVICE_NUMBER, "callers", **_settings(_ALONE, agent="fails"))

    _assert_unpaid_call(api, _ALONE, "congestion")


def test_agent_who_does_not_answer_within_the_dial_time_out_costs_nothing(asterisk: Pbx, api: Service) -> None:
    api.set_dial_time_out("968", 2)

    asterisk.call(SERVICE_NUMBER, "callers", **_settings(_ALONE, agent="rings"))

    _assert_unpaid_call(api, _ALONE, "noanswer")


def test_caller_who_hangs_up_while_it_rings_pays_nothing(asterisk: Pbx, api: Service) -> None:
    asterisk.call(SERVICE_NUMBER, "callers", **_settings(agent="rings") | {"PATIENCE": "2"})

    _assert_unpaid_call(api, _SHARING, "cancel")


def test_caller_who_hangs_up_while_the_agent_is_being_taken_leaves_the_agent_free(
    asterisk: Pbx, api: Service, door: Door
) -> None:
    door.hold("updateStatusByLineSharing", 2.0, times=1)

    asterisk.call(SERVICE_NUMBER, "callers", **_settings() | {"PATIENCE": "1"})

    assert api.sessions() == []
    _assert_nothing_debited(api)
    _assert_taken_and_free(api, _SHARING)


# Refused


def test_caller_with_three_wrong_pins_is_refused(asterisk: Pbx, api: Service) -> None:
    said = asterisk.call(SERVICE_NUMBER, "callers", **_settings(caller=_STRANGER, does=_TYPES_WRONG_PINS))

    assert said.count("test-wrong-pin") >= 3
    _assert_nothing_happened(api)


def test_caller_whose_number_carries_json_is_asked_for_the_pin(asterisk: Pbx, api: Service) -> None:
    said = asterisk.call("hostile", "callers", **_settings(does=_TYPES_PIN))

    assert "syntax error" not in said
    _assert_paid_call(api, _SHARING, "anonymous")


def test_caller_with_too_few_tokens_for_a_minute_is_refused(asterisk: Pbx, api: Service) -> None:
    api.ask_credit("subtractTokensFromWallet", dialedNumber=SERVICE_NUMBER, pin=PIN, tokens=str(BALANCE - _TPM + 1))

    said = asterisk.call(SERVICE_NUMBER, "callers", **_settings())

    assert "test-too-few-tokens" in said
    assert api.sessions() == []
    assert api.ledger() == []
    assert api.balance() == _TPM - 1
    assert api.status_changes(_SHARING) == []


@pytest.mark.parametrize("status", ["inConversation", "pause", "offline"])
def test_caller_hears_that_an_agent_who_is_not_online_is_unavailable(status: str, asterisk: Pbx, api: Service) -> None:
    api.ask_agents("updateStatusByRef", ref=_ALONE, status=status)

    said = asterisk.call(SERVICE_NUMBER, "callers", **_settings(_ALONE))

    assert "test-agent-unavailable" in said
    assert api.sessions() == []
    _assert_nothing_debited(api)
    assert api.status_changes(_ALONE)[1:] == [(status, _BY_REF)]


def test_caller_hears_of_a_fault_when_the_ref_is_unknown(asterisk: Pbx, api: Service) -> None:
    said = asterisk.call(SERVICE_NUMBER, "callers", **_settings("4711"))

    assert "test-fault" in said
    _assert_nothing_happened(api)


# API down or slow


def test_caller_hears_of_a_fault_when_the_api_is_down(asterisk: Pbx, api: Service) -> None:
    api.kill()

    said = asterisk.call(SERVICE_NUMBER, "callers", **_settings())

    api.start()
    assert "test-fault" in said
    _assert_nothing_happened(api)


def test_caller_hears_of_a_fault_when_the_api_is_slow(asterisk: Pbx, api: Service, door: Door) -> None:
    door.hold("getWalletByDialedNumberAndInboundNumber", _LONGER_THAN_PATIENCE, times=1)

    said = asterisk.call(SERVICE_NUMBER, "callers", **_settings())

    assert "test-fault" in said
    _assert_nothing_happened(api)


def test_caller_hears_of_a_fault_and_is_not_asked_for_the_pin_when_the_api_answers_503(
    asterisk: Pbx, api: Service, door: Door
) -> None:
    door.fail("getWalletByDialedNumberAndInboundNumber", times=1)

    said = asterisk.call(SERVICE_NUMBER, "callers", **_settings(does=_TYPES_PIN))

    assert "test-fault" in said
    _assert_nothing_happened(api)


def test_call_is_settled_when_the_api_answers_503_at_its_end(asterisk: Pbx, api: Service, door: Door) -> None:
    door.fail("subtractTokensFromWallet", times=2)
    door.fail("byRef", times=1)
    with asterisk.calling(SERVICE_NUMBER, "callers", **_settings(talks=3)) as end:
        asterisk.wait_for_channel("!agents!.*!Wait!")
        door.fail("updateStatusByLineSharing", times=1)
        said = end()

    # Notices, as of what was delivered in the end, need not be in what `call` prints.
    assert [trace.split()[0] for trace in _traces(said) if not trace.startswith("DELIVERED")] == ["UNDELIVERED"] * 3
    _assert_paid_call(api, _SHARING, CALLER)


def test_agent_is_freed_when_the_answer_that_took_them_is_lost(asterisk: Pbx, api: Service, door: Door) -> None:
    door.hold("updateStatusByLineSharing", _LONGER_THAN_PATIENCE, times=1)

    said = asterisk.call(SERVICE_NUMBER, "callers", **_settings())

    assert "test-fault" in said
    assert api.sessions() == []
    _assert_nothing_debited(api)
    _assert_taken_and_free(api, _SHARING)


def test_debit_whose_answer_is_lost_is_sent_again_and_made_once(asterisk: Pbx, api: Service, door: Door) -> None:
    door.hold("subtractTokensFromWallet", _LONGER_THAN_PATIENCE, times=2)

    said = asterisk.call(SERVICE_NUMBER, "callers", **_settings())

    assert [endpoint for endpoint, _ in door.requests].count("subtractTokensFromWallet") == 3
    assert next(trace.split()[:2] for trace in _traces(said)) == ["UNDELIVERED", "subtract"]
    _assert_paid_call(api, _SHARING, CALLER)


def test_session_whose_answer_is_lost_is_sent_again_and_made_once(asterisk: Pbx, api: Service, door: Door) -> None:
    door.hold("byRef", _LONGER_THAN_PATIENCE, times=1)

    asterisk.call(SERVICE_NUMBER, "callers", **_settings())

    assert [endpoint for endpoint, _ in door.requests].count("byRef") == 2
    _assert_paid_call(api, _SHARING, CALLER)


@pytest.mark.parametrize("ref", [_SHARING, _ALONE])
def test_call_is_settled_when_the_api_comes_back_after_it_went_down_in_mid_call(
    ref: str, asterisk: Pbx, api: Service
) -> None:
    with asterisk.calling(SERVICE_NUMBER, "callers", **_settings(ref, talks=4)) as end:
        asterisk.wait_for_channel("!agents!.*!Wait!")
        api.kill()
        asterisk.wait_for_channel("!paidline-retry!")
        time.sleep(2)
        api.start()
        said = end()

    assert [trace.split()[:2] for trace in _traces(said) if trace.startswith("UNDELIVERED")] == [
        ["UNDELIVERED", "release"],
        ["UNDELIVERED", "session"],
        ["UNDELIVERED", "subtract"],
    ]
    _assert_paid_call(api, ref, CALLER)


def test_agent_is_freed_when_the_api_goes_down_while_it_rings(asterisk: Pbx, api: Service) -> None:
    with asterisk.calling(SERVICE_NUMBER, "callers", **_settings(agent="rings") | {"PATIENCE": "4"}) as end:
        asterisk.wait_for_channel("!agents!.*!Wait!")
        api.kill()
        asterisk.wait_for_channel("!paidline-retry!")
        api.start()
        end()

    _assert_unpaid_call(api, _SHARING, "cancel")


def test_debit_that_was_abandoned_can_be_replayed_from_its_trace_and_is_made_once(asterisk: Pbx, api: Service) -> None:
    asterisk.cli("dialplan set global PAIDLINE_RETRY_FOR 2")
    with asterisk.calling(SERVICE_NUMBER, "callers", **_settings(talks=4)) as end:
        asterisk.wait_for_channel("!agents!.*!Wait!")
        api.kill()
        said = end()
    api.start()
    _assert_nothing_debited(api)

    traces = [trace for trace in _traces(said) if trace.startswith("ABANDONED")]
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
    with asterisk.calling(SERVICE_NUMBER, "callers", **_settings(talks=4)) as end:
        asterisk.wait_for_channel("!agents!.*!Wait!")
        api.kill()
        said = end()

    traces = "\n".join(_traces(said))
    assert "UNDELIVERED subtract" in traces
    for secret in (AGENTS_HASH, CREDIT_HASH, PIN, CALLER):
        assert secret not in traces
    assert AGENTS_HASH not in said
    assert CREDIT_HASH not in said
