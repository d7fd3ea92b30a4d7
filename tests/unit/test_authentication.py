"""Hashes: what they open, how they are rotated and revoked, and that they are nowhere kept."""

from __future__ import annotations

import hashlib
import time

import pytest

from paidline.store.api_clients import ALL_APPLICATIONS, ApiClient, ApplicationIds
from paidline.store.dialed_numbers import DialedNumber
from tests.support import contract, wire
from tests.support.api import Api
from tests.support.store import Item

NEW_HASH = "b" * 64
STATUS = "get_status_by_ref"
BY_PIN = "get_wallet_by_dialed_number_and_pin"
CREDIT_ENDPOINTS = [stem for stem in contract.STEMS if "wallet" in stem]


def store_client(
    api: Api, text: str, scope: str, *, active: bool = True, application_ids: ApplicationIds = ALL_APPLICATIONS
) -> None:
    digest = hashlib.sha256(text.encode()).hexdigest()
    api.store.put("API_CLIENTS_TABLE", ApiClient(digest, scope, active, application_ids).to_item())


def later(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + seconds)


def scope_of(stem: str) -> str:
    if stem.startswith("calls_"):
        return "calls"
    if stem == "wallboard":
        return "wallboard"
    return "credsys" if stem in CREDIT_ENDPOINTS else "ctb"


@pytest.mark.parametrize("stem", contract.STEMS)
def test_a_new_hash_and_the_old_one_are_valid_at_once(api: Api, stem: str) -> None:
    store_client(api, NEW_HASH, scope_of(stem))

    assert api.request(stem, authenticationHash=NEW_HASH).reason is None
    assert api.request(stem).reason is None


def test_a_hash_works_as_soon_as_it_is_stored_even_if_it_was_tried_before(api: Api) -> None:
    before = api.request(STATUS, authenticationHash=NEW_HASH)
    store_client(api, NEW_HASH, "ctb")

    assert before.code == 40
    assert api.request(STATUS, authenticationHash=NEW_HASH).code == 202


@pytest.mark.parametrize("stem", contract.STEMS)
def test_a_revoked_hash_is_unauthorized(api: Api, stem: str) -> None:
    own = contract.parameters(stem)["authenticationHash"]
    store_client(api, own, scope_of(stem), active=False)

    assert api.request(stem).refusal == (40, "unauthorized")


