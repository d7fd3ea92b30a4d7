"""`make fuzz` sends requests of every kind to every path, and notices an answer that the file does not have."""

from __future__ import annotations

from http.client import HTTPMessage
from typing import Any

import pytest

from tests.contract import fuzz
from tests.support.openapi import DOCUMENT

STATUS = "/wp-json/ctb/v1/json/getStatusByRef"
SYNC = "/v1/calls/sync"
SYNCED = b'{"status":1,"message":"success","code":20,"pbx":"pbx1","openCalls":"1","expiredCalls":"0"}'
NOT_SYNCED = b'{"status":0,"message":"unauthorized","code":40,"reason":"unauthorized"}'
UNAUTHORIZED = b'{"status":0,"message":"unauthorized","code":40}'


@pytest.fixture(scope="module")
def corpus() -> fuzz.Corpus:
    """The documented requests only: Schemathesis takes too long for each."""
    return fuzz.corpus(DOCUMENT, cases=0, first_seed=1)


def problem(status: int = 200, body: bytes = UNAUTHORIZED, reason: str = "unauthorized", path: str = STATUS) -> str:
    """What is wrong with an answer."""
    headers = HTTPMessage()
    headers["content-type"] = "application/json; charset=UTF-8"
    if reason:
        headers["x-error-reason"] = reason
    return fuzz.Checker(DOCUMENT).problem(path, status, headers, body)


def test_requests_that_are_put_together_reach_every_path_and_succeed_and_are_refused_in_every_way(
    base_url: str, corpus: fuzz.Corpus
) -> None:
    tally = fuzz.run(base_url, DOCUMENT, corpus, requests=400, first_seed=1)

    assert tally.failures == []
    assert tally.sent == 400
    assert {path for path, _ in tally.answers} == DOCUMENT["paths"].keys()
    # 0 is the list of profiles, which is not an object.
    assert {code for _, code in tally.answers} >= {0, 10, 20, 30, 40, 200, 202, 307, 403}


def test_the_same_seed_makes_the_same_requests(corpus: fuzz.Corpus) -> None:
    one, same, other = (fuzz.Maker(corpus, number) for number in (1, 1, 2))
    requests = [one.make() for _ in range(100)]

    assert [same.make() for _ in range(100)] == requests
    assert [other.make() for _ in range(100)] != requests


def test_requests_are_json_forms_and_query_strings_with_names_in_any_case_and_twice(corpus: fuzz.Corpus) -> None:
    maker = fuzz.Maker(corpus, 1)
    requests = [maker.make() for _ in range(500)]

    assert {request.headers["content-type"] for request in requests} == {
        "application/json",
        "application/x-www-form-urlencoded",
    }
    assert any(request.query for request in requests)
    assert any("Idempotency-Key" in request.headers for request in requests)
    assert any(b'"AUTHENTICATIONHASH"' in request.body for request in requests)
    assert any(request.body.count(b'"ref"') > 1 for request in requests)
    assert any(not request.body.isascii() for request in requests)


def test_a_query_string_that_is_too_long_for_a_url_is_sent_in_the_body() -> None:
    made = fuzz.Corpus()
    made.add(SYNC, {"pbx": "pbx1", "callIds": list(range(10_000))}, is_documented=True)
    maker = fuzz.Maker(made, 1)
    requests = [maker.make() for _ in range(500)]

    assert max(len(request.query) for request in requests) < 8_190
    assert any(request.query for request in requests)
    assert any(b"9999" in request.body for request in requests)


def test_a_documented_answer_is_no_problem() -> None:
    assert problem() == ""


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({"status": 503, "reason": "contention"}, "a server error: contention"),
        ({"status": 404}, "the status is not documented"),
        ({"body": UNAUTHORIZED + b"\n"}, "not one line of ASCII"),
        ({"body": "é".encode()}, "not one line of ASCII"),
        ({"body": UNAUTHORIZED + b" " * 1_000}, "too long"),
        ({"reason": "made_up"}, "the header x-error-reason is not valid"),
        ({"body": UNAUTHORIZED.replace(b"40", b"41")}, "the body is not valid"),
        ({"body": UNAUTHORIZED.replace(b"}", b',"more":1}')}, "the body is not valid"),
        ({"path": "/v1/calls/begin"}, "the body is not valid"),
        ({"reason": ""}, "a refusal without a reason"),
        ({"body": SYNCED, "path": SYNC}, "a success with a reason: unauthorized"),
        ({"body": NOT_SYNCED, "path": SYNC, "reason": "source_not_allowed"}, "two reasons"),
    ],
)
def test_an_answer_that_is_not_documented_is_a_problem(answer: dict[str, Any], expected: str) -> None:
    assert problem(**answer).startswith(expected)
