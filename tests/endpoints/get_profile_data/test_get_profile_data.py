"""getProfileData: which profiles and fields, in which order, and what a repeated request reads again."""

from __future__ import annotations

import json
import math
import time
from typing import Any

import pytest

from paidline import deadline
from tests.support import contract, golden, wire
from tests.support.api import Api, Context

NAUGHT = "0" * 64
PROFILES = "get_profile_data"
LAMBDAS_LIMIT = 6 * 1024 * 1024
MANY = 10_000
NOW = 1_000_000.0


# Each request is wrong in several ways; the answer is that of the check that comes first.
@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"authenticationHash": NAUGHT, "ref": []}, (10, "invalid:ref")),
        ({"authenticationHash": NAUGHT, "ref": "999"}, (40, "unauthorized")),
        ({"ref": "999"}, (200, "unknown_ref")),
        ({"fields": 1.5}, (10, "invalid:fields")),
    ],
)
def test_the_first_check_that_fails_decides(api: Api, changes: dict[str, Any], refusal: tuple[int, str]) -> None:
    before = api.store.contents()

    assert api.request(PROFILES, **changes).refusal == refusal
    assert api.store.contents() == before


def test_the_list_is_ordered_by_user_id_and_has_every_key_in_the_contracts_order(engine_api: Api) -> None:
    (success,) = [case for case in golden.CASES if case.name == "get_profile_data-20"]
    keys = list(json.loads(success.answer)[0])
    listed = engine_api.request(PROFILES).json

    assert [profile["_ctbUserId"] for profile in listed] == ["129", "194", "968"]
    assert all(list(profile) == keys for profile in listed)
    assert len(keys) == 31


def test_the_order_is_that_of_numbers_and_not_of_text(engine_api: Api) -> None:
    engine_api.store.change("AGENTS_TABLE", {"refKey": {"S": "968"}}, "userId", {"N": "1000"})

    assert [profile["_ctbUserId"] for profile in engine_api.request(PROFILES).json] == ["129", "194", "1000"]


def test_the_list_of_no_agents_is_empty(engine_api: Api) -> None:
    contents = engine_api.store.contents()
    contents["AgentsTable"].clear()
    engine_api.store.restore(contents)

    assert engine_api.request(PROFILES).body == "[]"


def test_an_agent_who_never_filled_in_a_profile_has_every_key(engine_api: Api) -> None:
    contents = engine_api.store.contents()
    contents["ProfilesTable"].clear()
    engine_api.store.restore(contents)

    listed = engine_api.request(PROFILES).json
    (one,) = engine_api.request(PROFILES, ref="38").json

    assert {len(profile) for profile in listed} == {31}
    assert one in listed


@pytest.mark.parametrize("ref", ["02", "2", 2])
def test_one_agent_is_listed_alone_where_a_ref_is_sent(engine_api: Api, ref: str | int) -> None:
    everybody = engine_api.request(PROFILES).json

    assert engine_api.request(PROFILES, ref=ref).json == everybody[:1]


@pytest.mark.parametrize(
    ("fields", "keys"),
    [
        ("_ctbNickname", ["_ctbNickname"]),
        ("_ctbNickname, _ctbRef", ["_ctbRef", "_ctbNickname"]),
        ("_ctbRef,unknown,", ["_ctbRef"]),
        ("unknown", []),
    ],
)
def test_only_the_requested_keys_are_listed_in_the_contracts_order(
    engine_api: Api, fields: str, keys: list[str]
) -> None:
    assert [list(profile) for profile in engine_api.request(PROFILES, fields=fields).json] == [keys] * 3


def test_one_agent_with_one_field_fits_in_a_dialplan_variable(engine_api: Api) -> None:
    assert engine_api.request(PROFILES, ref="38", fields="_ctbStatus").body == '[{"_ctbStatus":"online"}]'


def test_the_list_is_compressed_only_where_the_client_asks_for_it(engine_api: Api) -> None:
    parameters = contract.parameters(PROFILES)
    plain = engine_api.call(PROFILES, parameters)
    compressed = engine_api.call(PROFILES, parameters, accept_encoding="gzip, deflate")

    assert "content-encoding" not in plain.headers
    assert compressed.headers["content-encoding"] == "gzip"
    assert compressed.body == plain.body


