"""Our own faults: the contract's envelope, the right HTTP status, and a log line that says where."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
)

from paidline.store.dynamodb import dynamodb
from tests.integration.test_store_calls import CALLS
from tests.support import contract, wire
from tests.support.api import Api

URL = "http://store"
UNREACHABLE = [
    EndpointConnectionError(endpoint_url=URL),
    ConnectTimeoutError(endpoint_url=URL),
    ReadTimeoutError(endpoint_url=URL),
    ConnectionClosedError(endpoint_url=URL),
]
SUBTRACT = "subtract_tokens_from_wallet"
WRITERS = [
    "update_status_by_ref",
    "update_status_by_line_sharing",
    "session_call_create_by_ref",
    SUBTRACT,
    "add_tokens_to_wallet",
    "calls_begin",
    "calls_end",
]


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the SDK and the service wait for nothing."""
    monkeypatch.setattr(time, "sleep", lambda _: None)


@pytest.mark.parametrize("stem", contract.STEMS)
@pytest.mark.parametrize("error", UNREACHABLE, ids=lambda error: type(error).__name__)
def test_a_store_that_cannot_be_reached_is_503_with_the_contracts_envelope(
    api: Api, stem: str, error: Exception
) -> None:
    with wire.raising(error):
        answer = api.request(stem)

    body = contract.refusal(stem, 30, "failed", "store_unavailable")
    assert (answer.status, answer.body, answer.reason) == (503, body, "store_unavailable")
    assert answer.headers["content-type"] == "application/json; charset=UTF-8"


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "ProvisionedThroughputExceededException"),
        (400, "RequestLimitExceeded"),
        (400, "ThrottlingException"),
        (400, "TransactionInProgressException"),
        (500, "InternalServerError"),
        (503, "ServiceUnavailable"),
    ],
)
def test_a_store_that_says_not_now_to_every_try_is_503(api: Api, status: int, code: str) -> None:
    with wire.refusing(status, code) as left:
        answer = api.request(SUBTRACT)

    body = contract.refusal(SUBTRACT, 30, "failed", "store_unavailable")
    assert (answer.status, answer.body, answer.reason) == (503, body, "store_unavailable")
    assert 1_000 - len(left) == 6


OPERATIONS = {
    "BatchGetItem": "calls_quote",
    "GetItem": "get_status_by_ref",
    "Query": SUBTRACT,
    "Scan": "get_profile_data",
    "TransactWriteItems": SUBTRACT,
    "UpdateItem": "calls_sync",
}
HTML = "text/html; charset=ISO-8859-1"


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize(
    ("status", "body", "content_type"),
    [
        (503, b"<html><body>Service Unavailable</body></html>", HTML),
        (503, b"<!DOCTYPE html><title>Service Unavailable</title>", HTML),
        (503, b"<!DOCTYPE html><title>D\xe9sol\xe9</title>", HTML),
        (502, b"Bad Gateway", "text/plain"),
        (504, b"[]", "application/json"),
        (500, b'{"message":"no type"}', "application/json"),
        (500, b"", "text/plain"),
        (503, b"", "application/x-amz-json-1.0"),
        (200, b"<html><body>Please log in</body></html>", HTML),
        (200, b"<title>D\xe9sol\xe9</title>", HTML),
        (200, b"", "text/plain"),
        (200, b"[]", "application/json"),
        (403, b"<html><body>Blocked</body></html>", HTML),
    ],
    ids=lambda value: ascii(value)[:30],
)
def test_what_a_proxy_answers_in_place_of_the_store_is_503(
    api: Api, operation: str, status: int, body: bytes, content_type: str
) -> None:
    with wire.answering(status, body, content_type, operation=operation):
        answer = api.request(OPERATIONS[operation])

    envelope = contract.refusal(OPERATIONS[operation], 30, "failed", "store_unavailable")
    assert (answer.status, answer.body, answer.reason) == (503, envelope, "store_unavailable")


def test_every_operation_that_a_function_may_call_is_answered_by_a_proxy_above() -> None:
    used = set().union(*(operations for operations, _ in CALLS.values()))

    assert used == OPERATIONS.keys()


def test_a_try_at_the_store_waits_no_longer_than_a_second_to_connect_or_to_read(api: Api) -> None:
    config: Any = dynamodb().meta.config

    assert 0 < config.connect_timeout <= 1
    assert 0 < config.read_timeout <= 1


def test_a_store_that_says_not_now_once_is_asked_again(api: Api) -> None:
    with wire.refusing(400, "ThrottlingException", times=1):
        answer = api.request(SUBTRACT)

    assert answer.json["wallet"]["tokens"] == "1871"


