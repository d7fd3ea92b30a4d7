"""What the loader of agents, numbers, wallets and API clients refuses, and what it leaves behind."""

from __future__ import annotations

from typing import Any

import pytest

from admin import data
from paidline import ids
from paidline.domain.authentication import hash_digest
from paidline.store.dynamodb import dynamodb
from tests.support import contract, wire
from tests.support.api import Api

AGENT = {"userId": 1, "ref": "1"}
WALLET = {"applicationId": "7", "walletId": "1", "pin": "42", "tokens": 10}
ROW = {"id": 1, "ref": "38", "created": "2024-05-25T20:55:03Z", "status": "online", "handler": "h", "ip": "127.0.0.1"}
CLIENT = {"authenticationHash": "secret-hash", "scope": "ctb"}
CREDIT_CLIENT = {"authenticationHash": "secret-hash", "scope": "credsys"}
NUMBER = {"dialedNumber": "4711", "applicationId": "7", "companyName": "c"}

CREDIT_ENDPOINTS = [stem for stem in contract.STEMS if "wallet" in stem]


def load(api: Api, **document: Any) -> None:
    data.load(api.store.client, document)


def on_one_line(count: int, **changes: Any) -> list[dict[str, Any]]:
    line = {"outboundNumber": "31600000001", "lineSharing": True, **changes}
    return [{"userId": number, "ref": str(7000 + number), **line} for number in range(1, count + 1)]


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"agents": [AGENT, {"userId": 2, "ref": "01"}]}, "another agent's ref equals"),
        ({"agents": [{**AGENT, "profile": {"_ctbNick": "x"}}]}, "agent 1: a profile has no _ctbNick"),
        ({"agents": on_one_line(51)}, "more than 50 agents share one line"),
        ({"statusLog": [ROW]}, "status log row 1: no agent has its ref"),
        ({"agents": [AGENT], "statusLog": [{**ROW, "ref": "1", "id": 10**16}]}, "statusLog.0.id"),
        ({"agents": [AGENT], "statusLog": [{**ROW, "ref": "1", "id": 2**53}]}, "statusLog.0.id"),
        ({"agents": [AGENT], "statusLog": [{**ROW, "ref": "1", "id": 0}]}, "statusLog.0.id"),
        ({"agents": [{**AGENT, "status": "busy"}]}, "agents.0.status"),
        ({"agents": [{**AGENT, "userId": 0}]}, "agents.0.userId"),
        ({"agents": [{**AGENT, "userId": True, "tpm": -1}]}, "agents.0.tpm"),
        ({"agents": [{**AGENT, "outboundNumber": "anonymous"}]}, "agents.0.outboundNumber"),
        ({"agents": [{**AGENT, "lastStatusChange": "2024-01-13 19:59:15"}]}, "agents.0.lastStatusChange"),
        ({"agents": [{**AGENT, "lastStatusChange": "yesterday"}]}, "agents.0.lastStatusChange"),
        ({"agents": [{**AGENT, "colour": "red"}]}, "agents.0.colour"),
        ({"agents": [{"userId": 1}]}, "agents.0.ref"),
        ({"agents": {}}, "agents"),
        ({"agenst": []}, "agenst"),
        ({"agents": [{**AGENT, "ref": "38"}], "statusLog": [{**ROW, "created": "2024-05-25"}]}, "statusLog.0.created"),
        ({"wallets": [{**WALLET, "tokens": -1}]}, "wallets.0.tokens"),
        ({"wallets": [{**WALLET, "tokens": 1_000_000_000_000}]}, "wallets.0.tokens"),
        ({"wallets": [{**WALLET, "pin": ""}]}, "wallets.0.pin"),
        ({"wallets": [{**WALLET, "pin": "4 2"}]}, "wallets.0.pin"),
        ({"apiClients": [{**CLIENT, "scope": "all"}]}, "apiClients.0.scope"),
        ({"apiClients": [{**CLIENT, "applicationIds": ["1288"]}]}, r"apiClients\[1\]: applicationIds limit access"),
        ({"apiClients": [{**CLIENT, "applicationIds": "all"}]}, r"apiClients\[1\]: applicationIds limit access"),
        ({"apiClients": [{**CREDIT_CLIENT, "applicationIds": "ALL"}]}, "apiClients.0.applicationIds"),
        ({"apiClients": [{**CREDIT_CLIENT, "applicationIds": [""]}]}, "apiClients.0.applicationIds"),
        ({"apiClients": [{**CREDIT_CLIENT, "applicationIds": None}]}, "apiClients.0.applicationIds"),
        ({"apiClients": [{**CLIENT, "authenticationHash": ""}]}, "apiClients.0.authenticationHash"),
        ({"dialedNumbers": [{**NUMBER, "dialedNumber": "x"}]}, "dialedNumbers.0.dialedNumber"),
    ],
)
def test_what_the_service_could_not_work_with_is_refused_and_nothing_is_written(
    api: Api, document: dict[str, Any], said: str
) -> None:
    before = api.store.contents()
    with pytest.raises(data.DataError, match=said):
        load(api, **document)

    assert api.store.contents() == before


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"agents": [{"userId": 1, "ref": "38"}]}, "agent 1 already exists"),
        ({"agents": [{**AGENT, "ref": "968"}], "statusLog": [{**ROW, "ref": "968", "id": 499}]}, "agent 1"),
        ({"agents": [{**AGENT, "ref": "00038"}]}, "agent 1 already exists"),
        ({"wallets": [{**WALLET, "applicationId": "1288", "pin": "695334"}]}, "wallet 1 already exists"),
        ({"wallets": [{**WALLET, "applicationId": "1288", "phoneNumber": "31688006395"}]}, "wallet 1"),
        ({"wallets": [{**WALLET, "walletId": "6254"}]}, "wallet 6254 already exists"),
        ({"dialedNumbers": [{**NUMBER, "dialedNumber": "14620905014"}]}, "application 7 already exists"),
    ],
)
def test_what_is_there_already_is_refused_and_stays_as_it_is(api: Api, document: dict[str, Any], said: str) -> None:
    before = api.store.contents()
    with pytest.raises(data.DataError, match=said):
        load(api, **document)

    assert api.store.contents() == before


