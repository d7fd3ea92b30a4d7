"""What the list of profiles costs when it is asked for again."""

from __future__ import annotations

import json
import time

import pytest

from tests.support import wire
from tests.support.api import Api

PROFILES = "get_profile_data"
NOW = 1_000_000.0


@pytest.fixture(name="clock")
def _clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time that caches see; its one entry may be moved on."""
    moment = [NOW]
    monkeypatch.setattr(time, "monotonic", lambda: moment[0])
    return moment


def make_long(api: Api) -> None:
    profile = json.dumps({"_ctbLongText": "x" * 70_000})
    api.store.put("PROFILES_TABLE", {"refKey": {"S": "38"}, "profile": {"S": profile}})


def scans_of(api: Api, **changes: str) -> int:
    with wire.recorded() as calls:
        api.documented(PROFILES, **changes)
    return sum(call.operation == "Scan" for call in calls)


def set_offline(api: Api) -> None:
    api.store.change("AGENTS_TABLE", {"refKey": {"S": "38"}}, "status", {"S": "offline"})


def test_a_short_list_is_read_each_time(api: Api) -> None:
    api.documented(PROFILES)
    set_offline(api)

    assert [profile["_ctbStatus"] for profile in api.documented(PROFILES).json] == ["offline", "offline", "online"]


def test_a_long_list_is_not_read_again_for_five_seconds(api: Api, clock: list[float]) -> None:
    make_long(api)
    first = api.documented(PROFILES).body
    set_offline(api)
    clock[0] += 4.9

    assert scans_of(api) == 0
    assert api.documented(PROFILES).body == first


def test_many_profiles_texts_are_not_read_again_for_a_minute(api: Api, clock: list[float]) -> None:
    refs = [str(number) for number in range(1_000, 1_101)]
    api.store.put_all("PROFILES_TABLE", [{"refKey": {"S": ref}, "profile": {"S": "{}"}} for ref in refs])
    api.documented(PROFILES)
    clock[0] += 59

    assert scans_of(api) == 1
    clock[0] += 2
    assert scans_of(api) == 2


def test_a_long_list_shows_what_has_changed_after_five_seconds(api: Api, clock: list[float]) -> None:
    make_long(api)
    api.documented(PROFILES)
    set_offline(api)
    clock[0] += 5.1

    assert api.documented(PROFILES).json[1]["_ctbStatus"] == "offline"


def test_a_long_list_is_remembered_for_each_choice_of_fields(api: Api, clock: list[float]) -> None:
    make_long(api)
    api.documented(PROFILES)
    chosen = api.documented(PROFILES, fields="_ctbLongText").json

    assert [list(profile) for profile in chosen] == [["_ctbLongText"]] * 3
    assert scans_of(api, fields="_ctbLongText") == 0


def test_one_agent_is_never_remembered(api: Api, clock: list[float]) -> None:
    make_long(api)
    api.documented(PROFILES, ref="38")
    set_offline(api)

    assert api.documented(PROFILES, ref="38").json[0]["_ctbStatus"] == "offline"