@pytest.mark.parametrize("how", ["revoked", "deleted"])
def test_a_hash_that_was_just_used_stops_working_within_a_minute(
    api: Api, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    api.request(STATUS)
    if how == "revoked":
        store_client(api, contract.AGENTS_HASH, "ctb", active=False)
    else:
        digest = hashlib.sha256(contract.AGENTS_HASH.encode()).hexdigest()
        table = api.store.service.environment["API_CLIENTS_TABLE"]
        api.store.client.delete_item(TableName=table, Key={"hashDigest": {"S": digest}})
    later(monkeypatch, 59)

    assert api.request(STATUS).refusal == (40, "unauthorized")


def test_a_hash_is_not_looked_up_again_for_the_next_request(api: Api) -> None:
    api.request(STATUS)
    with wire.recorded() as calls:
        api.request(STATUS)

    assert [call.content["TableName"] for call in calls] == ["AgentsTable"]


def test_a_wrong_hash_is_not_remembered(api: Api) -> None:
    with wire.recorded() as calls:
        for _ in range(3):
            api.request(STATUS, authenticationHash="wrong")

    assert len(calls) == 3


@pytest.mark.parametrize("stem", CREDIT_ENDPOINTS)
def test_a_hash_that_is_limited_to_applications_opens_only_those(api: Api, stem: str) -> None:
    store_client(api, "limited", "credsys", application_ids=frozenset({"7", "1288"}))
    store_client(api, "foreign", "credsys", application_ids=frozenset({"7"}))

    assert api.request(stem, authenticationHash="limited").code == 20
    assert api.request(stem, authenticationHash="foreign").refusal == (40, "unauthorized")


def test_a_limited_hash_opens_its_own_application(api: Api) -> None:
    store_client(api, "limited", "credsys", application_ids=frozenset({"7"}))
    api.store.put("DIALED_NUMBERS_TABLE", DialedNumber("4711", "7", "other").to_item())

    assert api.request(BY_PIN, authenticationHash="limited", dialedNumber="4711").refusal == (30, "unknown_pin")


@pytest.mark.parametrize(
    "stored",
    [
        {},
        {"applicationIds": {"SS": ["all"]}},
        {"applicationIds": {"S": "1288"}},
        {"applicationIds": {"S": "ALL"}},
        {"applicationIds": {"S": ""}},
        {"applicationIds": {"L": [{"S": "1288"}]}},
        {"applicationIds": {"NULL": True}},
    ],
    ids=lambda stored: str(stored.get("applicationIds", "absent")),
)
@pytest.mark.parametrize("stem", CREDIT_ENDPOINTS)
def test_a_hash_for_which_nobody_wrote_applications_opens_none(api: Api, stem: str, stored: Item) -> None:
    item = ApiClient(hashlib.sha256(b"closed").hexdigest(), "credsys", True, frozenset()).to_item()
    api.store.put("API_CLIENTS_TABLE", {**item, **stored})

    assert api.request(stem, authenticationHash="closed").refusal == (40, "unauthorized")


def test_a_hash_opens_all_applications_where_somebody_wrote_all(api: Api) -> None:
    store_client(api, "open", "credsys", application_ids=ALL_APPLICATIONS)
    api.store.put("DIALED_NUMBERS_TABLE", DialedNumber("4711", "7", "other").to_item())

    assert api.request(BY_PIN, authenticationHash="open").code == 20
    assert api.request(BY_PIN, authenticationHash="open", dialedNumber="4711").refusal == (30, "unknown_pin")


def test_an_application_that_is_called_all_is_one_application(api: Api) -> None:
    store_client(api, "limited", "credsys", application_ids=frozenset({"all"}))
    api.store.put("DIALED_NUMBERS_TABLE", DialedNumber("4711", "all", "other").to_item())

    assert api.request(BY_PIN, authenticationHash="limited", dialedNumber="4711").refusal == (30, "unknown_pin")
    assert api.request(BY_PIN, authenticationHash="limited").refusal == (40, "unauthorized")


def test_a_key_of_a_hash_that_lost_the_application_gives_its_answer_no_more(api: Api) -> None:
    store_client(api, "limited", "credsys", application_ids=frozenset({"1288"}))
    subtract = {"authenticationHash": "limited", "idempotencyKey": "call-1"}
    first = api.request("subtract_tokens_from_wallet", **subtract)
    store_client(api, "limited", "credsys", application_ids=frozenset({"7"}))
    api.forget()

    assert first.code == 20
    assert api.request("subtract_tokens_from_wallet", **subtract).refusal == (40, "unauthorized")


def test_the_store_holds_the_digest_of_a_hash_and_nothing_else_of_it(api: Api) -> None:
    stored = str(api.store.contents())

    assert contract.AGENTS_HASH not in stored
    assert hashlib.sha256(contract.AGENTS_HASH.encode()).hexdigest() in stored


def test_the_memory_of_a_process_stays_small_however_many_numbers_are_dialed(api: Api) -> None:
    from paidline.store.cache import Cache

    cache = Cache[str](lambda key: key)
    for number in range(3_000):
        assert cache.get(str(number)) == str(number)

    assert len(cache._entries) <= 1_024


@pytest.mark.parametrize(
    ("cidrs", "source_ip", "is_allowed"),
    [
        (["192.0.2.0/24"], "192.0.2.7", True),
        (["192.0.2.0/24"], "192.0.3.7", False),
        (["192.0.2.7/32"], "192.0.2.7", True),
        (["192.0.2.7/32"], "192.0.2.8", False),
        (["198.51.100.0/24", "192.0.2.0/24"], "192.0.2.7", True),
        (["2001:db8::/32"], "2001:db8:1::7", True),
        (["2001:db8::/32"], "2001:db9::7", False),
        (["2001:db8::/32"], "192.0.2.7", False),
        (["192.0.2.0/24"], "2001:db8::7", False),
        (["192.0.2.0/24"], "::ffff:192.0.2.7", True),
        (["192.0.2.0/24"], "::ffff:192.0.3.7", False),
        (["0.0.0.0/0"], "unknown", False),
        (["0.0.0.0/0"], "", False),
        ([], "unknown", True),
    ],
)
@pytest.mark.parametrize("stem", [STATUS, BY_PIN])
def test_a_hash_that_is_limited_to_networks_is_refused_from_elsewhere(
    api: Api, stem: str, cidrs: list[str], source_ip: str, is_allowed: bool
) -> None:
    digest = hashlib.sha256(NEW_HASH.encode()).hexdigest()
    scope = "credsys" if stem in CREDIT_ENDPOINTS else "ctb"
    client = ApiClient(digest, scope, True, ALL_APPLICATIONS, frozenset(cidrs))
    api.store.put("API_CLIENTS_TABLE", client.to_item())
    event = contract.event_with(stem, contract.changed(stem, authenticationHash=NEW_HASH))
    event["requestContext"]["http"]["sourceIp"] = source_ip

    assert api.send(stem, event).reason == (None if is_allowed else "source_not_allowed")
    if not is_allowed:
        assert api.send(stem, event).code == 40


def test_only_a_valid_hash_learns_that_its_network_is_not_allowed(api: Api) -> None:
    digest = hashlib.sha256(NEW_HASH.encode()).hexdigest()
    limited = ApiClient(digest, "ctb", False, ALL_APPLICATIONS, frozenset({"192.0.2.0/24"}))
    api.store.put("API_CLIENTS_TABLE", limited.to_item())
    revoked = api.request(STATUS, authenticationHash=NEW_HASH).reason
    api.store.put("API_CLIENTS_TABLE", limited._replace(active=True, scope="credsys").to_item())

    assert (revoked, api.request(STATUS, authenticationHash=NEW_HASH).reason) == ("unauthorized", "unauthorized")
