"""calls/sync and the sweep: which calls expire, what that gives back, and who survives."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

import pytest

from local import gateway, template
from paidline.management.verification import verify
from paidline.store import calls, pbxs
from paidline.store.dynamodb import dynamodb
from tests.support import slow, wire
from tests.support.agents import rows_of, status_of
from tests.support.api import Api, Context
from tests.support.metrics import counted
from tests.support.paid_calls import LIVE, NEW

BEGIN, END, SYNC, UPDATE = "calls_begin", "calls_end", "calls_sync", "update_status_by_ref"


@pytest.fixture
def at_once(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """No call is too young to expire. The service's own settings come first."""
    for name in {"api", "engine_api"} & set(request.fixturenames):
        request.getfixturevalue(name)
    monkeypatch.setenv("CALL_SYNC_GRACE_S", "0")
    monkeypatch.setenv("CALL_SYNC_SILENCE_S", "0")


def sweep(remaining_ms: int = 300_000) -> int:
    function = next(one.function for one in template.read().schedules if one.function.stem == "calls_sweep")
    handler: Any = gateway.load_handler(function)
    return int(handler({}, Context(remaining_ms=remaining_ms))["expired"])


def state(api: Api, call_id: str = NEW) -> str:
    return str(api.store.item("CALLS_TABLE", callId=call_id)["state"])


def set_last_sync(api: Api, seconds_ago: int) -> None:
    value = {"N": str(int(time.time()) - seconds_ago)}
    api.store.change("PBXS_TABLE", {"pbx": {"S": "pbx1"}}, "lastSync", value)


def set_sweeps(api: Api, since_s: int, last_s: int = 60) -> None:
    """Sweeps have run without a gap since so many seconds ago, the last one so many seconds ago."""
    now = int(time.time())
    for name, seconds_ago in (("sweepingSince", since_s), ("lastSweep", last_s)):
        api.store.change("PBXS_TABLE", {"pbx": {"S": "the sweep"}}, name, {"N": str(now - seconds_ago)})


def set_deadline(api: Api, seconds_ago: int, call_id: str = NEW) -> None:
    key = {"callId": {"S": call_id}, "pbx": {"S": "pbx1"}}
    api.store.change("CALLS_TABLE", key, "deadline", {"N": str(int(time.time()) - seconds_ago)})


def set_opened(api: Api, opened: str) -> None:
    key = {"callId": {"S": NEW}, "pbx": {"S": "pbx1"}}
    api.store.change("CALLS_TABLE", key, "opened", {"S": opened})


@pytest.mark.usefixtures("at_once")
def test_a_call_that_is_not_named_gives_back_its_agent_and_tokens_and_charges_nothing(api: Api) -> None:
    api.request(BEGIN)

    answer = api.request(SYNC, callIds=LIVE).json

    assert (answer["openCalls"], answer["expiredCalls"]) == ("1", "1")
    assert (state(api), state(api, LIVE)) == ("expired", "open")
    assert (status_of(api, "38"), rows_of(api, "38")[0]["handler"]) == ("online", SYNC)
    wallet = api.store.item("WALLETS_TABLE", walletId="6254")
    assert (wallet["tokens"], wallet["held"]) == ("1971", "0")
    assert not api.store.items("CALL_SESSIONS_TABLE")
    assert not verify(api.store.client, os.environ).problems


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("ids", [f"{LIVE},{NEW}", f" {LIVE} , {NEW},", [LIVE, NEW]])
def test_ids_are_a_list_or_are_separated_by_commas(api: Api, ids: Any) -> None:
    api.request(BEGIN)

    assert api.request(SYNC, callIds=ids).json["openCalls"] == "2"


@pytest.mark.parametrize("ids", ["a b", [1.5], {"a": 1}, ["x" * 65], [f"c-{n}" for n in range(1001)]])
def test_ids_that_are_none_or_too_many_are_invalid(api: Api, ids: Any) -> None:
    assert api.request(SYNC, callIds=ids).refusal == (10, "invalid:callIds")


def test_a_thousand_ids_are_not_too_many(api: Api) -> None:
    assert api.request(SYNC, callIds=",".join(f"pbx1-{n}" for n in range(1000))).reason is None


def test_a_call_younger_than_the_grace_lives_though_it_is_not_named(api: Api) -> None:
    api.request(BEGIN)

    assert api.request(SYNC, callIds=LIVE).json == {
        "status": 1,
        "message": "success",
        "code": 20,
        "pbx": "pbx1",
        "openCalls": "2",
        "expiredCalls": "0",
    }


