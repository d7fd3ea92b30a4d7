"""How many DynamoDB calls a request costs, and that IAM allows those and no others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from local import template
from tests.support import contract, golden, wire
from tests.support.api import Api

SUBTRACT = "subtract_tokens_from_wallet"

# What a request costs once the process knows the caller's hash and the dialed number, and what the first one adds.
CALLS = golden.STORE_CALLS
WITH_KEY = golden.WITH_IDEMPOTENCY_KEY


def calls_of(send: Callable[[], object]) -> list[str]:
    with wire.recorded() as calls:
        send()
    return [call.operation for call in calls]


@pytest.mark.parametrize("stem", contract.STEMS)
def test_a_request_costs_the_promised_calls_and_the_first_one_its_look_ups(api: Api, stem: str) -> None:
    promised, look_ups = CALLS[stem]
    first = calls_of(lambda: api.request(stem))
    following = calls_of(lambda: api.request(stem))

    assert Counter(following) == Counter(promised)
    assert Counter(first) == Counter([*promised, *["GetItem"] * look_ups])


@pytest.mark.parametrize("stem", WITH_KEY)
def test_a_key_costs_no_call_of_its_own(api: Api, stem: str) -> None:
    api.request(stem)

    assert calls_of(lambda: api.request(stem, idempotencyKey="call-1")) == CALLS[stem][0]


@pytest.mark.parametrize("stem", contract.STEMS)
def test_a_request_that_is_malformed_costs_no_call(api: Api, stem: str) -> None:
    assert calls_of(lambda: api.request(stem, authenticationHash=None)) == []


@pytest.mark.parametrize("stem", contract.STEMS)
def test_a_request_that_is_unauthorized_costs_the_look_up_of_the_hash(api: Api, stem: str) -> None:
    assert calls_of(lambda: api.request(stem, authenticationHash="wrong")) == ["GetItem"]


def test_the_profile_of_one_agent_costs_two_reads_and_no_scan(api: Api) -> None:
    api.request("get_profile_data")

    assert calls_of(lambda: api.request("get_profile_data", ref="2")) == ["GetItem", "GetItem"]


def test_a_filtered_page_of_the_log_costs_the_same(api: Api) -> None:
    api.request("get_status_log")

    assert calls_of(lambda: api.request("get_status_log", status="online", before=99)) == ["GetItem", "Query"]


# What each endpoint can be made to do beyond its documented request.
FURTHER: dict[str, list[Callable[[Api], object]]] = {
    "get_status_log": [lambda api: api.request("get_status_log", status="pause")],
    "get_profile_data": [lambda api: api.request("get_profile_data", ref="38")],
    **{
        stem: [lambda api, stem=stem: [api.request(stem, idempotencyKey="k") for _ in range(2)]]  # type: ignore[misc]
        for stem in WITH_KEY
    },
}


def look_for_a_lost_entry(api: Api, stem: str) -> None:
    """A store that names only the failed condition of the balance: the ledger is asked whose entry stands there."""
    wallet = api.store.client.get_item(
        TableName=api.store.service.environment["WALLETS_TABLE"],
        Key={"applicationId": {"S": "1288"}, "walletKey": {"S": "pin#695334#695334"}},
    )["Item"]
    reasons = [{"Code": "ConditionalCheckFailed", "Message": "made up", "Item": wallet}, {"Code": "None"}]
    with wire.refusing(
        400, "TransactionCanceledException", times=1, operation="TransactWriteItems", CancellationReasons=reasons
    ):
        api.request(stem)


for _stem in (SUBTRACT, "add_tokens_to_wallet"):
    FURTHER[_stem].append(lambda api, stem=_stem: look_for_a_lost_entry(api, stem))  # type: ignore[misc]


# Which reads see every write that came before them. A read of the line index cannot, and need not: the transaction that
# follows compares what was read. Texts of profiles and the register of numbers change a few times a year.
# Ledger entries and used keys are read by TransactGetItems, which is not in this table: it always is.
CONSISTENT = {
    "GetItem AgentsTable": True,
    "GetItem ApiClientsTable": True,
    "GetItem DialedNumbersTable": False,
    "GetItem ProfilesTable": False,
    "GetItem WalletsTable": True,
    "Query AgentsTable/index/line": False,
    "Query StatusLogTable": True,
    "Query StatusLogTable/index/status": True,
    "Query WalletsTable": True,
    "Scan AgentsTable": False,
    "Scan ProfilesTable": False,
}


def test_each_read_is_as_consistent_as_it_is_promised_to_be(api: Api) -> None:
    with wire.recorded() as calls:
        for stem in contract.STEMS:
            api.request(stem)
            for act in FURTHER.get(stem, []):
                act(api)
    reads = [call for call in calls if call.operation in {"GetItem", "Query", "Scan"}]
    found = {
        (f"{call.operation} {table}", call.content.get("ConsistentRead", False))
        for call in reads
        for _, table in call.permissions
    }

    assert found == set(CONSISTENT.items())


def allowed(stem: str) -> set[tuple[str, str]]:
    """The actions of a function's policy, each with its table or, as `Table/index/name`, its index."""
    function = next(
        resource["Properties"]
        for resource in template.load()["Resources"].values()
        if resource["Type"] == "AWS::Serverless::Function" and resource["Properties"]["CodeUri"].endswith(f"/{stem}")
    )
    statements = [statement for policy in function["Policies"] for statement in policy["Statement"]]
    assert {statement["Effect"] for statement in statements} == {"Allow"}
    return {
        (action, _target(resource))
        for statement in statements
        for action in _listed(statement["Action"])
        for resource in _listed(statement["Resource"])
    }


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _target(resource: dict[str, str]) -> str:
    """The table or index that `!GetAtt Table.Arn` or `!Sub "${Table.Arn}/index/name"` means."""
    ((_, target),) = resource.items()
    return target.replace("${", "").replace(".Arn}", "").removesuffix(".Arn")


@pytest.mark.parametrize("stem", contract.STEMS)
def test_a_function_may_do_what_it_does_and_nothing_else(api: Api, stem: str) -> None:
    with wire.recorded() as calls:
        api.request(stem)
        for act in FURTHER.get(stem, []):
            act(api)
    used = {permission for call in calls for permission in call.permissions}

    assert used == allowed(stem)
