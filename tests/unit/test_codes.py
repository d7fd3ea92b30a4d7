"""The contract's codes and messages, and the errors that carry them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from paidline.codes import Code
from paidline.errors import ApiError, InvalidRequest, RequestError, ServerError

CONTRACT = {
    10: "request data is invalid",
    20: "success",
    30: "failed",
    40: "unauthorized",
    200: "ref not found",
    202: "ref is valid",
    218: "status is invalid",
    221: "outbound number not found",
    222: "line sharing not enabled",
    307: "dialed number does not exist",
    311: "invalid dial status",
    403: "call session created",
}


def tree(root: type[ApiError]) -> Iterator[type[ApiError]]:
    for child in root.__subclasses__():
        yield child
        yield from tree(child)


def test_the_codes_and_messages_are_those_of_the_contract() -> None:
    assert {int(code): code.message for code in Code} == CONTRACT


def test_every_code_of_a_failure_has_a_refusal() -> None:
    refused = {refusal.code for refusal in tree(RequestError)}

    assert refused == set(Code) - {Code.SUCCESS, Code.REF_VALID, Code.CALL_SESSION_CREATED}


@pytest.mark.parametrize("refusal", list(tree(RequestError)), ids=lambda refusal: refusal.__name__)
def test_a_refusal_is_http_200(refusal: type[ApiError]) -> None:
    assert refusal().http_status == 200


@pytest.mark.parametrize("fault", [ServerError, *tree(ServerError)], ids=lambda fault: fault.__name__)
def test_a_fault_is_http_500_or_503_with_the_envelope_of_a_failure(fault: type[ApiError]) -> None:
    assert fault().http_status in {500, 503}
    assert fault().code == Code.FAILED


def test_a_reason_is_a_stable_word() -> None:
    assert all(failure().reason.replace("_", "").replace(":", "").isalpha() for failure in tree(ApiError))


def test_a_reason_that_says_more_takes_the_place_of_the_class_s_own() -> None:
    assert InvalidRequest("missing:ref").reason == str(InvalidRequest("missing:ref")) == "missing:ref"