@pytest.mark.parametrize(
    "document",
    [
        {"apiClients": [CLIENT, CLIENT]},
        {"apiClients": [{**CLIENT, "authenticationHash": ["secret-hash"]}]},
        {"wallets": [WALLET, {**WALLET, "walletId": "2", "pin": "secret-pin"}, {**WALLET, "pin": "secret-pin"}]},
        {"wallets": [{**WALLET, "pin": "secret pin", "email": "secret@a.com", "phoneNumber": "secret"}]},
        {"agents": [{**AGENT, "outboundNumber": "secret"}]},
    ],
)
def test_a_refusal_names_no_hash_pin_number_or_address(api: Api, document: dict[str, Any]) -> None:
    with pytest.raises(data.DataError) as refused:
        load(api, **document)

    chain: list[BaseException] = [refused.value]
    while cause := chain[-1].__cause__:
        chain.append(cause)
    assert not [error for error in chain if "secret" in str(error) or "secret" in str(getattr(error, "response", ""))]


@pytest.mark.parametrize(
    ("written", "refusal"),
    [
        ({"applicationIds": "all"}, None),
        ({"applicationIds": ["7", "1288"]}, None),
        ({"applicationIds": ["7"]}, "unauthorized"),
        ({"applicationIds": ["all"]}, "unauthorized"),
        ({"applicationIds": []}, "unauthorized"),
        ({}, "unauthorized"),
    ],
    ids=str,
)
def test_a_loaded_hash_opens_the_applications_that_are_written_and_no_others(
    api: Api, written: dict[str, Any], refusal: str | None
) -> None:
    load(api, apiClients=[{**CREDIT_CLIENT, **written}])

    assert api.request("subtract_tokens_from_wallet", authenticationHash="secret-hash").reason == refusal


