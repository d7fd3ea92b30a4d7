"""Agents of operators: who they are, their line, price, profile and status."""

from __future__ import annotations

from typing import Any

import pytest

from paidline.domain.agents import MAX_AGENTS_PER_LINE
from paidline.store.agents import Agent
from tests.support import wire
from tests.support.admin import Admin
from tests.support.service import LINE, SESSION, UPDATE, UPDATE_LINE, Service

NEW: dict[str, Any] = {"userId": 7, "ref": "0007"}


def rows(service: Service, ref_key: str) -> list[dict[str, Any]]:
    return [item for item in service.items("STATUS_LOG_TABLE") if item["refKey"]["S"] == ref_key]


def share_line(service: Service, count: int) -> None:
    """Add agents who share the line of the first two."""
    agents = [Agent(1000 + n, f"9{n:03}", "offline", LINE, True, 0).to_item() for n in range(count)]
    for item in agents:
        service.store.put_item(TableName=service.tables["AGENTS_TABLE"], Item=item)


def test_an_agent_is_created_with_the_defaults_and_works_at_once(admin: Admin, service: Service) -> None:
    assert admin.do("agent.create", **NEW) == {"ref": "0007", "userId": 7, "version": 0}
    assert admin.do("agent.show", ref=7) == {
        "userId": 7,
        "ref": "0007",
        "status": "offline",
        "outboundNumber": "",
        "dialTimeOut": 30,
        "lineSharing": False,
        "tpm": 0,
        "lastStatusChange": "",
        "profile": {},
        "version": 0,
    }
    assert service.send(UPDATE, ref="7", status="online").code == 20


@pytest.mark.parametrize(
    ("changes", "field"), [({"ref": "38"}, "ref"), ({"ref": "00000038"}, "ref"), ({"userId": 194}, "userId")]
)
def test_an_agent_that_would_clash_with_another_is_not_created(
    admin: Admin, service: Service, changes: dict[str, Any], field: str
) -> None:
    before = service.items("AGENTS_TABLE"), service.items("PROFILES_TABLE")

    assert admin.fail("agent.create", **{**NEW, **changes}) == ("already_exists", field)
    assert (service.items("AGENTS_TABLE"), service.items("PROFILES_TABLE")) == before


def test_of_two_agents_of_one_ref_at_the_same_moment_the_second_is_refused(admin: Admin, service: Service) -> None:
    rival = {"userId": 8, "ref": "7", "profile": {"_ctbNickname": "Rival"}}
    with wire.before("TransactWriteItems", lambda: admin.do("agent.create", **rival)):
        assert admin.fail("agent.create", **NEW) == ("already_exists", "ref")

    assert admin.do("agent.show", ref="7")["profile"] == {"_ctbNickname": "Rival"}


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"userId": 0}, "userId"),
        ({"userId": 2**31}, "userId"),
        ({"ref": ""}, "ref"),
        ({"status": "busy"}, "status"),
        ({"outboundNumber": "home"}, "outboundNumber"),
        ({"dialTimeOut": -1}, "dialTimeOut"),
        ({"lineSharing": "true"}, "lineSharing"),
        ({"tpm": 1.5}, "tpm"),
        ({"profile": {"_ctbNickname": 1}}, "profile._ctbNickname"),
        ({"profile": {"nickname": "Seven"}}, "profile"),
        ({"profile": {"_ctbStatus": "online"}}, "profile"),
        ({"profile": {"_ctbLongText": "x" * 350_000}}, "profile"),
        ({"nickname": "Seven"}, "nickname"),
    ],
)
def test_an_agent_with_a_malformed_value_is_refused_by_its_field(
    storeless: Admin, arguments: dict[str, Any], field: str
) -> None:
    assert storeless.fail("agent.create", **{**NEW, **arguments}) == ("invalid_request", field)


@pytest.mark.parametrize("command", ["agent.show", "agent.change", "agent.remove"])
def test_an_agent_who_is_not_there_is_not_found(admin: Admin, command: str) -> None:
    assert admin.fail(command, ref="7") == ("not_found", "ref")


def test_a_change_sets_what_is_given_and_leaves_the_rest(admin: Admin, service: Service) -> None:
    before = admin.do("agent.show", ref="38")
    admin.do("agent.change", ref="38", tpm="120", profile={"_ctbNickname": "Anna", "_ctbKeywords": "tarot"})
    admin.do("agent.change", ref="38", profile={"_ctbNickname": None}, dialTimeOut=20)
    after = admin.do("agent.show", ref="38")

    changes = {"tpm": 120, "dialTimeOut": 20, "profile": {"_ctbKeywords": "tarot"}, "version": 2}
    assert after == {**before, **changes}
    assert service.send(SESSION).json["callSession"]["tpm"] == "120"


@pytest.mark.parametrize("nothing", [None, ""])
def test_an_outbound_number_is_removed_and_leaves_its_line(admin: Admin, service: Service, nothing: str | None) -> None:
    admin.do("agent.change", ref="38", outboundNumber=nothing)

    assert admin.do("agent.show", ref="38")["outboundNumber"] == ""
    assert service.send(UPDATE_LINE).json["user"]["userId"] == 195


