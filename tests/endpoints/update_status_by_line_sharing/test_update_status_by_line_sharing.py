"""updateStatusByLineSharing: all agents who share a line get the status, or none does."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support import wire
from tests.support.agents import agent_item, rows_of, status_of, statuses
from tests.support.api import Api

NAUGHT = "0" * 64
UPDATE = "update_status_by_ref"
LINE = "update_status_by_line_sharing"
LOG = "get_status_log"


# Each request is wrong in several ways; the answer is that of the check that comes first.
@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"authenticationHash": NAUGHT, "outboundNumber": "1", "status": None}, (10, "missing:status")),
        ({"authenticationHash": NAUGHT, "outboundNumber": "1", "status": "busy"}, (40, "unauthorized")),
        ({"outboundNumber": "1", "status": "busy"}, (221, "unknown_outbound_number")),
        ({"outboundNumber": "31612345679", "status": "busy"}, (218, "invalid:status")),
        ({"outboundNumber": "31612345679"}, (222, "line_not_shared")),
    ],
)
def test_the_first_check_that_fails_decides(api: Api, changes: dict[str, Any], refusal: tuple[int, str]) -> None:
    before = api.store.contents()

    assert api.request(LINE, **changes).refusal == refusal
    assert api.store.contents() == before


def test_only_agents_who_share_the_line_take_its_status(api: Api) -> None:
    answer = api.request(LINE, status="pause")

    assert answer.json["user"]["userId"] == 194
    assert {agent["ref"]: agent["status"] for agent in api.store.items("AGENTS_TABLE")} == {
        "000038": "pause",
        "000968": "online",
        "02": "offline",
    }
    (row,) = api.request(LOG).json["data"]
    assert row["handler"] == "RouteControllerUpdateUserStatusByLineSharing"


def test_the_contracts_other_spelling_outboundnumber_is_accepted(api: Api) -> None:
    assert api.request(LINE, outboundNumber=None, outboundnumber="31612345678").code == 20


def let_share(api: Api, count: int) -> None:
    """Let this many agents share the line of agent 38, including agent 38."""
    refs = [f"{7000 + number}" for number in range(1, count)]
    api.store.put_all(
        "AGENTS_TABLE", [agent_item(api, refKey={"S": ref}, ref={"S": ref}, userId={"N": ref}) for ref in refs]
    )


@pytest.mark.parametrize("count", [49, 50])
def test_a_line_of_as_many_agents_as_a_transaction_holds_takes_its_status_at_once(engine_api: Api, count: int) -> None:
    let_share(engine_api, count)

    with wire.recorded() as calls:
        answer = engine_api.request(LINE, status="pause")

    assert answer.json["user"] == {"userId": 194, "ref": "000038", "status": "pause", "statusVisual": "Pauze"}
    assert [call.operation for call in calls][-2:] == ["Query", "TransactWriteItems"]
    assert len(calls[-1].content["TransactItems"]) == 2 * count
    sharing = [agent for agent in engine_api.store.items("AGENTS_TABLE") if agent["lineSharing"]]
    assert len(sharing) == count
    assert {agent["status"] for agent in sharing} == {"pause"}
    rows = [row for row in engine_api.store.items("STATUS_LOG_TABLE") if row["status"] == "pause"]
    assert {row["refKey"] for row in rows} == {agent["refKey"] for agent in sharing}
    assert len({row["requestId"] for row in rows}) == 1


@pytest.mark.parametrize("count", [51, 60, 120])
def test_a_line_of_more_agents_is_refused_with_a_reason_of_its_own_and_nothing_changes(
    engine_api: Api, count: int
) -> None:
    let_share(engine_api, count)
    before = engine_api.store.contents()

    answer = engine_api.request(LINE, status="pause")

    assert (answer.status, answer.refusal) == (200, (222, "too_many_on_line"))
    assert engine_api.request(LINE, status="busy").refusal == (218, "invalid:status")
    assert engine_api.store.contents() == before


def test_each_agent_of_a_line_of_too_many_can_still_be_set_alone(engine_api: Api) -> None:
    let_share(engine_api, 51)

    assert engine_api.request(UPDATE, status="pause").code == 20


def test_agents_who_do_not_share_the_line_do_not_count(engine_api: Api) -> None:
    let_share(engine_api, 50)
    engine_api.store.put(
        "AGENTS_TABLE", agent_item(engine_api, refKey={"S": "9"}, ref={"S": "9"}, lineSharing={"BOOL": False})
    )

    assert engine_api.request(LINE, status="pause").code == 20


def test_the_user_of_a_line_is_the_one_with_the_lowest_user_id(engine_api: Api) -> None:
    engine_api.store.put("AGENTS_TABLE", agent_item(engine_api, refKey={"S": "9"}, ref={"S": "9"}, userId={"N": "20"}))

    assert engine_api.request(LINE).json["user"]["userId"] == 20


def test_a_line_that_lost_a_race_sets_all_of_its_agents(engine_api: Api) -> None:
    engine_api.store.put("AGENTS_TABLE", agent_item(engine_api, refKey={"S": "9"}, ref={"S": "9"}, userId={"N": "200"}))
    with wire.before("TransactWriteItems", lambda: engine_api.request(UPDATE, ref="9", status="pause")):
        answer = engine_api.request(LINE, status="offline")

    assert answer.json["user"]["userId"] == 194
    assert (status_of(engine_api, "38"), status_of(engine_api, "9")) == ("offline", "offline")
    assert statuses(rows_of(engine_api, "9")) == ["offline", "pause"]
    assert statuses(rows_of(engine_api, "38")) == ["offline"]


def test_an_agent_who_left_the_line_before_the_write_keeps_the_status(engine_api: Api) -> None:
    engine_api.store.put("AGENTS_TABLE", agent_item(engine_api, refKey={"S": "9"}, ref={"S": "9"}, userId={"N": "20"}))

    def leave() -> None:
        engine_api.store.change("AGENTS_TABLE", {"refKey": {"S": "9"}}, "outboundNumber", {"S": "31600000009"})

    with wire.before("TransactWriteItems", leave):
        answer = engine_api.request(LINE, status="offline")

    assert answer.json["user"]["userId"] == 194
    assert (status_of(engine_api, "38"), status_of(engine_api, "9")) == ("offline", "online")


def test_a_line_that_nobody_shares_any_more_at_the_write_is_not_shared(engine_api: Api) -> None:
    def stop_sharing() -> None:
        engine_api.store.change("AGENTS_TABLE", {"refKey": {"S": "38"}}, "lineSharing", {"BOOL": False})

    with wire.before("TransactWriteItems", stop_sharing):
        answer = engine_api.request(LINE, status="offline")

    assert answer.refusal == (222, "line_not_shared")
    assert status_of(engine_api, "38") == "online"


def test_an_agent_without_an_outbound_number_has_a_status_but_no_line(engine_api: Api) -> None:
    item = agent_item(engine_api, refKey={"S": "9"}, ref={"S": "9"}, userId={"N": "20"})
    del item["outboundNumber"]
    engine_api.store.put("AGENTS_TABLE", item)

    assert engine_api.request(UPDATE, ref="9", status="pause").code == 20
    assert engine_api.request("get_status_by_ref", ref="9").json["user"]["outboundNumber"] == ""
    assert engine_api.request(LINE).json["user"]["userId"] == 194
