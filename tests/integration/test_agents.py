"""Statuses on the real engine: all or nothing, whoever comes between."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support import wire
from tests.support.api import Api
from tests.support.store import Item

UPDATE = "update_status_by_ref"
LINE = "update_status_by_line_sharing"
LOG = "get_status_log"


def agent_item(api: Api, **changes: Any) -> Item:
    found: Any = api.store.client.get_item(
        TableName=api.store.service.environment["AGENTS_TABLE"], Key={"refKey": {"S": "38"}}
    )
    return {**found["Item"], **changes}


def status_of(api: Api, ref: str) -> str:
    return str(api.documented("get_status_by_ref", ref=ref).json["user"]["status"])


def rows_of(api: Api, ref: str, **parameters: Any) -> list[dict[str, str]]:
    rows: list[dict[str, str]] = api.documented(LOG, ref=ref, **parameters).json["data"]
    return rows


def statuses(rows: list[dict[str, str]]) -> list[str]:
    return [row["status"] for row in rows]


def test_an_update_that_lost_a_race_comes_after_its_rival(api: Api) -> None:
    with wire.before("TransactWriteItems", lambda: api.documented(UPDATE, status="pause")):
        answer = api.documented(UPDATE, status="offline")

    assert answer.json["user"]["status"] == status_of(api, "38") == "offline"
    assert statuses(rows_of(api, "38")) == ["offline", "pause"]


def test_an_update_that_lost_three_races_still_comes_through(api: Api) -> None:
    with wire.before("TransactWriteItems", lambda: api.documented(UPDATE, status="pause"), times=3):
        answer = api.documented(UPDATE, status="offline")

    assert answer.code == 20
    assert statuses(rows_of(api, "38")) == ["offline", "pause", "pause", "pause"]


def test_an_agent_who_vanished_before_the_write_is_not_found_and_no_row_is_written(api: Api) -> None:
    def vanish() -> None:
        table = api.store.service.environment["AGENTS_TABLE"]
        api.store.client.delete_item(TableName=table, Key={"refKey": {"S": "38"}})

    with wire.before("TransactWriteItems", vanish):
        answer = api.documented(UPDATE)

    assert answer.refusal == (200, "unknown_ref")
    assert len(api.store.items("STATUS_LOG_TABLE")) == 1


def test_a_log_row_that_is_in_the_way_leaves_the_status_until_another_id_is_found(api: Api) -> None:
    api.documented(UPDATE, status="pause")
    (row,) = rows_of(api, "38")
    # An older version number makes the next update choose an id that is taken, as a clock that jumps back does.
    api.store.change("AGENTS_TABLE", {"refKey": {"S": "38"}}, "lastLogId", {"N": str(int(row["id"]) - 1)})

    answer = api.documented(UPDATE, status="offline")

    assert answer.code == 20
    assert statuses(rows_of(api, "38")) == ["offline", "pause"]


def test_the_newest_row_stays_the_newest_when_the_clock_goes_back(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    api.documented(UPDATE, status="pause")
    monkeypatch.setattr("paidline.ids.new_id", lambda: 1)
    api.documented(UPDATE, status="offline")

    assert statuses(rows_of(api, "38")) == ["offline", "pause"]


def let_share(api: Api, count: int) -> None:
    """Let so many agents share the line of agent 38, who is one of them."""
    refs = [f"{7000 + number}" for number in range(1, count)]
    api.store.put_all(
        "AGENTS_TABLE", [agent_item(api, refKey={"S": ref}, ref={"S": ref}, userId={"N": ref}) for ref in refs]
    )


@pytest.mark.parametrize("count", [49, 50])
def test_a_line_of_as_many_agents_as_a_transaction_holds_takes_its_status_at_once(api: Api, count: int) -> None:
    let_share(api, count)

    with wire.recorded() as calls:
        answer = api.documented(LINE, status="pause")

    assert answer.json["user"] == {"userId": 194, "ref": "000038", "status": "pause", "statusVisual": "Pauze"}
    assert [call.operation for call in calls][-2:] == ["Query", "TransactWriteItems"]
    assert len(calls[-1].content["TransactItems"]) == 2 * count
    sharing = [agent for agent in api.store.items("AGENTS_TABLE") if agent["lineSharing"]]
    assert len(sharing) == count
    assert {agent["status"] for agent in sharing} == {"pause"}
    rows = [row for row in api.store.items("STATUS_LOG_TABLE") if row["status"] == "pause"]
    assert {row["refKey"] for row in rows} == {agent["refKey"] for agent in sharing}
    assert len({row["requestId"] for row in rows}) == 1


@pytest.mark.parametrize("count", [51, 60, 120])
def test_a_line_of_more_agents_is_refused_with_a_reason_of_its_own_and_nothing_changes(api: Api, count: int) -> None:
    let_share(api, count)
    before = api.store.contents()

    answer = api.documented(LINE, status="pause")

    assert (answer.status, answer.refusal) == (200, (222, "too_many_on_line"))
    assert api.documented(LINE, status="busy").refusal == (218, "invalid:status")
    assert api.store.contents() == before


def test_each_agent_of_a_line_of_too_many_can_still_be_set_alone(api: Api) -> None:
    let_share(api, 51)

    assert api.documented(UPDATE, status="pause").code == 20


def test_agents_who_do_not_share_the_line_do_not_count(api: Api) -> None:
    let_share(api, 50)
    api.store.put("AGENTS_TABLE", agent_item(api, refKey={"S": "9"}, ref={"S": "9"}, lineSharing={"BOOL": False}))

    assert api.documented(LINE, status="pause").code == 20


def test_the_user_of_a_line_is_the_one_with_the_lowest_user_id(api: Api) -> None:
    api.store.put("AGENTS_TABLE", agent_item(api, refKey={"S": "9"}, ref={"S": "9"}, userId={"N": "20"}))

    assert api.documented(LINE).json["user"]["userId"] == 20


def test_a_line_that_lost_a_race_sets_all_of_its_agents(api: Api) -> None:
    api.store.put("AGENTS_TABLE", agent_item(api, refKey={"S": "9"}, ref={"S": "9"}, userId={"N": "200"}))
    with wire.before("TransactWriteItems", lambda: api.documented(UPDATE, ref="9", status="pause")):
        answer = api.documented(LINE, status="offline")

    assert answer.json["user"]["userId"] == 194
    assert (status_of(api, "38"), status_of(api, "9")) == ("offline", "offline")
    assert statuses(rows_of(api, "9")) == ["offline", "pause"]
    assert statuses(rows_of(api, "38")) == ["offline"]


def test_an_agent_who_left_the_line_before_the_write_keeps_the_status(api: Api) -> None:
    api.store.put("AGENTS_TABLE", agent_item(api, refKey={"S": "9"}, ref={"S": "9"}, userId={"N": "20"}))

    def leave() -> None:
        api.store.change("AGENTS_TABLE", {"refKey": {"S": "9"}}, "outboundNumber", {"S": "31600000009"})

    with wire.before("TransactWriteItems", leave):
        answer = api.documented(LINE, status="offline")

    assert answer.json["user"]["userId"] == 194
    assert (status_of(api, "38"), status_of(api, "9")) == ("offline", "online")


def test_a_line_that_nobody_shares_any_more_at_the_write_is_not_shared(api: Api) -> None:
    def stop_sharing() -> None:
        api.store.change("AGENTS_TABLE", {"refKey": {"S": "38"}}, "lineSharing", {"BOOL": False})

    with wire.before("TransactWriteItems", stop_sharing):
        answer = api.documented(LINE, status="offline")

    assert answer.refusal == (222, "line_not_shared")
    assert status_of(api, "38") == "online"


def test_an_agent_without_an_outbound_number_has_a_status_but_no_line(api: Api) -> None:
    item = agent_item(api, refKey={"S": "9"}, ref={"S": "9"}, userId={"N": "20"})
    del item["outboundNumber"]
    api.store.put("AGENTS_TABLE", item)

    assert api.documented(UPDATE, ref="9", status="pause").code == 20
    assert api.documented("get_status_by_ref", ref="9").json["user"]["outboundNumber"] == ""
    assert api.documented(LINE).json["user"]["userId"] == 194


class TestLog:
    """The status log of an agent with rows 1 to 1,005: online where the id is even, else pause."""

    @pytest.fixture(autouse=True)
    def _rows(self, api: Api) -> None:
        api.store.put_all("STATUS_LOG_TABLE", [self.row(number) for number in range(1, 1006)])

    @staticmethod
    def row(number: int) -> Item:
        status = "pause" if number % 2 else "online"
        texts = {"refKey": "38", "ref": "000038", "created": "2024-05-25T20:55:03Z", "status": status}
        texts |= {"statusId": f"{status}#{number:016}", "handler": "h", "ip": "127.0.0.1", "requestId": "t"}
        numbers = {"id": str(number), "userId": "194"}
        return {name: {"S": text} for name, text in texts.items()} | {k: {"N": n} for k, n in numbers.items()}

    @staticmethod
    def ids(api: Api, **parameters: Any) -> list[int]:
        return [int(row["id"]) for row in rows_of(api, "38", **parameters)]

    def test_it_lists_a_thousand_rows_at_most_newest_first(self, api: Api) -> None:
        assert self.ids(api) == list(range(1005, 5, -1))

    def test_it_lists_as_many_as_the_limit_says(self, api: Api) -> None:
        assert self.ids(api, limit="3") == [1005, 1004, 1003]
        assert self.ids(api, limit=1) == [1005]

    def test_it_goes_on_before_a_row(self, api: Api) -> None:
        assert self.ids(api, before="1003", limit=2) == [1002, 1001]
        assert self.ids(api, before=4) == [3, 2, 1]
        assert self.ids(api, before=1) == []

    def test_it_lists_the_rows_of_one_status(self, api: Api) -> None:
        assert self.ids(api, status="online", limit=2) == [1004, 1002]
        assert self.ids(api, status="pause", before=1003, limit=2) == [1001, 999]
        assert self.ids(api, status="offline") == []

    def test_pages_meet_without_a_gap_or_a_row_twice(self, api: Api) -> None:
        listed: list[int] = []
        while page := self.ids(api, limit=400, **({"before": listed[-1]} if listed else {})):
            listed += page

        assert listed == list(range(1005, 0, -1))


def test_a_status_whose_word_begins_another_is_not_confused_with_it(api: Api) -> None:
    for status in ("online", "offline", "inConversation"):
        api.documented(UPDATE, status=status)

    assert statuses(rows_of(api, "38", status="offline")) == ["offline"]
