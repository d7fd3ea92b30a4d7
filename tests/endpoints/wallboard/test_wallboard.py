"""wallboard: agents with the time in their status, open calls, and what the day's calls come to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from paidline import clock, deadline, ids
from paidline.store import agents, call_sessions, refusals
from paidline.store.call_sessions import CallSession
from tests.support import paid_calls, slow, wire
from tests.support.api import Api

STEM = "wallboard"
DAY_QUERY = "Query CallSessionsTable"
COUNTING = ("", "", "")
NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> datetime:
    """The service's clock stands at noon."""
    monkeypatch.setattr(clock, "now", lambda: NOON)
    return NOON


def board(api: Api) -> dict[str, Any]:
    found: dict[str, Any] = api.request(STEM).json["board"]
    return found


def today(api: Api) -> tuple[str, str, str]:
    found = board(api)
    return found["callsToday"], found["answeredToday"], found["tokensToday"]


def cursors(calls: list[wire.Call]) -> list[int]:
    """After which ids the day's calls were read."""
    queries = [call.content for call in calls if call.operation == "Query"]
    return [int(query["ExpressionAttributeValues"][":after"]["N"]) for query in queries]


def record(api: Api, at: datetime, *, status: str = "answer", tokens: int = 0) -> None:
    """Write a call session that was recorded at a moment."""
    session = CallSession(
        id=ids.last_id_before(at) + 1,
        ref="000038",
        user_id=194,
        dialed_number="14620905014",
        inbound_number="31688006395",
        outbound_number="31612345678",
        dial_status=status,
        duration=60,
        start_time="2026-11-25 12:00:00",
        end_time="2026-11-25 12:01:00",
        tpm=90,
        created=clock.to_iso(at),
        request_id="r",
        tokens_charged=tokens,
    )
    api.store.put("CALL_SESSIONS_TABLE", session.to_item())


def test_an_agent_has_been_in_a_status_for_the_seconds_since_it_changed(api: Api, now: datetime) -> None:
    key, since = agents.key("000038"), clock.to_iso(now - timedelta(seconds=125))
    api.store.change("AGENTS_TABLE", key, "status", {"S": "pause"})
    api.store.change("AGENTS_TABLE", key, "lastStatusChange", {"S": since})

    (found,) = [agent for agent in board(api)["agents"] if agent["ref"] == "000038"]

    assert found == {"userId": "194", "ref": "000038", "status": "pause", "statusSeconds": "125"}


@pytest.mark.parametrize(("since", "seconds"), [("", ""), ("2026-11-25T12:00:03.000000Z", "0")])
def test_a_status_without_a_time_has_no_seconds_and_one_from_a_clock_ahead_has_none_below_zero(
    api: Api, now: datetime, since: str, seconds: str
) -> None:
    api.store.change("AGENTS_TABLE", agents.key("000038"), "lastStatusChange", {"S": since})

    assert {agent["statusSeconds"] for agent in board(api)["agents"] if agent["ref"] == "000038"} == {seconds}


def test_open_calls_are_counted_with_the_longest_until_they_end(api: Api) -> None:
    api.request("calls_begin")
    two = board(api)
    api.request("calls_end")
    api.request("calls_end", callId=paid_calls.NEW)
    none = board(api)

    assert two["openCalls"] == "2"
    # The call of the tests lives since long ago.
    assert int(two["longestCallSeconds"]) > 3600
    assert (none["openCalls"], none["longestCallSeconds"]) == ("0", "0")


def test_calls_of_both_kinds_count_today_and_paid_ones_with_their_tokens(api: Api) -> None:
    api.request("session_call_create_by_ref", dialStatus="BUSY")
    api.request("calls_end")

    assert today(api) == ("2", "1", "92")


def test_a_call_of_yesterday_in_the_services_zone_does_not_count(api: Api, now: datetime) -> None:
    midnight = datetime(2026, 11, 24, 23, tzinfo=UTC)
    record(api, midnight - timedelta(seconds=1))
    record(api, midnight)

    assert today(api)[0] == "1"


def test_a_process_reads_the_day_once_and_then_only_the_last_minutes(api: Api, now: datetime) -> None:
    for minutes in (300, 200, 100):
        record(api, now - timedelta(minutes=minutes), tokens=10)
    first = today(api)
    record(api, now - timedelta(seconds=5), status="busy")
    with wire.recorded() as calls:
        second = today(api)

    assert (first, second) == (("3", "3", "30"), ("4", "3", "30"))
    assert cursors(calls) == [ids.last_id_before(now - timedelta(minutes=100)) + 1]


