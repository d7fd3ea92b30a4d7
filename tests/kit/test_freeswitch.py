"""FreeSWITCH's script of a paid call in two requests, run by a real Lua against the real engine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from paidline import errors
from tests.kit import freeswitch
from tests.kit.freeswitch import HASH, PBX, Agent, Caller, FreeSwitch
from tests.support.api import Api

_CALL, _NUMBER, _BALANCE = "11111111-2222-3333-4444-000000000001", "31688006395", 1971


@pytest.fixture(name="pbx")
def _pbx(engine_api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FreeSwitch:
    monkeypatch.setenv("CALL_SYNC_GRACE_S", "0")
    return FreeSwitch(engine_api, tmp_path)


def _caller(number: str = _NUMBER) -> Caller:
    return Caller(_CALL, number)


def _call(pbx: FreeSwitch) -> dict[str, Any]:
    return pbx.api.store.item("CALLS_TABLE", callId=_CALL, pbx=PBX)


def _session(pbx: FreeSwitch) -> dict[str, Any]:
    return pbx.api.store.item("CALL_SESSIONS_TABLE", ref="000038")


def assert_nothing_taken(pbx: FreeSwitch, charged: int = 0) -> None:
    assert pbx.api.store.item("AGENTS_TABLE", ref="000038")["status"] == "online"
    wallet = pbx.api.store.item("WALLETS_TABLE", pin="695334")
    assert int(wallet["tokens"]) == _BALANCE - charged
    assert int(wallet.get("held", 0)) == 0


def assert_nothing_begun(pbx: FreeSwitch) -> None:
    assert_nothing_taken(pbx)
    assert [call for call in pbx.api.store.items("CALLS_TABLE") if call["pbx"] == PBX] == []
    assert pbx.files() == []


def test_talk_is_charged_by_the_second_and_ends_with_the_tokens(pbx: FreeSwitch) -> None:
    caller = _caller()

    pbx.call(caller, Agent(), talks_s=10.9)

    assert pbx.requests == ["begin", "end"]
    assert pbx.dialed == ["{originate_timeout=30}sofia/gateway/trunk/31612345678"]
    assert pbx.commands == ["sched_hangup +1314 agents-leg allotted_timeout"]
    session = _session(pbx)
    assert (session["dialStatus"], session["duration"], session["inboundNumber"]) == ("answer", "10", _NUMBER)
    assert session["startTime"] <= session["endTime"]
    assert_nothing_taken(pbx, charged=15)
    assert _call(pbx)["state"] == "ended"
    assert caller.causes == ["NORMAL_CLEARING"]
    assert pbx.files() == []


@pytest.mark.parametrize(
    ("cause", "dial_status"),
    [
        ("USER_BUSY", "busy"),
        ("NO_ANSWER", "noanswer"),
        ("ORIGINATOR_CANCEL", "cancel"),
        ("GATEWAY_DOWN", "chanunavail"),
    ],
)
def test_call_that_is_not_answered_costs_nothing(cause: str, dial_status: str, pbx: FreeSwitch) -> None:
    pbx.call(_caller(), Agent(cause))

    assert (_session(pbx)["dialStatus"], _session(pbx)["duration"]) == (dial_status, "0")
    assert_nothing_taken(pbx)


def test_voicemail_that_does_not_press_1_costs_nothing(pbx: FreeSwitch) -> None:
    pbx.call(_caller(), Agent(), talks_s=60, press_1='"press-1.wav"')

    assert (_session(pbx)["dialStatus"], _session(pbx)["duration"]) == ("noanswer", "0")
    assert_nothing_taken(pbx)


def test_agent_who_presses_1_is_paid(pbx: FreeSwitch) -> None:
    pbx.call(_caller(), Agent(digit="1"), talks_s=2, press_1='"press-1.wav"')

    assert_nothing_taken(pbx, charged=3)


@pytest.mark.parametrize(
    ("number", "cause", "is_asked"),
    [
        ("31699999999", "CALL_REJECTED", True),
        ("anonymous", "CALL_REJECTED", False),
        ('3168","pin":"695334', "CALL_REJECTED", False),
    ],
)
def test_caller_who_has_no_wallet_is_refused(number: str, cause: str, is_asked: bool, pbx: FreeSwitch) -> None:
    caller = _caller(number)

    pbx.call(caller, Agent())

    assert pbx.requests == ["begin"] * is_asked
    assert caller.causes == [cause]
    assert_nothing_begun(pbx)


def test_caller_hears_busy_when_the_agent_is_not_online(pbx: FreeSwitch) -> None:
    pbx.api.request("update_status_by_ref", ref="38", status="pause")
    caller = _caller()

    pbx.call(caller, Agent())

    assert pbx.requests == ["begin"]
    assert caller.causes == ["USER_BUSY"]
    assert pbx.files() == []


def test_call_begins_once_when_the_answer_to_begin_is_lost(pbx: FreeSwitch) -> None:
    pbx.lost["begin"] = 1

    pbx.call(_caller(), Agent(), talks_s=2)

    assert pbx.requests == ["begin", "begin", "end"]
    assert_nothing_taken(pbx, charged=3)


def test_agent_is_freed_when_no_answer_to_begin_arrives(pbx: FreeSwitch) -> None:
    pbx.lost["begin"] = 2

    pbx.call(_caller(), Agent(), talks_s=2)

    assert pbx.dialed == []
    assert _session(pbx)["dialStatus"] == "cancel"
    assert_nothing_taken(pbx)


def test_end_that_fails_is_kept_and_sent_by_the_next_synchronisation(pbx: FreeSwitch) -> None:
    pbx.faults["end"] = 1
    pbx.call(_caller(), Agent(), talks_s=2)
    assert pbx.files() == [_CALL]

    pbx.synchronise()

    assert pbx.requests == ["begin", "end", "sync", "end"]
    assert_nothing_taken(pbx, charged=3)
    assert pbx.files() == []


def test_end_of_a_call_that_never_began_is_dropped(pbx: FreeSwitch) -> None:
    pbx.faults.update(begin=2, end=1)
    pbx.call(_caller(), Agent())

    pbx.synchronise()

    assert pbx.log == [f"warning paidline UNDELIVERED end callId:{_CALL}\n"]
    assert_nothing_begun(pbx)


def _leave_open(pbx: FreeSwitch) -> None:
    """A call that began, as it is while its script dials or after FreeSWITCH has died."""
    pbx.faults["end"] = 1
    pbx.call(_caller(), Agent(), talks_s=2)
    (pbx.folder / _CALL).write_text("", encoding="utf-8")
    assert _call(pbx)["state"] == "open"


def test_call_that_lives_is_named_and_stays_open(pbx: FreeSwitch) -> None:
    def synchronise() -> None:
        pbx.synchronise()
        assert _call(pbx)["state"] == "open"

    pbx.call(_caller(), Agent(), talks_s=2, meanwhile=synchronise)

    assert pbx.requests == ["begin", "sync", "end"]
    assert_nothing_taken(pbx, charged=3)


def test_call_whose_end_still_fails_is_named_and_stays_open(pbx: FreeSwitch) -> None:
    pbx.faults["end"] = 2
    pbx.call(_caller(), Agent(), talks_s=2)

    pbx.synchronise()

    assert _call(pbx)["state"] == "open"
    assert pbx.files() == [_CALL]


def test_call_that_freeswitch_did_not_survive_is_let_go(pbx: FreeSwitch) -> None:
    _leave_open(pbx)

    pbx.synchronise()

    assert _call(pbx)["state"] == "expired"
    assert_nothing_taken(pbx)
    assert pbx.files() == []


def test_every_fault_of_the_service_is_a_reason_to_send_again() -> None:
    source = freeswitch.SCRIPT.read_text(encoding="utf-8")
    named = source.partition("local faults = {")[2].partition("}")[0]
    faults = {fault.reason for fault in _with_subclasses(errors.ServerError)}

    assert {word.strip() for word in named.replace("= true", "").split(",") if word.strip()} == faults | {
        "unauthorized"
    }


def _with_subclasses(cls: type[errors.ServerError]) -> list[type[errors.ServerError]]:
    return [cls, *(found for child in cls.__subclasses__() for found in _with_subclasses(child))]


def test_log_has_no_hash_and_no_number(pbx: FreeSwitch) -> None:
    pbx.faults.update(end=1, sync=1)
    pbx.call(_caller(), Agent(), talks_s=2)

    pbx.synchronise()

    assert len(pbx.log) == 2
    assert not [line for line in pbx.log if HASH in line or _NUMBER in line]
