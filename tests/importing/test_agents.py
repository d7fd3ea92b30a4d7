"""Importing agents: the old getProfileData answer, getStatusByRef's, and who shares a line."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.importing.conftest import Importer, counted
from tests.support import wire

AGENT = {
    "_ctbUserId": "7001",
    "_ctbStatus": "online",
    "_ctbLastStatusChange": "2024-01-13 19:59:15",
    "_ctbRef": "07001",
    "_ctbNickname": "Agent é",
    "_ctbChatEnabled": "false",
    "_ctbCallSessionTpm": "90",
    "_ctbStatusVisual": "Beschikbaar",
    "_ctbOutboundNumber": "31600000001",
}
USER = {"userId": 7001, "ref": "7001", "dialTimeOut": "25", "lineSharing": "true"}


def on_line(count: int, first: int = 1) -> list[dict[str, Any]]:
    line = {"outboundNumber": "31600000009", "lineSharing": "true"}
    return [{"userId": 8000 + number, "ref": str(8000 + number), **line} for number in range(first, first + count)]


def test_the_old_answer_of_all_profiles_is_answered_again_as_it_was(importer: Importer) -> None:
    path = importer.folder / "profiles.json"
    path.write_text(json.dumps([AGENT], indent=1), encoding="utf-8")

    assert counted(importer.file("agents", path)) == (1, 0, 0, 0)

    (profile,) = importer.api.request("get_profile_data", ref="7001").json
    assert AGENT.items() <= profile.items()
    assert counted(importer.file("agents", path)) == (0, 0, 1, 0)


def test_an_answer_of_get_status_by_ref_adds_what_the_profile_does_not_say(importer: Importer) -> None:
    importer.rows("agents", AGENT)

    answer = {"status": 1, "message": "ref is valid", "code": 202, "user": USER}
    assert counted(importer.rows("agents", answer)) == (0, 1, 0, 0)

    user = importer.api.request("get_status_by_ref", ref="07001").json["user"]
    assert (user["ref"], user["dialTimeOut"], user["lineSharing"]) == ("07001", "25", "true")
    assert (user["status"], user["outboundNumber"]) == ("online", "31600000001")


def test_a_changed_profile_and_price_are_written_and_the_rest_stays(importer: Importer) -> None:
    importer.rows("agents", AGENT)

    counts = importer.rows("agents", {"ref": "7001", "tpm": 120, "_ctbKeywords": "tarot"})

    (profile,) = importer.api.request("get_profile_data", ref="7001").json
    assert counted(counts) == (0, 1, 0, 0)
    assert (profile["_ctbCallSessionTpm"], profile["_ctbKeywords"], profile["_ctbNickname"]) == (
        "120",
        "tarot",
        "Agent é",
    )


def test_a_status_follows_the_old_system_until_it_is_set_here(importer: Importer) -> None:
    importer.rows("agents", AGENT)
    paused = {"ref": "7001", "status": "pause", "lastStatusChange": "2024-01-14 10:00:00"}
    assert counted(importer.rows("agents", paused)) == (0, 1, 0, 0)
    importer.api.request("update_status_by_ref", ref="7001", status="inConversation")

    assert counted(importer.rows("agents", paused)) == (0, 0, 0, 1)
    assert importer.rejects == [(1, "status", "the status has been set here since, and is inConversation")]
    assert counted(importer.rows("agents", paused, old_system_wins=True)) == (0, 1, 0, 0)


def test_a_status_that_is_set_during_the_import_stays(importer: Importer) -> None:
    importer.rows("agents", AGENT)
    waiting = ["a PBX"]

    def pbx(**_: Any) -> None:
        if waiting:
            waiting.pop()
            importer.api.request("update_status_by_ref", ref="7001", status="inConversation")

    with wire.hooked("before-call.dynamodb.TransactWriteItems", pbx, importer.api.store.client):
        counts = importer.rows("agents", {"ref": "7001", "status": "pause"})

    assert counted(counts) == (0, 0, 0, 1)
    assert importer.api.request("get_status_by_ref", ref="7001").json["user"]["status"] == "inConversation"


def test_refs_that_differ_in_leading_zeros_only_clash(importer: Importer) -> None:
    assert counted(importer.rows("agents", {"userId": 1, "ref": "7002"}, {"userId": 2, "ref": "07002"})) == (0, 0, 0, 2)
    assert [row for row, *_ in importer.rejects] == [1, 2]


@pytest.mark.parametrize(
    ("rows", "rejects"),
    [
        ([{"ref": "7009"}], [(1, "userId", "is missing, and no agent with this ref is stored")]),
        ([{"ref": "38", "userId": 5}], [(1, "userId", "the agent with this ref has userId 194")]),
        ([{"ref": "7009", "userId": 194}], [(1, "userId", "is that of 38, which is stored")]),
        (
            [{"ref": "7008", "userId": 5}, {"ref": "7009", "userId": 5}],
            [(1, "userId", "is the same as in row 2"), (2, "userId", "is the same as in row 1")],
        ),
        ([{"ref": "7009", "userId": 5, "status": "busy"}], [(1, "status", None)]),
        ([{"ref": "7009", "userId": 5, "lineSharing": "maybe"}], [(1, "lineSharing", None)]),
        ([{"ref": "7009", "userId": 5, "lastStatusChange": "yesterday"}], [(1, "lastStatusChange", None)]),
        ([{"ref": "7009", "userId": 5, "lastStatusChange": "2024-03-31 02:30:00"}], [(1, "lastStatusChange", None)]),
        ([{"ref": "7009", "userId": 5, "_ctbLongText": "x" * 350_000}], [(1, "profile", None)]),
    ],
    ids=[
        "unknown ref",
        "other userId",
        "taken userId",
        "equal userIds",
        "status",
        "switch",
        "time",
        "no such hour",
        "long",
    ],
)
def test_an_agent_who_is_not_clear_is_refused(
    importer: Importer, rows: list[dict[str, Any]], rejects: list[tuple[int, str, str | None]]
) -> None:
    assert importer.rows("agents", *rows).rejected == len(rejects)
    assert [reject[:2] for reject in importer.rejects] == [reject[:2] for reject in rejects]
    assert all(wanted[2] in (None, got[2]) for wanted, got in zip(rejects, importer.rejects, strict=True))


def test_fifty_agents_share_a_line_and_the_fifty_first_is_refused(importer: Importer) -> None:
    assert counted(importer.rows("agents", *on_line(50))) == (50, 0, 0, 0)

    assert counted(importer.rows("agents", *on_line(2, first=50))) == (0, 0, 1, 1)
    assert importer.rejects == [(2, "outboundNumber", "51 agents would share this line, and at most 50 can")]


def test_none_of_too_many_new_agents_joins_a_line(importer: Importer) -> None:
    importer.rows("agents", *on_line(30))

    assert counted(importer.rows("agents", *on_line(51))) == (0, 0, 30, 21)


def test_an_agent_may_join_a_line_that_another_leaves_in_the_same_file(importer: Importer) -> None:
    importer.rows("agents", *on_line(50))

    leaving = {"ref": "8001", "lineSharing": "false"}
    assert counted(importer.rows("agents", leaving, *on_line(1, first=51))) == (1, 1, 0, 0)


def test_a_field_that_is_not_known_is_named_and_left_out(importer: Importer) -> None:
    counts = importer.rows("agents", {"userId": 5, "ref": "7009", "dialTimeout": 20})

    assert counts.ignored_fields == {"dialTimeout"}
    assert importer.api.request("get_status_by_ref", ref="7009").json["user"]["dialTimeOut"] == "30"