def test_a_call_that_the_index_shows_late_is_counted_once(api: Api, now: datetime) -> None:
    record(api, now - timedelta(seconds=20))
    assert today(api)[0] == "1"
    record(api, now - timedelta(seconds=30))

    assert [today(api)[0] for _ in range(3)] == ["2", "2", "2"]


def test_refusals_of_the_day_in_the_services_zone_are_shown_with_the_most_frequent_reason_first(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusals.add("2026-11-24", {"unknown_pin": 100})
    refusals.add("2026-11-25", {"unknown_pin": 2, "unauthorized": 10, "missing:ref": 2})
    refusals.add("2026-11-25", {"unauthorized": 1})
    shown = []
    for moment in (datetime(2026, 11, 24, 23, tzinfo=UTC), datetime(2026, 11, 25, 23, tzinfo=UTC)):
        monkeypatch.setattr(clock, "now", lambda moment=moment: moment)
        shown.append([(one["reason"], one["count"]) for one in board(api)["refusalsToday"]])

    assert shown == [[("unauthorized", "11"), ("missing:ref", "2"), ("unknown_pin", "2")], []]


def nine_calls(api: Api, now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    """Record nine calls, the last of them just now, and let two be read at a time."""
    monkeypatch.setattr(call_sessions, "DAY_CALLS_PER_READ", 2)
    for minutes in range(9):
        record(api, now - timedelta(minutes=2 * minutes), tokens=10)


def test_a_day_of_many_reads_is_counted_in_one_request_if_there_is_time(
    engine_api: Api, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    nine_calls(engine_api, now, monkeypatch)
    with wire.recorded() as calls:
        first = today(engine_api)
    with wire.recorded() as later:
        second = today(engine_api)

    assert (first, second) == (("9", "9", "90"),) * 2
    assert (len(cursors(calls)), len(cursors(later))) == (5, 1)


def test_a_process_with_too_little_time_to_count_the_day_says_so_and_goes_on_with_the_next_request(
    engine_api: Api, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    time = slow.Clock(monkeypatch)
    nine_calls(engine_api, now, monkeypatch)
    shown: list[tuple[str, str, str]] = []
    seconds: list[float] = []
    with slow.calls(slow.Store(time).slow, DAY_QUERY), wire.recorded() as calls:
        while not shown or shown[-1] == COUNTING:
            started = time.now
            shown.append(today(engine_api))
            seconds.append(time.now - started)

    assert shown == [*[COUNTING] * 4, ("9", "9", "90")]
    assert max(seconds) <= deadline.LAST_RESPONSE_S
    # Nothing is read twice.
    assert len(set(cursors(calls))) == len(cursors(calls)) == 5


def test_agents_and_open_calls_are_shown_while_the_day_is_being_counted(
    engine_api: Api, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    nine_calls(engine_api, now, monkeypatch)
    with slow.calls(slow.Store(slow.Clock(monkeypatch)).slow, DAY_QUERY):
        shown = board(engine_api)

    assert (len(shown["agents"]), shown["openCalls"], shown["callsToday"]) == (3, "1", "")


def test_what_was_counted_before_the_store_stopped_answering_is_kept(
    engine_api: Api, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = slow.Store(slow.Clock(monkeypatch))
    nine_calls(engine_api, now, monkeypatch)
    answered = [None] * 3

    def stop(request: Any, operation: str) -> Any:
        return answered.pop() if answered else store.unanswered(request, operation)

    with slow.calls(stop, DAY_QUERY):
        failed = engine_api.request(STEM)
    with wire.recorded() as calls:
        shown = today(engine_api)

    assert (failed.status, failed.reason) == (503, "deadline_exceeded")
    assert shown == ("9", "9", "90")
    assert len(cursors(calls)) == 2


def test_the_totals_begin_anew_at_midnight(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    midnight = datetime(2026, 11, 25, 23, tzinfo=UTC)
    record(api, midnight - timedelta(minutes=10))
    monkeypatch.setattr(clock, "now", lambda: midnight - timedelta(seconds=1))
    before = today(api)[0]
    monkeypatch.setattr(clock, "now", lambda: midnight)

    assert (before, today(api)[0]) == ("1", "0")


def test_nothing_on_the_board_is_a_phone_number_a_pin_or_a_call_id(api: Api) -> None:
    answer = api.request(STEM).body

    assert not [secret for secret in ("316", "146", "695334", paid_calls.LIVE) if secret in answer]
