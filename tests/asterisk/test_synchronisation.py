"""paidline-sync on a real Asterisk: what dies is let go of, what lives stays, and what was kept is delivered."""

from __future__ import annotations

import math
import time

from tests.asterisk import scenario
from tests.asterisk.pbx import Pbx
from tests.asterisk.service import (
    BALANCE,
    CALLER,
    CALLS_HASH,
    GRACE_SECONDS,
    PIN,
    SERVICE_NUMBER,
    SILENCE_SECONDS,
    Service,
)
from tests.asterisk.slow_door import Door
from tests.asterisk.synchroniser import Synchroniser

_OTHER_CALLER = "31688006396"
# AstDB writes to the disk once a second.
_WRITTEN_SECONDS = 2.5


def _begin_long_talk(asterisk: Pbx, api: Service, **settings: str) -> None:
    asterisk.place(SERVICE_NUMBER, "paid-callers", **scenario.settings(talks=60) | settings)
    asterisk.wait_for_channel("!agents!.*!Wait!")
    assert api.status(scenario.SHARING) == "inConversation"
    assert api.held() == BALANCE


def _start(asterisk: Pbx, api: Service) -> None:
    asterisk.start()
    asterisk.use(api.url)


def _state(api: Service) -> str:
    (call,) = api.calls()
    return str(call["state"])


def assert_let_go(api: Service) -> None:
    """Agent free, tokens released, nothing charged, and the call is listed as expired until somebody settles it."""
    scenario.assert_free(api, scenario.SHARING)
    assert api.balance() == BALANCE
    assert api.movements() == [("hold", 0), ("release", 0)]
    assert api.sessions() == []
    assert _state(api) == "expired"


def assert_charged(api: Service) -> None:
    """One session and its price, agent free, nothing held."""
    (session,) = api.sessions()
    price = math.ceil(int(session["duration"]) * scenario.TPM / 60)
    assert api.movements()[-1] == ("charge", -price)
    assert api.balance() == BALANCE - price
    scenario.assert_free(api, scenario.SHARING)
    assert _state(api) == "ended"


# Asterisk dies


def test_sweep_lets_go_of_a_call_whose_asterisk_died_for_good(asterisk: Pbx, api: Service, sync: Synchroniser) -> None:
    _begin_long_talk(asterisk, api)
    sync.run()
    asterisk.crash()
    api.sweep()
    assert _state(api) == "open"
    assert sync.try_to_run().returncode == 1

    time.sleep(SILENCE_SECONDS + 1)
    api.sweep()

    assert_let_go(api)
    _start(asterisk, api)


def test_first_synchronisation_of_a_restarted_asterisk_lets_go_of_its_calls(
    asterisk: Pbx, api: Service, sync: Synchroniser
) -> None:
    _begin_long_talk(asterisk, api)
    time.sleep(GRACE_SECONDS + 1)
    asterisk.crash()
    _start(asterisk, api)

    assert "EXPIRED calls:1 open:0" in sync.run()

    assert_let_go(api)


def test_restart_while_it_rings_lets_go_of_the_call(asterisk: Pbx, api: Service, sync: Synchroniser) -> None:
    _begin_long_talk(asterisk, api, AGENT="rings")
    time.sleep(GRACE_SECONDS + 1)
    asterisk.crash()
    _start(asterisk, api)

    sync.run()

    assert_let_go(api)


def test_asterisk_that_dies_while_it_begins_a_call_leaves_nothing_taken(
    asterisk: Pbx, api: Service, sync: Synchroniser, door: Door
) -> None:
    door.hold("begin", 60.0, times=1)
    asterisk.place(SERVICE_NUMBER, "paid-callers", **scenario.settings())
    door.wait_for("begin")
    time.sleep(GRACE_SECONDS + 1)
    asterisk.crash()
    assert api.status(scenario.SHARING) == "inConversation"
    _start(asterisk, api)

    sync.run()

    assert_let_go(api)