@pytest.mark.parametrize("stem", contract.STEMS)
@pytest.mark.parametrize(
    "broken",
    [{"content_length": "1000"}, {"content_length": "20", "x_amz_crc32": "1"}],
    ids=["an answer that broke off", "a garbled answer"],
)
def test_half_an_item_is_not_taken_for_none(api: Api, stem: str, broken: dict[str, str]) -> None:
    left = [None]

    def break_off(request: Any, **_: Any) -> AWSResponse | None:
        return left.pop() or wire.answer(request.url, 200, b'{"Item": {"ref": {"S', **broken) if left else None

    with wire.hooked("before-send.dynamodb", break_off):
        answer = api.request(stem)

    assert (answer.status, answer.reason, left) == (200, None, [])


@pytest.mark.parametrize("stem", WRITERS)
def test_a_store_that_fails_at_the_write_is_503_and_nothing_has_changed(api: Api, stem: str) -> None:
    before = api.store.contents()
    with wire.raising(UNREACHABLE[2], "TransactWriteItems"):
        answer = api.request(stem)

    assert answer.status == 503
    assert api.store.contents() == before


@pytest.mark.parametrize("stem", WRITERS)
@pytest.mark.parametrize("reason", ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"])
def test_a_transaction_that_met_a_rival_is_written_in_the_end(api: Api, stem: str, reason: str) -> None:
    reasons = [{"Code": reason, "Message": "made up"}, {"Code": "None"}]
    with wire.refusing(
        400, "TransactionCanceledException", times=3, operation="TransactWriteItems", CancellationReasons=reasons
    ):
        answer = api.request(stem)

    assert (answer.status, answer.reason) == (200, None)


@pytest.mark.parametrize("stem", contract.STEMS)
@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("a bug"),
        RecursionError(),
        KeyError("x"),
        ClientError({"Error": {"Code": "ResourceNotFoundException", "Message": "no table"}}, "GetItem"),
        ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no policy"}}, "GetItem"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_bug_or_a_wrong_setting_is_500_with_the_contracts_envelope(api: Api, stem: str, error: Exception) -> None:
    with wire.raising(error):
        answer = api.request(stem)

    body = contract.refusal(stem, 30, "failed", "internal_error")
    assert (answer.status, answer.body, answer.reason) == (500, body, "internal_error")


@pytest.mark.parametrize("stem", WRITERS)
def test_a_transaction_that_is_itself_wrong_is_500(api: Api, stem: str) -> None:
    reasons = [{"Code": "ValidationError", "Message": "made up"}, {"Code": "None"}]
    with wire.refusing(
        400, "TransactionCanceledException", operation="TransactWriteItems", CancellationReasons=reasons
    ):
        answer = api.request(stem)

    assert (answer.status, answer.reason) == (500, "internal_error")


def test_a_transaction_that_is_refused_for_another_cause_is_500(api: Api) -> None:
    with wire.refusing(400, "ValidationException", operation="TransactWriteItems"):
        answer = api.request(SUBTRACT)

    assert answer.status == 500


def test_an_answer_that_fits_no_lambda_is_500_with_the_contracts_envelope(api: Api) -> None:
    text = "x" * 390_000
    profile = json.dumps({"_ctbLongText": text})
    agent = api.store.client.get_item(
        TableName=api.store.service.environment["AGENTS_TABLE"], Key={"refKey": {"S": "38"}}
    )["Item"]
    for number in range(1000, 1016):
        key = {"refKey": {"S": str(number)}}
        api.store.put("AGENTS_TABLE", {**agent, **key, "ref": key["refKey"]})
        api.store.put("PROFILES_TABLE", {**key, "profile": {"S": profile}})
    parameters = contract.parameters("get_profile_data")

    refused = api.call("get_profile_data", parameters, accept_encoding="identity")
    compressed = api.call("get_profile_data", parameters)

    body = contract.refusal("get_profile_data", 30, "failed", "answer_too_large")
    assert (refused.status, refused.body, refused.reason) == (500, body, "answer_too_large")
    assert compressed.status == 200
    assert len(compressed.json) == 19


@pytest.mark.parametrize("stem", contract.STEMS)
def test_a_fault_is_logged_with_its_request_type_and_place(api: Api, stem: str, logged: Callable[[], str]) -> None:
    with wire.raising(EndpointConnectionError(endpoint_url=URL)):
        api.request(stem)

    lines: list[dict[str, Any]] = [json.loads(line) for line in logged().splitlines()]
    fault = next(line for line in lines if line.get("message") == "fault")

    assert fault["endpoint"] == stem
    assert fault["reason"] == "store_unavailable"
    assert fault["requestId"] == "11111111-2222-3333-4444-555555555555"
    assert [error["type"] for error in fault["exceptions"]] == ["StoreUnavailable", "EndpointConnectionError"]
    assert any("endpoint.py" in place for place in fault["exceptions"][0]["at"])