@pytest.mark.usefixtures("at_once")
def test_calls_of_another_pbx_live(api: Api) -> None:
    api.request(BEGIN)
    api.request(SYNC, pbx="pbx2", callIds=None)

    assert state(api) == "open"


@pytest.mark.usefixtures("at_once")
def test_an_agent_who_has_chosen_a_status_keeps_it_at_the_expiry(api: Api) -> None:
    api.request(BEGIN)
    api.request(UPDATE, ref="38", status="pause")
    api.request(SYNC, callIds=LIVE)

    assert (state(api), status_of(api, "38")) == ("expired", "pause")


@pytest.mark.usefixtures("at_once")
def test_a_call_that_ends_just_before_is_charged_and_does_not_expire(engine_api: Api) -> None:
    engine_api.request(BEGIN)
    with wire.before("TransactWriteItems", lambda: engine_api.request(END, callId=NEW)):
        answer = engine_api.request(SYNC, callIds=LIVE).json

    assert (answer["expiredCalls"], state(engine_api)) == ("0", "ended")
    assert engine_api.store.item("WALLETS_TABLE", walletId="6254")["tokens"] == "1879"


@pytest.mark.usefixtures("at_once")
def test_a_begin_repeated_after_the_expiry_gets_its_answer_and_opens_nothing(api: Api) -> None:
    first = api.request(BEGIN)
    api.request(SYNC, callIds=LIVE)
    again = api.request(BEGIN)

    assert (again.body, again.is_hit) == (first.body, True)
    assert status_of(api, "38") == "online"


@pytest.mark.usefixtures("at_once")
def test_calls_that_expire_are_counted_by_synchronisation_and_sweep_and_none_is_not(
    api: Api, logged: Callable[[], str]
) -> None:
    api.request(BEGIN)
    logged()

    api.request(SYNC, callIds=LIVE)
    assert counted(logged(), "ExpiredCalls") == [1.0]
    set_deadline(api, 1, LIVE)
    sweep()
    assert counted(logged(), "ExpiredCalls") == [1.0]
    api.request(SYNC, callIds=LIVE)
    sweep()
    assert counted(logged(), "ExpiredCalls") == []


