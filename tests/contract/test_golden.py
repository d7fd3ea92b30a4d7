"""Every answer that the document prints, byte for byte."""

from __future__ import annotations

import json

import pytest

from tests.contract import golden
from tests.support import documented
from tests.support.store import Store

# How many answers the document prints: its endpoints in order, successes first.
SUCCESSES = 10
FAILURES = {
    "get_status_by_ref": 3,
    "update_status_by_ref": 4,
    "update_status_by_line_sharing": 5,
    "get_status_log": 4,
    "session_call_create_by_ref": 5,
    "get_profile_data": 2,
    "get_wallet_by_dialed_number_and_pin": 3,
    "get_wallet_by_dialed_number_and_inbound_number": 3,
    "subtract_tokens_from_wallet": 3,
    "add_tokens_to_wallet": 3,
}


@pytest.mark.parametrize("case", golden.CASES, ids=lambda case: case.name)
def test_a_documented_request_gets_its_golden_answer(case: golden.Case, base_url: str) -> None:
    golden.check(case, golden.send(case, base_url))


@pytest.mark.parametrize("case", [case for case in golden.CASES if case.reason], ids=lambda case: case.name)
def test_a_documented_failure_changes_nothing(case: golden.Case, base_url: str, store: Store) -> None:
    before = store.contents()
    golden.send(case, base_url)

    assert store.contents() == before


def test_there_is_a_golden_answer_for_each_answer_that_the_document_prints() -> None:
    failures = [case.stem for case in golden.CASES if case.reason]

    assert {stem: failures.count(stem) for stem in failures} == FAILURES
    assert sum(FAILURES.values()) == 35
    assert sum(case.reason is None for case in golden.CASES) == SUCCESSES
    assert len({case.name for case in golden.CASES}) == len(golden.CASES)


@pytest.mark.parametrize("stem", documented.STEMS)
def test_a_success_is_asked_for_with_the_documents_literal_request(stem: str) -> None:
    (success,) = [case for case in golden.CASES if case.stem == stem and case.reason is None]

    assert success.edits == (() if stem != "get_status_log" else (("000038", "000968"),))


def test_the_documented_log_request_is_answered_for_the_agent_it_names(base_url: str) -> None:
    update = next(case for case in golden.CASES if case.name == "update_status_by_ref-20")
    log = golden.Case("get_status_log", 20)

    empty = golden.send(log, base_url)
    golden.send(update, base_url)
    (row,) = json.loads(golden.send(log, base_url).body)["data"]

    assert empty.body == b'{"status":1,"message":"success","code":20,"data":[]}'
    assert list(row) == ["id", "userId", "ref", "creationDate", "status", "handler", "ip"]
    assert (row["userId"], row["ref"], row["status"]) == ("194", "000038", "online")
    assert (row["handler"], row["ip"]) == ("RouteControllerUpdateUserStatus", "127.0.0.1")


def test_a_client_that_claims_another_address_is_logged_with_its_own(base_url: str) -> None:
    update = next(case for case in golden.CASES if case.name == "update_status_by_ref-20")
    forged = {**update.headers, "x-forwarded-for": "198.51.100.66", "forwarded": "for=198.51.100.66"}

    golden.post(base_url, update.path, update.body.encode(), forged)
    (row,) = json.loads(golden.send(golden.Case("get_status_log", 20), base_url).body)["data"]

    assert row["ip"] == "127.0.0.1"


@pytest.mark.parametrize("case", golden.CASES, ids=lambda case: case.name)
def test_a_golden_answer_is_one_line_and_short_enough_for_a_pbx(case: golden.Case) -> None:
    assert "\n" not in case.answer
    assert json.loads(case.answer)
    if case.name not in {"get_status_log-20", "get_profile_data-20"}:
        assert len(case.answer) < 1024
