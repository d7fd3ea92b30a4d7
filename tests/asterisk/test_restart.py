"""Asterisk dies, starts again, and settles what it left."""

from __future__ import annotations

import math
import time
from pathlib import Path

from tests.asterisk import scenario
from tests.asterisk.pbx import Pbx
from tests.asterisk.service import AGENTS_HASH, BALANCE, CALLER, CREDIT_HASH, SERVICE_NUMBER, Service
from tests.asterisk.slow_door import Door

_GUIDE = Path(__file__).resolve().parents[2] / "docs" / "asterisk.md"
# AstDB writes to the disk once a second.
_WRITTEN_SECONDS = 2.5


def _crash_and_start(asterisk: Pbx, url: str) -> None:
    asterisk.crash()
    asterisk.start()
    asterisk.use(url)


def _recover(asterisk: Pbx) -> str:
    return asterisk.call("recover", "paidline-journal")


def _assert_charged_once(api: Service, duration: int) -> None:
    price = math.ceil(duration * scenario.TPM / 60)
    (entry,) = api.ledger()
    assert int(entry["amount"]) == -price
    assert api.balance() == BALANCE - price


def test_call_that_asterisk_died_in_is_settled_up_to_its_last_sign_of_life(asterisk: Pbx, api: Service) -> None:
    began = time.monotonic()
    asterisk.place(SERVICE_NUMBER, "callers", **scenario.settings(talks=60))
    asterisk.wait_for_channel("!agents!.*!Wait!")
    time.sleep(3 + _WRITTEN_SECONDS)
    _crash_and_start(asterisk, api.url)
    longest = time.monotonic() - began
    assert api.status(scenario.SHARING) == "inConversation"

    said = _recover(asterisk)

    (session,) = api.sessions()
    assert session["dialStatus"] == "answer"
    assert session["inboundNumber"] == CALLER
    assert 2 <= int(session["duration"]) <= longest
    _assert_charged_once(api, int(session["duration"]))
    scenario.assert_taken_and_free(api, scenario.SHARING)
    (interrupted,) = (trace for trace in scenario.traces(said) if trace.startswith("INTERRUPTED"))
    assert f" duration:{session['duration']} dialStatus:ANSWER " in interrupted
    assert asterisk.journal() == []


def test_call_that_is_recovered_twice_counts_once(asterisk: Pbx, api: Service) -> None:
    asterisk.place(SERVICE_NUMBER, "callers", **scenario.settings(talks=60))
    asterisk.wait_for_channel("!agents!.*!Wait!")
    time.sleep(_WRITTEN_SECONDS)
    _crash_and_start(asterisk, api.url)
    asterisk.place("recover", "paidline-journal")

    _recover(asterisk)
    _recover(asterisk)

    assert len(api.sessions()) == 1
    assert len(api.ledger()) == 1


def test_agent_is_freed_and_nothing_charged_when_asterisk_died_while_it_rang(asterisk: Pbx, api: Service) -> None:
    asterisk.place(SERVICE_NUMBER, "callers", **scenario.settings(agent="rings"))
    asterisk.wait_for_channel("!agents!.*!Wait!")
    time.sleep(_WRITTEN_SECONDS)
    _crash_and_start(asterisk, api.url)

    _recover(asterisk)

    scenario.assert_unpaid_call(api, scenario.SHARING, "cancel")


def test_agent_is_freed_without_a_session_when_asterisk_died_while_taking_them(
    asterisk: Pbx, api: Service, door: Door
) -> None:
    door.hold("updateStatusByLineSharing", 60.0, times=1)
    asterisk.place(SERVICE_NUMBER, "callers", **scenario.settings())
    asterisk.wait_for_channel("!paidline-api!post!")
    time.sleep(_WRITTEN_SECONDS)
    _crash_and_start(asterisk, api.url)
    assert api.status(scenario.SHARING) == "inConversation"

    _recover(asterisk)

    assert api.sessions() == []
    scenario.assert_nothing_debited(api)
    scenario.assert_taken_and_free(api, scenario.SHARING)
    assert asterisk.journal() == []


def test_call_is_settled_once_when_asterisk_died_while_it_tried_again(asterisk: Pbx, api: Service, door: Door) -> None:
    door.hold("subtractTokensFromWallet", 60.0, times=2)
    door.fail("byRef", times=2)
    asterisk.place(SERVICE_NUMBER, "callers", **scenario.settings(talks=3))
    asterisk.wait_for_channel("!paidline-retry!")
    time.sleep(_WRITTEN_SECONDS)
    _crash_and_start(asterisk, api.url)

    said = _recover(asterisk)

    assert "INTERRUPTED" not in said
    scenario.assert_paid_call(api, scenario.SHARING, CALLER)
    assert asterisk.journal() == []


def test_recovery_leaves_a_call_alone_that_is_being_talked_on(asterisk: Pbx, api: Service) -> None:
    with asterisk.calling(SERVICE_NUMBER, "callers", **scenario.settings(talks=6)) as end:
        asterisk.wait_for_channel("!agents!.*!Wait!")
        asterisk.place("recover", "paidline-journal")
        time.sleep(2)
        assert api.status(scenario.SHARING) == "inConversation"
        assert api.sessions() == []
        end()

    scenario.assert_paid_call(api, scenario.SHARING, CALLER)


def test_recovery_neither_frees_an_agent_nor_prolongs_a_call_because_of_a_new_call(asterisk: Pbx, api: Service) -> None:
    began = time.monotonic()
    asterisk.place(SERVICE_NUMBER, "callers", **scenario.settings(talks=60))
    asterisk.wait_for_channel("!agents!.*!Wait!")
    time.sleep(_WRITTEN_SECONDS)
    asterisk.crash()
    longest = time.monotonic() - began
    asterisk.start()
    asterisk.use(api.url)
    api.ask_agents("updateStatusByLineSharing", outboundNumber="31612345678", status="online")
    api.add_wallet("6255", "695335", "31688006396")

    with asterisk.calling(SERVICE_NUMBER, "callers", **scenario.settings(caller="31688006396", talks=8)) as end:
        asterisk.wait_for_channel("!agents!.*!Wait!")
        asterisk.place("recover", "paidline-journal")
        time.sleep(4)
        (session,) = api.sessions()
        assert int(session["duration"]) <= longest
        assert api.status(scenario.SHARING) == "inConversation"
        end()

    assert api.status(scenario.SHARING) == "online"
    assert len(api.sessions()) == 2
    assert len(api.ledger()) == 2


def test_journal_has_no_hash(asterisk: Pbx, api: Service) -> None:
    with asterisk.calling(SERVICE_NUMBER, "callers", **scenario.settings(talks=4)) as end:
        asterisk.wait_for_channel("!agents!.*!Wait!")
        (row,) = asterisk.journal()
        end()

    assert AGENTS_HASH not in row
    assert CREDIT_HASH not in row


def test_guide_names_the_command_that_recovers() -> None:
    assert "channel originate Local/recover@paidline-journal application Wait" in _GUIDE.read_text(encoding="utf-8")