@pytest.mark.unmeasured
def test_ten_thousand_profiles_fit_into_lambdas_answer(engine_api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    # What fits is the question here, and not how fast this machine is.
    monkeypatch.setattr(deadline, "remaining_s", lambda: math.inf)
    text = "Helderwetend en heldervoelend, sterk in tijdsaanduiding, liefde. " * 3
    profile = json.dumps({"_ctbShortText": text, "_ctbLongText": text * 3, "_ctbNickname": "Agent"})
    (agent,) = engine_api.store.client.query(
        TableName=engine_api.store.service.environment["AGENTS_TABLE"],
        KeyConditionExpression="refKey = :ref",
        ExpressionAttributeValues={":ref": {"S": "38"}},
    )["Items"]
    refs = [str(number) for number in range(20_000, 20_000 + MANY - 3)]
    engine_api.store.put_all(
        "AGENTS_TABLE",
        [{**agent, "refKey": {"S": ref}, "ref": {"S": ref}, "userId": {"N": ref}} for ref in refs],
    )
    engine_api.store.put_all("PROFILES_TABLE", [{"refKey": {"S": ref}, "profile": {"S": profile}} for ref in refs])

    event = contract.event_with(PROFILES, contract.parameters(PROFILES), accept_encoding="gzip")
    response = engine_api.handlers[PROFILES](event, Context())
    listed = engine_api.send(PROFILES, contract.event(PROFILES)).json

    assert len(json.dumps(response)) < LAMBDAS_LIMIT
    assert [profile["_ctbUserId"] for profile in listed] == ["129", "194", "968", *refs]


@pytest.fixture(name="clock")
def _clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time that caches see; tests move its one entry forward."""
    moment = [NOW]
    monkeypatch.setattr(time, "monotonic", lambda: moment[0])
    return moment


def make_long(api: Api) -> None:
    profile = json.dumps({"_ctbLongText": "x" * 70_000})
    api.store.put("PROFILES_TABLE", {"refKey": {"S": "38"}, "profile": {"S": profile}})


def scans_of(api: Api, **changes: str) -> int:
    with wire.recorded() as calls:
        api.request(PROFILES, **changes)
    return sum(call.operation == "Scan" for call in calls)


def set_offline(api: Api) -> None:
    api.store.change("AGENTS_TABLE", {"refKey": {"S": "38"}}, "status", {"S": "offline"})


def test_a_short_list_is_read_each_time(engine_api: Api) -> None:
    engine_api.request(PROFILES)
    set_offline(engine_api)

    assert [profile["_ctbStatus"] for profile in engine_api.request(PROFILES).json] == ["offline", "offline", "online"]


def test_a_long_list_is_not_read_again_for_five_seconds(engine_api: Api, clock: list[float]) -> None:
    make_long(engine_api)
    first = engine_api.request(PROFILES).body
    set_offline(engine_api)
    clock[0] += 4.9

    assert scans_of(engine_api) == 0
    assert engine_api.request(PROFILES).body == first


def test_many_profiles_texts_are_not_read_again_for_a_minute(engine_api: Api, clock: list[float]) -> None:
    refs = [str(number) for number in range(1_000, 1_101)]
    engine_api.store.put_all("PROFILES_TABLE", [{"refKey": {"S": ref}, "profile": {"S": "{}"}} for ref in refs])
    engine_api.request(PROFILES)
    clock[0] += 59

    assert scans_of(engine_api) == 1
    clock[0] += 2
    assert scans_of(engine_api) == 2


def test_a_long_list_shows_what_has_changed_after_five_seconds(engine_api: Api, clock: list[float]) -> None:
    make_long(engine_api)
    engine_api.request(PROFILES)
    set_offline(engine_api)
    clock[0] += 5.1

    assert engine_api.request(PROFILES).json[1]["_ctbStatus"] == "offline"


def test_a_long_list_is_remembered_for_each_choice_of_fields(engine_api: Api, clock: list[float]) -> None:
    make_long(engine_api)
    engine_api.request(PROFILES)
    chosen = engine_api.request(PROFILES, fields="_ctbLongText").json

    assert [list(profile) for profile in chosen] == [["_ctbLongText"]] * 3
    assert scans_of(engine_api, fields="_ctbLongText") == 0


def test_one_agent_is_never_remembered(engine_api: Api, clock: list[float]) -> None:
    make_long(engine_api)
    engine_api.request(PROFILES, ref="38")
    set_offline(engine_api)

    assert engine_api.request(PROFILES, ref="38").json[0]["_ctbStatus"] == "offline"
