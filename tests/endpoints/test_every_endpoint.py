"""What holds for every endpoint: absent and mistyped parameters, hashes, headers and bodies."""

from __future__ import annotations

import gc
from typing import Any

import pytest

from paidline.errors import InvalidRequest
from tests.support import contract
from tests.support.api import Api

NAUGHT = "0" * 64


# Those of the documented requests that may be left out.
OPTIONAL = {("calls_sync", "callIds"), ("calls_end", "startTime"), ("calls_end", "endTime")}
REQUIRED = [
    (stem, name) for stem in contract.STEMS for name in contract.parameters(stem) if (stem, name) not in OPTIONAL
]


@pytest.mark.parametrize(("stem", "name"), REQUIRED)
@pytest.mark.parametrize("absent", [None, "", "  "], ids=["missing", "empty", "blank"])
def test_a_parameter_that_is_absent_is_named_in_the_reason(api: Api, stem: str, name: str, absent: str | None) -> None:
    assert api.request(stem, **{name: absent}).refusal == (10, f"missing:{name}")


@pytest.mark.parametrize(("stem", "name"), REQUIRED)
@pytest.mark.parametrize("wrong", [True, ["38"], {"a": 1}, 1.5], ids=["boolean", "list", "object", "float"])
def test_a_parameter_of_another_type_is_named_in_the_reason(api: Api, stem: str, name: str, wrong: Any) -> None:
    assert api.request(stem, **{name: wrong}).refusal == (10, f"invalid:{name}")


@pytest.mark.parametrize("stem", contract.STEMS)
def test_nothing_of_an_invalid_request_stays_in_memory(api: Api, stem: str) -> None:
    for name in contract.parameters(stem):
        api.request(stem, **{name: ["38"]})
    gc.collect()

    assert [error for error in gc.get_objects() if isinstance(error, InvalidRequest)] == []


@pytest.mark.parametrize("stem", contract.STEMS)
@pytest.mark.parametrize("wrong", [NAUGHT, "x", "FF36F129745A122E591722D3FDA495416FE05AA9586E12238EC4DAD37895E069"])
def test_a_wrong_hash_is_unauthorized_and_the_reply_says_nothing_more(api: Api, stem: str, wrong: str) -> None:
    answer = api.request(stem, authenticationHash=wrong)

    assert answer.refusal == (40, "unauthorized")
    assert answer.body == contract.refusal(stem, 40, "unauthorized", "unauthorized")


@pytest.mark.parametrize("stem", contract.STEMS)
def test_a_hash_of_the_other_scope_is_unauthorized(api: Api, stem: str) -> None:
    own = contract.parameters(stem)["authenticationHash"]

    hashes = {contract.AGENTS_HASH, contract.CREDIT_HASH, contract.CALLS_HASH, contract.WALLBOARD_HASH}
    for other in hashes - {own}:
        assert api.request(stem, authenticationHash=other).refusal == (40, "unauthorized")


@pytest.mark.parametrize("stem", contract.STEMS)
def test_sam_locals_title_case_headers_and_missing_headers_are_understood(api: Api, stem: str) -> None:
    event = contract.event(stem)
    event["headers"] = {name.title(): value for name, value in event["headers"].items()}
    bare = contract.event(stem)
    del bare["headers"]

    assert api.send(stem, event).reason is None
    assert api.send(stem, bare).reason is None


@pytest.mark.parametrize("stem", contract.STEMS)
def test_an_event_without_a_body_is_an_invalid_request(api: Api, stem: str) -> None:
    event = contract.event(stem)
    del event["body"]

    assert api.send(stem, event).refusal == (10, "missing:authenticationHash")