@pytest.mark.usefixtures("at_once")
def test_a_synchronisation_with_more_to_expire_than_it_has_time_for_counts_all_and_leaves_the_rest(
    engine_api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine_api.request(BEGIN)
    monkeypatch.setattr(calls, "_OPEN_PER_READ", 1)
    clock = slow.Clock(monkeypatch)
    takes_s = {"Query": 0.3, "TransactWriteItems": 1.7}

    def take_time(model: Any, **_: Any) -> None:
        clock.advance(takes_s.get(model.name, 0.0))

    dynamodb().meta.events.register("before-call.dynamodb.*", take_time)
    try:
        first, second = (engine_api.request(SYNC, callIds=None) for _ in range(2))
    finally:
        dynamodb().meta.events.unregister("before-call.dynamodb.*", take_time)

    assert (first.reason, second.reason) == (None, None)
    assert (first.json["openCalls"], first.json["expiredCalls"]) == ("1", "1")
    assert (second.json["openCalls"], second.json["expiredCalls"]) == ("0", "1")


def test_a_sweep_leaves_alone_a_pbx_that_has_never_synchronised(api: Api) -> None:
    set_sweeps(api, since_s=86_400)
    api.request(BEGIN)
    set_opened(api, "2020-01-01T00:00:00.000000Z")

    assert sweep() == 0


@pytest.mark.parametrize(("silent_s", "expired"), [(170, 0), (190, 2)])
def test_a_sweep_lets_the_calls_of_a_pbx_expire_that_has_been_silent_for_three_minutes(
    api: Api, silent_s: int, expired: int
) -> None:
    api.request(BEGIN)
    set_opened(api, "2020-01-01T00:00:00.000000Z")
    set_last_sync(api, silent_s)
    set_sweeps(api, since_s=86_400)

    assert sweep() == expired
    assert (state(api) == "expired") == bool(expired)
    assert (status_of(api, "38") == "online") == bool(expired)


@pytest.mark.parametrize(("synchronises", "expired"), [(True, 0), (False, 2)])
def test_a_pbx_that_synchronises_is_no_longer_silent(api: Api, synchronises: bool, expired: int) -> None:
    api.request(BEGIN)
    set_opened(api, "2020-01-01T00:00:00.000000Z")
    set_last_sync(api, 600)
    set_sweeps(api, since_s=86_400)
    if synchronises:
        api.request(SYNC, callIds=[LIVE, NEW])

    assert sweep() == expired


@pytest.mark.parametrize(("last_s", "expired"), [(110, 2), (130, 0)])
def test_the_first_sweep_after_an_outage_leaves_the_calls_of_a_silent_pbx_open(
    api: Api, last_s: int, expired: int
) -> None:
    api.request(BEGIN)
    set_opened(api, "2020-01-01T00:00:00.000000Z")
    set_last_sync(api, 600)
    set_sweeps(api, since_s=86_400, last_s=last_s)

    assert sweep() == expired
    # The next sweep is no longer the first one, but the PBX has only had a moment.
    assert sweep() == 0


@pytest.mark.parametrize(("since_s", "expired"), [(170, 0), (190, 2)])
def test_a_pbx_that_stays_silent_after_an_outage_loses_its_calls_three_minutes_later(
    api: Api, since_s: int, expired: int
) -> None:
    api.request(BEGIN)
    set_opened(api, "2020-01-01T00:00:00.000000Z")
    set_last_sync(api, 600)
    set_sweeps(api, since_s=since_s)

    assert sweep() == expired


def test_the_first_sweep_ever_leaves_calls_open_and_the_next_one_knows_of_it(api: Api) -> None:
    set_last_sync(api, 600)

    assert sweep() == 0
    own = api.store.item("PBXS_TABLE", pbx="the sweep")
    assert (own["lastSweep"], own["sweepingSince"]) == (own["lastSweep"],) * 2
    assert int(own["lastSweep"]) == pytest.approx(time.time(), abs=60)


def test_the_sweep_is_not_taken_for_a_pbx(api: Api) -> None:
    sweep()

    assert [pbx.name for pbx in pbxs.list_all()] == ["pbx1"]
    assert api.request(SYNC, pbx="the sweep").refusal == (10, "invalid:pbx")


def test_a_call_that_a_pbx_begins_when_it_comes_back_is_not_taken_for_a_dead_one(api: Api) -> None:
    set_last_sync(api, 86_400)
    set_sweeps(api, since_s=86_400)
    api.request(BEGIN)

    # The live call of the tests, which is old, expires.
    assert sweep() == 1
    assert state(api) == "open"


@pytest.mark.parametrize(("seconds_ago", "expired"), [(-60, 0), (1, 1)])
def test_a_sweep_lets_a_call_expire_whose_time_is_over(api: Api, seconds_ago: int, expired: int) -> None:
    api.request(BEGIN)
    set_deadline(api, seconds_ago)

    assert sweep() == expired


def test_a_call_has_time_to_ring_to_talk_and_to_report_its_end(api: Api) -> None:
    api.request(BEGIN, maxSeconds="600")

    left_s = int(api.store.item("CALLS_TABLE", callId=NEW)["deadline"]) - time.time()
    assert left_s == pytest.approx(30 + 600 + 300, abs=60)


def test_a_sweep_with_little_time_left_leaves_the_rest_to_the_next_one(api: Api) -> None:
    api.request(BEGIN)
    set_deadline(api, 1)

    assert sweep(remaining_ms=3_000) == 0
    assert sweep() == 1
    assert sweep() == 0


def test_a_call_that_cannot_expire_does_not_keep_others_open_and_is_a_fault(engine_api: Api) -> None:
    engine_api.request(BEGIN)
    set_deadline(engine_api, 2)
    set_deadline(engine_api, 1, LIVE)
    from paidline.errors import StoreUnavailable

    with wire.refusing(503, "Unavailable", times=6, operation="TransactWriteItems"), pytest.raises(StoreUnavailable):
        sweep()

    assert (state(engine_api), state(engine_api, LIVE)) == ("open", "expired")


def test_an_open_call_has_a_deadline_and_a_closed_one_is_not_in_the_index(api: Api) -> None:
    api.request(BEGIN)
    assert "deadline" in api.store.item("CALLS_TABLE", callId=NEW)
    api.request(END, callId=NEW)

    closed = api.store.item("CALLS_TABLE", callId=NEW)
    assert "deadline" not in closed
    assert int(closed["expiresAt"]) == pytest.approx(time.time() + 30 * 86_400, abs=300)
