"""The list of profiles on the real engine."""

from __future__ import annotations

import json

import pytest

from tests.support import documented, golden
from tests.support.api import Api, Context

PROFILES = "get_profile_data"
LAMBDAS_LIMIT = 6 * 1024 * 1024
MANY = 10_000


def test_the_list_is_ordered_by_user_id_and_has_every_documented_key_in_order(api: Api) -> None:
    (success,) = [case for case in golden.CASES if case.name == "get_profile_data-20"]
    keys = list(json.loads(success.answer)[0])
    listed = api.documented(PROFILES).json

    assert [profile["_ctbUserId"] for profile in listed] == ["129", "194", "968"]
    assert all(list(profile) == keys for profile in listed)
    assert len(keys) == 31


def test_the_order_is_that_of_numbers_and_not_of_text(api: Api) -> None:
    api.store.change("AGENTS_TABLE", {"refKey": {"S": "968"}}, "userId", {"N": "1000"})

    assert [profile["_ctbUserId"] for profile in api.documented(PROFILES).json] == ["129", "194", "1000"]


def test_the_list_of_no_agents_is_empty(api: Api) -> None:
    contents = api.store.contents()
    contents["AgentsTable"].clear()
    api.store.restore(contents)

    assert api.documented(PROFILES).body == "[]"


def test_an_agent_who_never_filled_in_a_profile_has_every_key(api: Api) -> None:
    contents = api.store.contents()
    contents["ProfilesTable"].clear()
    api.store.restore(contents)

    listed = api.documented(PROFILES).json
    (one,) = api.documented(PROFILES, ref="38").json

    assert {len(profile) for profile in listed} == {31}
    assert one in listed


@pytest.mark.parametrize("ref", ["02", "2", 2])
def test_one_agent_is_listed_alone_where_a_ref_is_sent(api: Api, ref: str | int) -> None:
    everybody = api.documented(PROFILES).json

    assert api.documented(PROFILES, ref=ref).json == everybody[:1]


@pytest.mark.parametrize(
    ("fields", "keys"),
    [
        ("_ctbNickname", ["_ctbNickname"]),
        ("_ctbNickname, _ctbRef", ["_ctbRef", "_ctbNickname"]),
        ("_ctbRef,unknown,", ["_ctbRef"]),
        ("unknown", []),
    ],
)
def test_only_the_wanted_keys_are_listed_in_the_documents_order(api: Api, fields: str, keys: list[str]) -> None:
    assert [list(profile) for profile in api.documented(PROFILES, fields=fields).json] == [keys] * 3


def test_one_agent_with_one_field_fits_in_a_dialplan_variable(api: Api) -> None:
    assert api.documented(PROFILES, ref="38", fields="_ctbStatus").body == '[{"_ctbStatus":"online"}]'


def test_the_list_is_compressed_only_where_the_client_asks_for_it(api: Api) -> None:
    parameters = documented.parameters(PROFILES)
    plain = api.call(PROFILES, parameters)
    compressed = api.call(PROFILES, parameters, accept_encoding="gzip, deflate")

    assert "content-encoding" not in plain.headers
    assert compressed.headers["content-encoding"] == "gzip"
    assert compressed.body == plain.body


def test_ten_thousand_profiles_fit_into_lambdas_answer(api: Api) -> None:
    text = "Helderwetend en heldervoelend, sterk in tijdsaanduiding, liefde. " * 3
    profile = json.dumps({"_ctbShortText": text, "_ctbLongText": text * 3, "_ctbNickname": "Agent"})
    (agent,) = api.store.client.query(
        TableName=api.store.service.environment["AGENTS_TABLE"],
        KeyConditionExpression="refKey = :ref",
        ExpressionAttributeValues={":ref": {"S": "38"}},
    )["Items"]
    refs = [str(number) for number in range(20_000, 20_000 + MANY - 3)]
    api.store.put_all(
        "AGENTS_TABLE",
        [{**agent, "refKey": {"S": ref}, "ref": {"S": ref}, "userId": {"N": ref}} for ref in refs],
    )
    api.store.put_all("PROFILES_TABLE", [{"refKey": {"S": ref}, "profile": {"S": profile}} for ref in refs])

    event = documented.event_with(PROFILES, documented.parameters(PROFILES), accept_encoding="gzip")
    response = api.handlers[PROFILES](event, Context())
    listed = api.send(PROFILES, documented.event(PROFILES)).json

    assert len(json.dumps(response)) < LAMBDAS_LIMIT
    assert [profile["_ctbUserId"] for profile in listed] == ["129", "194", "968", *refs]