def test_end_that_asterisk_did_not_live_to_deliver_is_sent_when_it_is_back(
    asterisk: Pbx, api: Service, sync: Synchroniser, door: Door
) -> None:
    door.hold("end", 60.0, times=1)
    door.fail("end", times=1)
    asterisk.place(SERVICE_NUMBER, "paid-callers", **scenario.settings(talks=3))
    door.wait_for("end")
    time.sleep(_WRITTEN_SECONDS)
    asterisk.crash()
    _start(asterisk, api)
    assert _state(api) == "open"

    said = sync.run()

    assert "EXPIRED" not in said
    assert "DELIVERED end callId:" in said
    assert_charged(api)
    assert asterisk.kept_ends() == []


def test_late_end_of_an_expired_call_is_charged_from_what_is_left(
    asterisk: Pbx, api: Service, sync: Synchroniser
) -> None:
    with asterisk.calling(SERVICE_NUMBER, "paid-callers", **scenario.settings(talks=9)) as end:
        asterisk.wait_for_channel("!agents!.*!Wait!")
        sync.run()
        api.sweep()
        time.sleep(SILENCE_SECONDS + 1)
        api.sweep()
        assert_let_go(api)
        end()

    assert_charged(api)


# Asterisk lives


def test_call_that_is_talked_on_is_named_and_stays(asterisk: Pbx, api: Service, sync: Synchroniser) -> None:
    with asterisk.calling(SERVICE_NUMBER, "paid-callers", **scenario.settings(talks=7)) as end:
        asterisk.wait_for_channel("!agents!.*!Wait!")
        time.sleep(GRACE_SECONDS + 1)
        assert sync.run() == ""
        api.sweep()
        assert _state(api) == "open"
        end()

    assert_charged(api)


def test_call_whose_channel_is_gone_without_an_end_is_let_go(
    asterisk: Pbx, api: Service, sync: Synchroniser, door: Door
) -> None:
    door.hold("begin", 60.0, times=2)
    door.fail("end", times=1)
    asterisk.call(SERVICE_NUMBER, "paid-callers", **scenario.settings())
    (kept,) = asterisk.kept_ends()
    asterisk.cli("database deltree paidline-end")

    sync.run()

    assert kept
    assert_let_go(api)


def test_asterisk_that_does_not_list_its_channels_ends_no_call(asterisk: Pbx, api: Service, sync: Synchroniser) -> None:
    with asterisk.calling(SERVICE_NUMBER, "paid-callers", **scenario.settings(talks=6)) as end:
        asterisk.wait_for_channel("!agents!.*!Wait!")
        time.sleep(GRACE_SECONDS + 1)
        sync.break_asterisk()
        failed = sync.try_to_run()
        assert failed.returncode == 1
        assert "Asterisk" in failed.stderr
        assert _state(api) == "open"
        end()

    assert_charged(api)


# The service is down


def test_talk_is_charged_when_the_service_comes_back_after_it_went_down_in_mid_call(
    asterisk: Pbx, api: Service, sync: Synchroniser
) -> None:
    with asterisk.calling(SERVICE_NUMBER, "paid-callers", **scenario.settings(talks=3)) as end:
        asterisk.wait_for_channel("!agents!.*!Wait!")
        api.kill()
        said = end()
    assert [trace.split()[:2] for trace in scenario.traces(said)] == [["UNDELIVERED", "end"]]
    failed = sync.try_to_run()
    assert failed.returncode == 1
    assert "no answer from calls/sync" in failed.stderr
    time.sleep(GRACE_SECONDS)
    api.start()

    said = sync.run()

    assert "EXPIRED" not in said
    assert_charged(api)
    assert asterisk.kept_ends() == []
    assert sync.run() == ""


def test_talk_is_charged_although_its_call_expired_while_the_service_was_out_of_reach(
    asterisk: Pbx, api: Service, sync: Synchroniser
) -> None:
    with asterisk.calling(SERVICE_NUMBER, "paid-callers", **scenario.settings(talks=3)) as end:
        asterisk.wait_for_channel("!agents!.*!Wait!")
        sync.run()
        api.sweep()
        api.kill()
        end()
    time.sleep(SILENCE_SECONDS + 1)
    api.sweep()
    api.start()
    assert_let_go(api)

    sync.run()

    assert_charged(api)