def test_a_new_status_is_a_row_of_the_log_like_any_other(admin: Admin, service: Service) -> None:
    service.send(UPDATE, status="online")
    admin.do("agent.change", ref="38", status="pause", version=0)
    admin.do("agent.change", ref="38", status="pause")
    last = service.send(UPDATE, status="offline")
    logged = sorted(rows(service, "38"), key=lambda row: int(row["id"]["N"]))

    assert last.json["user"]["status"] == "offline"
    assert [row["status"]["S"] for row in logged] == ["online", "pause", "pause", "offline"]
    assert [row["handler"]["S"] for row in logged[1:3]] == ["admin", "admin"]


def test_a_status_that_is_set_just_before_a_change_of_price_stays(admin: Admin, service: Service) -> None:
    with wire.before("TransactWriteItems", lambda: service.send(UPDATE, status="pause")):
        admin.do("agent.change", ref="38", tpm=5, version=0)
    shown = admin.do("agent.show", ref="38")

    assert (shown["status"], shown["tpm"], shown["version"]) == ("pause", 5, 1)


def test_a_status_that_is_set_just_before_that_of_an_operator_is_in_the_log_before_it(
    admin: Admin, service: Service
) -> None:
    with wire.before("TransactWriteItems", lambda: service.send(UPDATE, status="pause")):
        admin.do("agent.change", ref="38", status="online")
    logged = sorted(rows(service, "38"), key=lambda row: int(row["id"]["N"]))

    assert [row["status"]["S"] for row in logged] == ["pause", "online"]
    (agent,) = [item for item in service.items("AGENTS_TABLE") if item["refKey"]["S"] == "38"]
    assert (agent["status"]["S"], agent["lastLogId"]) == ("online", logged[-1]["id"])


def test_a_change_of_line_just_before_an_update_of_the_line_leaves_the_agent_alone(
    admin: Admin, service: Service
) -> None:
    with wire.before("TransactWriteItems", lambda: admin.do("agent.change", ref="38", outboundNumber="31600000002")):
        service.send(UPDATE_LINE)

    assert admin.do("agent.show", ref="38")["status"] == "offline"
    assert admin.do("agent.show", ref="39")["status"] == "pause"


@pytest.mark.parametrize("command", ["agent.change", "agent.remove"])
def test_a_command_for_another_version_is_a_conflict(admin: Admin, service: Service, command: str) -> None:
    admin.do("agent.change", ref="38", tpm=5)
    before = service.items("AGENTS_TABLE")

    assert admin.fail(command, ref="38", version=0) == ("conflict", "version")
    assert service.items("AGENTS_TABLE") == before


def test_of_two_changes_for_one_version_at_the_same_moment_the_second_is_a_conflict(admin: Admin) -> None:
    with wire.before("TransactWriteItems", lambda: admin.do("agent.change", ref="38", tpm=5, version=0)):
        assert admin.fail("agent.change", ref="38", tpm=6, version=0) == ("conflict", "version")

    assert admin.do("agent.show", ref="38")["tpm"] == 5


def test_two_changes_of_one_profile_at_the_same_moment_are_both_in_it(admin: Admin) -> None:
    rival = {"ref": "38", "profile": {"_ctbKeywords": "tarot"}}
    with wire.before("TransactWriteItems", lambda: admin.do("agent.change", **rival)):
        admin.do("agent.change", ref="38", profile={"_ctbNickname": "Anna"})

    assert admin.do("agent.show", ref="38")["profile"] == {"_ctbKeywords": "tarot", "_ctbNickname": "Anna"}


def test_the_line_is_full_with_fifty_agents_who_share_it(admin: Admin, service: Service) -> None:
    share_line(service, MAX_AGENTS_PER_LINE - 3)
    line = {"outboundNumber": LINE, "lineSharing": True}
    admin.do("agent.create", userId=7, ref="7", **line)
    refused = ("refused", "outboundNumber")

    assert admin.fail("agent.create", userId=8, ref="8", **line) == refused
    admin.do("agent.create", userId=8, ref="8", outboundNumber=LINE)
    assert admin.fail("agent.change", ref="8", lineSharing=True) == refused
    admin.do("agent.change", ref="8", outboundNumber="31600000002", lineSharing=True)
    assert admin.fail("agent.change", ref="8", outboundNumber=LINE) == refused
    admin.do("agent.change", ref="7", tpm=5)
    assert service.send(UPDATE_LINE).code == 20


def test_only_an_agent_who_is_offline_is_removed_and_the_log_stays(admin: Admin, service: Service) -> None:
    admin.do("agent.change", ref="38", status="inConversation", profile={"_ctbNickname": "Anna"})
    in_conversation = admin.fail("agent.remove", ref="38")
    admin.do("agent.change", ref="38", status="offline")
    admin.do("agent.remove", ref="000038", version=2)

    assert in_conversation == ("refused", "status")
    assert service.send(UPDATE).refusal == (200, "unknown_ref")
    assert not [item for item in service.items("PROFILES_TABLE") if item["refKey"]["S"] == "38"]
    assert len(rows(service, "38")) == 2


def test_an_agent_who_is_called_just_before_being_removed_stays(admin: Admin, service: Service) -> None:
    with wire.before("TransactWriteItems", lambda: service.send(UPDATE, status="inConversation")):
        assert admin.fail("agent.remove", ref="38") == ("refused", "status")

    assert admin.do("agent.show", ref="38")["status"] == "inConversation"


def test_an_agent_who_is_removed_just_before_being_called_is_unknown(admin: Admin, service: Service) -> None:
    with wire.before("TransactWriteItems", lambda: admin.do("agent.remove", ref="38")):
        assert service.send(UPDATE).refusal == (200, "unknown_ref")
