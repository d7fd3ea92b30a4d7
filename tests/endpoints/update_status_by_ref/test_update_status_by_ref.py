"""updateStatusByRef: the status and its log row are written together, whatever else writes at the same time."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support import wire
from tests.support.agents import rows_of, status_of, statuses
from tests.support.api import Api

NAUGHT = "0" * 64
STATUS = "get_status_by_ref"
UPDATE = "update_status_by_ref"
LOG = "get_status_log"
PROFILES = "get_profile_data"


# Each request is wrong in several ways; the answer is that of the check that comes first.
@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"authenticationHash": NAUGHT, "ref": "999", "status": None}, (10, "missing:status")),
        ({"authenticationHash": NAUGHT, "ref": "999", "status": "busy"}, (40, "unauthorized")),
        ({"ref": "999", "status": "busy"}, (200, "unknown_ref")),
        ({"status": "busy"}, (218, "invalid:status")),
    ],
)
def test_the_first_check_that_fails_decides(api: Api, changes: dict[str, Any], refusal: tuple[int, str]) -> None:
    before = api.store.contents()

    assert api.request(UPDATE, **changes).refusal == refusal
    assert api.store.contents() == before


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"status": "Online"}, (218, "invalid:status")),
        ({"status": "ONLINE"}, (218, "invalid:status")),
        ({"status": "IN_CONVERSATION"}, (218, "invalid:status")),
        ({"status": "inconversation"}, (218, "invalid:status")),
        ({"status": "o" * 10_000}, (218, "invalid:status")),
        ({"status": "online\x00"}, (218, "invalid:status")),
        ({"authenticationHash": "f" * 10_000}, (40, "unauthorized")),
        ({"authenticationHash": "\x00"}, (40, "unauthorized")),
        ({"authenticationHash": "\ud800"}, (10, "invalid:authenticationHash")),
        ({"status": "\ud800"}, (10, "invalid:status")),
    ],
)
def test_a_value_is_taken_to_the_letter(api: Api, changes: dict[str, Any], refusal: tuple[int, str]) -> None:
    assert api.request(UPDATE, **changes).refusal == refusal


@pytest.mark.parametrize(
    ("status", "visual"),
    [("online", "Beschikbaar"), ("inConversation", "In gesprek"), ("pause", "Pauze"), ("offline", "Offline")],
)
def test_each_status_can_be_set_and_is_read_back(api: Api, status: str, visual: str) -> None:
    written = api.request(UPDATE, status=status).json["user"]
    read = api.request(STATUS).json["user"]

    assert written == {"userId": 194, "ref": "000038", "status": status, "statusVisual": visual}
    assert read.items() >= written.items()


def test_the_time_of_the_last_change_moves_only_when_the_status_does(api: Api) -> None:
    def changed() -> str:
        (profile,) = api.request(PROFILES, ref="38").json
        return str(profile["_ctbLastStatusChange"])

    before = changed()
    api.request(UPDATE, status="online")
    unmoved = changed()
    api.request(UPDATE, status="pause")

    assert unmoved == before
    assert changed() > before


def test_an_accepted_update_of_the_same_status_still_writes_its_row(api: Api) -> None:
    for _ in range(3):
        api.request(UPDATE)

    rows = api.request(LOG).json["data"]

    assert len(rows) == 3
    assert [int(row["id"]) for row in rows] == sorted({int(row["id"]) for row in rows}, reverse=True)
    assert {row["ip"] for row in rows} == {"203.0.113.7"}


def test_an_update_that_lost_a_race_comes_after_its_rival(engine_api: Api) -> None:
    with wire.before("TransactWriteItems", lambda: engine_api.request(UPDATE, status="pause")):
        answer = engine_api.request(UPDATE, status="offline")

    assert answer.json["user"]["status"] == status_of(engine_api, "38") == "offline"
    assert statuses(rows_of(engine_api, "38")) == ["offline", "pause"]


def test_an_update_that_lost_three_races_still_comes_through(engine_api: Api) -> None:
    with wire.before("TransactWriteItems", lambda: engine_api.request(UPDATE, status="pause"), times=3):
        answer = engine_api.request(UPDATE, status="offline")

    assert answer.code == 20
    assert statuses(rows_of(engine_api, "38")) == ["offline", "pause", "pause", "pause"]


def test_an_agent_who_vanished_before_the_write_is_not_found_and_no_row_is_written(engine_api: Api) -> None:
    def vanish() -> None:
        table = engine_api.store.service.environment["AGENTS_TABLE"]
        engine_api.store.client.delete_item(TableName=table, Key={"refKey": {"S": "38"}})

    with wire.before("TransactWriteItems", vanish):
        answer = engine_api.request(UPDATE)

    assert answer.refusal == (200, "unknown_ref")
    assert len(engine_api.store.items("STATUS_LOG_TABLE")) == 1


def test_a_log_row_that_is_in_the_way_leaves_the_status_until_another_id_is_found(engine_api: Api) -> None:
    engine_api.request(UPDATE, status="pause")
    (row,) = rows_of(engine_api, "38")
    # An older version number makes the next update choose an id that is taken, as a clock that jumps back does.
    engine_api.store.change("AGENTS_TABLE", {"refKey": {"S": "38"}}, "lastLogId", {"N": str(int(row["id"]) - 1)})

    answer = engine_api.request(UPDATE, status="offline")

    assert answer.code == 20
    assert statuses(rows_of(engine_api, "38")) == ["offline", "pause"]


def test_the_newest_row_stays_the_newest_when_the_clock_goes_back(
    engine_api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine_api.request(UPDATE, status="pause")
    monkeypatch.setattr("paidline.ids.new_id", lambda: 1)
    engine_api.request(UPDATE, status="offline")

    assert statuses(rows_of(engine_api, "38")) == ["offline", "pause"]