def test_end_of_a_call_that_never_began_is_dropped(asterisk: Pbx, api: Service, sync: Synchroniser) -> None:
    api.kill()
    said = asterisk.call(SERVICE_NUMBER, "paid-callers", **scenario.settings())
    assert "test-fault" in said
    assert len(asterisk.kept_ends()) == 1
    api.start()

    assert "DELIVERED end" in sync.run()

    assert asterisk.kept_ends() == []
    assert api.calls() == []
    assert api.status(scenario.SHARING) == "online"


def test_end_is_kept_until_a_revoked_hash_is_replaced(asterisk: Pbx, api: Service, sync: Synchroniser) -> None:
    with asterisk.calling(SERVICE_NUMBER, "paid-callers", **scenario.settings(talks=3)) as end:
        asterisk.wait_for_channel("!agents!.*!Wait!")
        asterisk.cli(f"dialplan set global PAIDLINE_CALLS_HASH {'0' * 64}")
        end()
    asterisk.cli(f"dialplan set global PAIDLINE_CALLS_HASH {CALLS_HASH}")
    assert len(asterisk.kept_ends()) == 1

    sync.run()

    assert_charged(api)


# Two calls


def test_exactly_one_of_two_callers_gets_the_agent_in_the_same_second(asterisk: Pbx, api: Service, door: Door) -> None:
    api.add_wallet("6255", "695335", _OTHER_CALLER)
    door.hold("begin", 1.0, times=2)
    with asterisk.calling(SERVICE_NUMBER, "paid-callers", **scenario.settings(talks=4)) as end:
        asterisk.wait_for_channel("!paidline-paid-call!")
        asterisk.place(SERVICE_NUMBER, "paid-callers", CALLER=_OTHER_CALLER)
        said = end()

    assert [endpoint for endpoint, _ in door.requests] == ["begin", "begin", "end"]
    assert "test-agent-unavailable" in said
    (session,) = api.sessions()
    assert session["dialStatus"] == "answer"
    assert len(api.calls()) == 1
    scenario.assert_free(api, scenario.SHARING)


def test_second_call_on_a_wallet_cannot_spend_what_the_first_holds(asterisk: Pbx, api: Service) -> None:
    with asterisk.calling(SERVICE_NUMBER, "paid-callers", **scenario.settings(talks=6)) as end:
        asterisk.wait_for_channel("!agents!.*!Wait!")
        asterisk.place(
            SERVICE_NUMBER,
            "paid-callers",
            **scenario.settings(scenario.ALONE, scenario.STRANGER, scenario.TYPES_PIN),
        )
        said = end()

    assert "test-too-few-tokens" in said
    assert len(api.status_changes(scenario.ALONE)) == 1
    assert_charged(api)


def test_two_calls_on_one_wallet_are_both_paid_when_it_can_pay_both(asterisk: Pbx, api: Service) -> None:
    api.ask_credit("addTokensToWallet", dialedNumber=SERVICE_NUMBER, pin=PIN, tokens="50000")
    with asterisk.calling(SERVICE_NUMBER, "paid-callers", **scenario.settings(talks=6)) as end:
        asterisk.wait_for_channel("!agents!.*!Wait!")
        asterisk.place(SERVICE_NUMBER, "paid-callers", **scenario.settings(scenario.ALONE, talks=3))
        end()

    sessions = api.sessions()
    assert {(session["ref"], session["inboundNumber"]) for session in sessions} == {
        (scenario.SHARING, CALLER),
        (scenario.ALONE, CALLER),
    }
    price = sum(math.ceil(int(session["duration"]) * scenario.TPM / 60) for session in sessions)
    assert api.balance() == BALANCE + 50_000 - price
    assert api.held() == 0
    assert [call["state"] for call in api.calls()] == ["ended", "ended"]


# Its settings


def test_settings_that_others_may_read_are_refused(sync: Synchroniser) -> None:
    sync.settings.chmod(0o640)

    failed = sync.try_to_run()

    assert failed.returncode == 1
    assert "chmod 600" in failed.stderr
