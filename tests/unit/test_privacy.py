"""What the service tells of its requests: counts and reasons, and never what a caller sent or a wallet holds."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from paidline.api.endpoint import IdempotentRequest
from paidline.store.api_clients import PREFIX_LENGTH
from tests.support import contract, wire
from tests.support.api import Api

SECRETS = {
    "authenticationHash": "5ec2e7000000000000000000000000000000000000000000000000000000beef",
    "ref": "7777001",
    "outboundNumber": "31999000001",
    "inboundNumber": "31999000002",
    "dialedNumber": "31999000003",
    "pin": "99887766",
    "idempotencyKey": "31999000004-call",
}
STORED = ("695334", "31688006395", "a1@a12.com", "31612345678", contract.AGENTS_HASH, contract.CREDIT_HASH)


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.parametrize("stem", contract.STEMS)
def test_a_request_is_one_line_with_what_an_operator_asks_for(api: Api, stem: str, logged: Callable[[], str]) -> None:
    api.request(stem, authenticationHash="wrong", idempotencyKey="pbx1-42")
    (line,) = lines(logged())

    assert line.keys() == {
        *("_aws", "service", "Faults", "Latency", "StoreRetries", "endpoint", "code", "reason", "client"),
        *("idempotencyKey", "storeCalls", "storeMs", "version", "requestId", "storedRequestId"),
    }
    assert (line["endpoint"], line["code"], line["reason"]) == (stem, 40, "unauthorized")
    assert (line["version"], line["requestId"]) == ("7", "11111111-2222-3333-4444-555555555555")
    assert line["client"] == ""
    takes_key = issubclass(api.handlers[stem].model, IdempotentRequest)
    assert line["idempotencyKey"] == (hashlib.sha256(b"pbx1-42").hexdigest()[:PREFIX_LENGTH] if takes_key else "")
    assert (line["storeCalls"], line["StoreRetries"]) == (1, [0.0])
    assert 0 < line["storeMs"] <= line["Latency"][0]


def test_a_line_is_three_metrics_of_the_stack_and_no_more(api: Api, logged: Callable[[], str]) -> None:
    api.request("get_status_by_ref")
    (line,) = lines(logged())
    (declared,) = line["_aws"]["CloudWatchMetrics"]

    assert declared["Namespace"] == "Paidline"
    assert declared["Dimensions"] == [["service"]]
    assert {metric["Name"]: metric["Unit"] for metric in declared["Metrics"]} == {
        "Faults": "Count",
        "Latency": "Milliseconds",
        "StoreRetries": "Count",
    }


def test_an_answer_counts_as_a_fault_where_it_is_ours_and_only_there(api: Api, logged: Callable[[], str]) -> None:
    api.request("get_status_by_ref")
    api.request("get_status_by_ref", ref="999")
    with wire.raising(RuntimeError()):
        api.request("get_status_by_ref")
    with wire.raising(ReadTimeoutError(endpoint_url="http://store")):
        api.request("get_status_by_ref")
    counted = [line for line in lines(logged()) if "_aws" in line]

    assert [(line["code"], line["Faults"], line["reason"]) for line in counted] == [
        (202, [0.0], ""),
        (200, [0.0], "unknown_ref"),
        (30, [1.0], "internal_error"),
        (30, [1.0], "store_unavailable"),
    ]
    # The last request had six attempts, five of them retries; the ones before did not start anew.
    assert [(line["storeCalls"], line["StoreRetries"]) for line in counted][::3] == [(2, [0.0]), (6, [5.0])]


@pytest.mark.parametrize("stem", contract.STEMS)
def test_a_success_logs_nothing_that_was_sent_or_answered(api: Api, stem: str, logged: Callable[[], str]) -> None:
    api.call(stem, contract.parameters(stem), idempotency_key=SECRETS["idempotencyKey"])
    written = logged()

    assert lines(written)
    assert not [secret for secret in (*STORED, *SECRETS.values()) if secret in written]


@pytest.mark.parametrize("stem", contract.STEMS)
@pytest.mark.parametrize("name", SECRETS)
def test_a_refusal_tells_nothing_that_was_sent_or_stored(
    api: Api, stem: str, name: str, logged: Callable[[], str]
) -> None:
    answers = [
        api.request(stem, **{name: SECRETS[name]}),
        api.request(stem, **{name: f"{SECRETS[name]}\x00"}),
        api.request(stem, **{name: {SECRETS[name]: SECRETS[name]}}),
        api.call(stem, f'{{"{name}": "{SECRETS[name]}'),
        api.call(stem, f"{name}={SECRETS[name]}%ff"),
    ]
    written = logged() + "".join(f"{answer.reason} {answer.headers}" for answer in answers)

    assert SECRETS[name] not in written
    assert not [secret for secret in STORED if secret in written]


@pytest.mark.parametrize("stem", contract.STEMS)
def test_a_fault_tells_nothing_that_was_sent_or_stored_even_if_the_exception_does(
    api: Api, stem: str, logged: Callable[[], str]
) -> None:
    try:
        raise ValueError("31688006395")
    except ValueError as cause:
        error = RuntimeError(f"{contract.CREDIT_HASH} a1@a12.com 695334")
        error.__cause__ = cause
    with wire.raising(error):
        answer = api.request(stem)
    written = logged() + answer.body + str(answer.headers)

    assert "RuntimeError" in written
    assert not [secret for secret in STORED if secret in written]


def test_a_transaction_that_is_refused_with_the_wallet_in_it_tells_nothing_of_it(
    api: Api, logged: Callable[[], str]
) -> None:
    item = {"pin": {"S": "695334"}, "email": {"S": "a1@a12.com"}}
    reasons = [{"Code": "ValidationError", "Message": "695334", "Item": item}]
    with wire.refusing(
        400, "TransactionCanceledException", operation="TransactWriteItems", CancellationReasons=reasons
    ):
        answer = api.request("subtract_tokens_from_wallet")

    assert answer.status == 500
    assert not [secret for secret in STORED if secret in logged()]


def test_a_request_and_its_parts_do_not_show_the_hash_in_their_repr(api: Api) -> None:
    model = api.handlers["get_status_by_ref"].model
    request = model.model_validate({"authenticationHash": contract.AGENTS_HASH, "ref": "38"})

    assert contract.AGENTS_HASH not in repr(request)


def test_a_log_line_names_the_client_and_leads_to_the_ledger_entry(api: Api, logged: Callable[[], str]) -> None:
    with wire.recorded() as calls:
        api.request("subtract_tokens_from_wallet")
    (line,) = lines(logged())

    assert line["client"] == hashlib.sha256(contract.CREDIT_HASH.encode()).hexdigest()[:PREFIX_LENGTH]
    assert len(line["storedRequestId"]) == 32
    assert line["storedRequestId"] in repr(calls[-1].content["TransactItems"])