def test_a_hash_that_is_loaded_as_revoked_opens_nothing(api: Api) -> None:
    load(api, apiClients=[{**CREDIT_CLIENT, "applicationIds": "all", "active": False}])

    answer = api.request("subtract_tokens_from_wallet", authenticationHash="secret-hash")

    assert answer.refusal == (40, "unauthorized")


def test_a_hash_whose_last_application_was_removed_opens_none(api: Api) -> None:
    load(api, apiClients=[{**CREDIT_CLIENT, "applicationIds": ["1288"]}])
    table, digest = api.store.service.environment["API_CLIENTS_TABLE"], hash_digest("secret-hash")
    before = api.request("subtract_tokens_from_wallet", authenticationHash="secret-hash")
    api.store.client.update_item(
        TableName=table,
        Key={"hashDigest": {"S": digest}},
        UpdateExpression="DELETE applicationIds :ids",
        ExpressionAttributeValues={":ids": {"SS": ["1288"]}},
    )
    api.forget()

    # DynamoDB takes an emptied set away altogether.
    assert "applicationIds" not in api.store.item("API_CLIENTS_TABLE", hashDigest=digest)
    assert before.code == 20
    for stem in CREDIT_ENDPOINTS:
        assert api.request(stem, authenticationHash="secret-hash").refusal == (40, "unauthorized")


@pytest.mark.parametrize("count", [49, 50])
def test_as_many_agents_on_a_line_as_a_transaction_holds_are_loaded(api: Api, count: int) -> None:
    load(api, agents=on_one_line(count))

    answer = api.request("update_status_by_line_sharing", outboundNumber="31600000001")

    assert answer.json["user"]["userId"] == 1


def test_agents_who_are_on_the_line_already_count(api: Api) -> None:
    load(api, agents=on_one_line(50))

    with pytest.raises(data.DataError, match="more than 50 agents share one line"):
        load(api, agents=[{**on_one_line(1)[0], "userId": 51, "ref": "8000"}])


def test_agents_are_counted_by_a_read_that_cannot_lag(api: Api) -> None:
    with wire.recorded() as calls:
        data.load(dynamodb(), {"agents": on_one_line(2)})
    counted = [call.content for call in calls if call.operation != "TransactWriteItems"]

    assert counted
    assert all(read["ConsistentRead"] and "IndexName" not in read for read in counted)


def test_agents_who_do_not_share_it_do_not_count_on_a_line(api: Api) -> None:
    load(api, agents=on_one_line(60, lineSharing=False))

    assert api.request("update_status_by_line_sharing", outboundNumber="31600000001").code == 222


def test_an_agent_needs_no_more_than_user_id_and_ref(api: Api) -> None:
    load(api, agents=[AGENT])
    user = api.request("get_status_by_ref", ref="1").json["user"]
    (profile,) = api.request("get_profile_data", ref="1").json

    assert (user["status"], user["outboundNumber"], user["dialTimeOut"], user["lineSharing"]) == (
        "offline",
        "",
        "30",
        "false",
    )
    assert profile["_ctbLastStatusChange"] == ""


def test_a_loaded_wallet_has_an_opening_entry_and_works(api: Api) -> None:
    load(api, wallets=[WALLET], dialedNumbers=[NUMBER])

    answer = api.request("subtract_tokens_from_wallet", dialedNumber="4711", pin="42", tokens=3)

    assert answer.json["wallet"]["tokens"] == "7"
    entries = [entry for entry in api.store.items("WALLET_LEDGER_TABLE") if entry["walletId"] == "1"]
    assert sorted((entry["seq"], entry["amount"], entry["source"]) for entry in entries) == [
        ("1", "10", "opening"),
        ("2", "-3", "subtract_tokens_from_wallet"),
    ]


def test_a_new_update_comes_after_the_loaded_rows_of_the_log(api: Api) -> None:
    late = ids.LAST_ID
    rows = [{**ROW, "ref": "01", "id": late}, {**ROW, "ref": "1", "id": 5}]
    load(api, agents=[AGENT], statusLog=rows)
    api.request("update_status_by_ref", ref="1", status="pause")

    listed = api.request("get_status_log", ref="1").json["data"]

    assert [int(row["id"]) for row in listed] == [late + 1, late, 5]
