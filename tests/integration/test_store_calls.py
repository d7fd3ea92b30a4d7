"""How many DynamoDB calls a request costs, and that IAM allows those and no others."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import pytest

from local import template
from tests.support import contract, golden, paid_calls, wire
from tests.support.agents import agent_item
from tests.support.api import Api
from tests.support.reply import Reply

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
    example = api.store.contents()
    first = calls_of(lambda: api.request(stem))
    # A paid call begins and ends once.
    api.store.restore(example)
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
    "calls_begin": [
        lambda api: begin_again(api),
        lambda api: begin_another(api, pin="695334"),
        lambda api: begin_another(api, pbx="pbx2"),
    ],
    "calls_end": [lambda api: end_a_call_with_an_agent(api), lambda api: api.request("calls_end", callId="unknown")],
    "calls_quote": [lambda api: api.request("calls_quote", pin="695334"), lambda api: line_is_busy(api, "calls_quote")],
    "calls_sync": [lambda api: let_a_call_expire(api)],
    "get_status_log": [lambda api: api.request("get_status_log", status="pause")],
    "get_profile_data": [lambda api: api.request("get_profile_data", ref="38")],
    **{
        stem: [lambda api, stem=stem: [api.request(stem, idempotencyKey="k") for _ in range(2)]]  # type: ignore[misc]
        for stem in WITH_KEY
    },
}


@contextmanager
def recorded_of(api: Api, stem: str) -> Iterator[list[wire.Call]]:
    """List the calls that requests of one endpoint make, without those of others that prepare them."""
    calls: list[wire.Call] = []
    send = api.send

    def recorded(name: str, event: contract.Event) -> Reply:
        with wire.recorded() as made:
            reply = send(name, event)
        calls.extend(made if name == stem else [])
        return reply

    with patch.object(api, "send", recorded):
        yield calls


def put_another_on_the_line(api: Api, ref: str, status: str) -> None:
    changes = {"refKey": {"S": ref}, "userId": {"N": ref}, "ref": {"S": ref}, "status": {"S": status}}
    api.store.put("AGENTS_TABLE", agent_item(api, **changes))


def line_is_busy(api: Api, stem: str) -> None:
    put_another_on_the_line(api, "500", "inConversation")
    api.request(stem, callId="busy")
    put_another_on_the_line(api, "500", "pause")


def begin_again(api: Api) -> None:
    api.request("calls_begin")


def begin_another(api: Api, **changes: str) -> None:
    """Begin one more call, after an attempt on a busy line, while another agent on the line has a break."""
    api.request("calls_end", callId=paid_calls.NEW)
    api.request("update_status_by_ref", ref="38", status="online")
    line_is_busy(api, "calls_begin")
    api.request("calls_begin", callId=f"another-{'-'.join(changes)}", maxSeconds="60", **changes)


def end_a_call_with_an_agent(api: Api) -> None:
    api.request("calls_begin")
    api.request("calls_end", callId=paid_calls.NEW)


def let_a_call_expire(api: Api) -> None:
    api.request("calls_begin")
    with patch.dict(os.environ, CALL_SYNC_GRACE_S="0"):
        api.request("calls_sync", callIds=paid_calls.LIVE)


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


def give_a_wrong_pin(api: Api, stem: str) -> None:
    api.request(stem, pin="111111")


for _stem in contract.STEMS:
    if any("pin" in changes for changes in (contract.parameters(_stem), *golden.FILES[_stem].further_requests)):
        FURTHER.setdefault(_stem, []).append(lambda api, stem=_stem: give_a_wrong_pin(api, stem))  # type: ignore[misc]


for _stem in (SUBTRACT, "add_tokens_to_wallet"):
    FURTHER[_stem].append(lambda api, stem=_stem: look_for_a_lost_entry(api, stem))  # type: ignore[misc]


# Which reads see every write that came before them. A read of the line index cannot, and need not: the transaction that
# follows compares what was read. The wallboard soon looks again. Texts of profiles and the register of numbers change a
# few times a year.
# Ledger entries and used keys are read by TransactGetItems, which is not in this table: it always is.
CONSISTENT = {
    "GetItem CallsTable": True,
    "GetItem PbxsTable": False,
    "GetItem RefusalsTable": False,
    "Query CallSessionsTable/index/day": False,
    "Query CallsTable/index/open": False,
    "Scan CallsTable/index/open": False,
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


def _target(resource: dict[str, Any]) -> str:
    """The table or index that `!GetAtt Table.Arn` or `!Sub "${Table.Arn}/index/name"` means, unless one is restored."""
    ((tag, target),) = resource.items()
    if tag == "If":
        _, _, own = target
        return _target(own)
    return str(target).replace("${", "").replace(".Arn}", "").removesuffix(".Arn")


@pytest.mark.parametrize("stem", contract.STEMS)
def test_a_function_may_do_what_it_does_and_nothing_else(api: Api, stem: str) -> None:
    with recorded_of(api, stem) as calls:
        api.request(stem)
        for act in FURTHER.get(stem, []):
            act(api)
    used = {permission for call in calls for permission in call.permissions}

    assert used == allowed(stem)
