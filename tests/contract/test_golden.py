"""Every golden answer over HTTP, byte for byte."""

from __future__ import annotations

import json

import pytest

from tests.support import contract, golden
from tests.support.store import Store

# Answers to optional parameters that the API reference does not have: getProfileData's ref.
CODES_OF_OUR_OWN = {"/wp-json/ctb/v1/json/getProfileData": [200]}


@pytest.mark.parametrize("case", golden.CASES, ids=lambda case: case.name)
def test_a_documented_request_gets_its_golden_answer(case: golden.Case, base_url: str) -> None:
    golden.check(case, golden.send(case, base_url))


@pytest.mark.parametrize("case", [case for case in golden.CASES if case.reason], ids=lambda case: case.name)
def test_a_documented_failure_changes_nothing_but_the_counts_of_wrong_pins_and_of_refusals(
    case: golden.Case, base_url: str, store: Store
) -> None:
    counts = ("WRONG_PINS_TABLE", "REFUSALS_TABLE")
    before = store.contents(*counts)
    golden.send(case, base_url)

    assert store.contents(*counts) == before


@pytest.mark.parametrize("endpoint", contract.REFERENCE, ids=lambda endpoint: endpoint.path)
def test_there_is_a_golden_answer_for_each_code_of_the_api_reference(endpoint: contract.ReferenceEndpoint) -> None:
    answered = [case for case in golden.CASES if case.path == endpoint.path]

    assert sorted(case.code for case in answered) == sorted([*endpoint.codes, *CODES_OF_OUR_OWN.get(endpoint.path, [])])
    assert [case.code for case in answered if case.reason is None] == endpoint.codes[:1]


@pytest.mark.parametrize("case", golden.SUCCESSES, ids=lambda case: case.stem)
def test_a_success_is_requested_with_the_contracts_request_to_the_letter(case: golden.Case) -> None:
    assert case.edits == (() if case.stem != "get_status_log" else (("000038", "000968"),))


def test_the_documented_log_request_is_answered_for_the_agent_it_names(base_url: str) -> None:
    update = next(case for case in golden.CASES if case.name == "update_status_by_ref-20")
    log = golden.Case("get_status_log", 20)

    empty = golden.send(log, base_url)
    golden.send(update, base_url)
    (row,) = json.loads(golden.send(log, base_url).body)["data"]

    assert empty.body == '{"status":1,"message":"success","code":20,"data":[]}'
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
