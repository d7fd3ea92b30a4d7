"""The queries of docs/operations.md find what they are for in lines that the service wrote, and name no other field."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any
from unittest.mock import patch

import pytest

from local import gateway, template
from local.template import PROJECT
from paidline.api.endpoint import Endpoint
from tests.support import insights, paid_calls, wire
from tests.support.admin import Admin
from tests.support.api import Api
from tests.support.insights import Line

PAGE = (PROJECT / "docs" / "operations.md").read_text(encoding="utf-8")
(MONITOR,) = re.findall(r"^## Monitor\n(.*?)^### Logs$", PAGE, flags=re.M | re.S)
SECTIONS = dict(re.findall(r"^### (\w+)\n(.*?)(?=^### |\Z)", MONITOR, flags=re.M | re.S))
# In blocks, and short ones within a sentence.
QUERIES = [
    (alarm, query)
    for alarm, text in SECTIONS.items()
    for query in (*re.findall(r"^```\n(.*?)\n```$", text, flags=re.M | re.S), *re.findall(r"`(filter [^`]+)`", text))
]
# What Lambda writes itself, as its documentation shows.
LAMBDAS_OWN = "2026-11-25T12:00:00.000Z 11111111-2222-3333-4444-555555555555 Task timed out after 10.00 seconds\n"
SUBTRACT, BY_PIN = "subtract_tokens_from_wallet", "get_wallet_by_dialed_number_and_pin"


def slowly(api: Api) -> None:
    authenticate = Endpoint._authenticate

    def wait(*given: Any) -> Any:
        time.sleep(1.1)
        return authenticate(*given)

    with patch.object(Endpoint, "_authenticate", wait):
        api.request("get_status_by_ref")


def with_contention(api: Api) -> None:
    reasons = [{"Code": "TransactionConflict"}, {"Code": "None"}]
    with wire.refusing(
        400, "TransactionCanceledException", operation="TransactWriteItems", CancellationReasons=reasons
    ):
        assert api.request(SUBTRACT).reason == "contention"


def verify_a_broken_ledger(api: Api) -> None:
    table = api.store.service.environment["WALLET_LEDGER_TABLE"]
    api.store.client.delete_item(TableName=table, Key={"walletId": {"S": "6255"}, "seq": {"N": "2"}})
    function = next(one.function for one in template.read().schedules if one.function.stem == "verify_ledgers")
    gateway.load_handler(function)({}, gateway.context(function))


@pytest.fixture
def written(api: Api, logged: Callable[[], str]) -> list[Line]:
    """Everything that the alarms are about has happened, and more."""
    api.request("get_status_by_ref")
    api.request("get_status_by_ref", authenticationHash="wrong")
    api.request(BY_PIN, pin="111111")
    with wire.raising(RuntimeError()):
        api.request("get_status_by_ref")
        Admin().send("agent.show", ref="38")
    with wire.refusing(400, "ProvisionedThroughputExceededException", times=1):
        api.request("get_status_by_ref")
    slowly(api)
    with_contention(api)
    api.request("calls_end", duration="3600")
    let_a_call_expire(api)
    verify_a_broken_ledger(api)
    return insights.lines(logged() + LAMBDAS_OWN)


def let_a_call_expire(api: Api) -> None:
    api.store.put("CALLS_TABLE", paid_calls.live_call().to_item())
    api.request("calls_sync", callIds=f"not-{paid_calls.LIVE}")


def test_there_is_a_query_for_each_alarm_that_lines_can_explain() -> None:
    without = {"FunctionThrottles", "NoTraffic"}

    assert {alarm for alarm, _ in QUERIES} == SECTIONS.keys() - without
    assert len(QUERIES) >= 14


def test_each_query_finds_something_and_names_only_fields_that_lines_have(written: list[Line]) -> None:
    known = {name for line in written for name in line}

    for alarm, query in QUERIES:
        assert insights.fields(query) <= known, f"{alarm}: no line has {insights.fields(query) - known}"
        found = insights.run(query, written)
        assert found, f"{alarm} finds nothing: {query}"
        assert len(found) < len(written), f"{alarm} finds everything: {query}"


def test_a_query_for_a_field_that_no_line_has_is_noticed(written: list[Line]) -> None:
    known = {name for line in written for name in line}
    renamed = [query.replace("storeMs", "storeMilliseconds") for _, query in QUERIES]

    assert [query for query in renamed if not insights.fields(query) <= known]


@pytest.mark.parametrize("query", ["dedup client", "filter a = 1 or b = 2", "stats pct(Latency.0, 99)", "filter a ~ 1"])
def test_a_query_that_needs_more_than_is_understood_fails_instead_of_being_run_wrongly(query: str) -> None:
    with pytest.raises(insights.QueryError):
        insights.run(query, insights.lines('{"a": 1}'))


def test_the_wallboards_query_shows_refusals_by_client_and_no_server_error(api: Api, logged: Callable[[], str]) -> None:
    page = (PROJECT / "docs" / "wallboard.md").read_text(encoding="utf-8")
    (query,) = re.findall(r"^```\n(filter .*)\n```$", page, flags=re.M)
    with_contention(api)
    refused = [api.request("get_status_by_ref", ref="999999").refusal for _ in range(2)]
    found = insights.run(query, insights.lines(logged()))

    assert refused == [(200, "unknown_ref")] * 2
    assert [(row["reason"], row["count()"]) for row in found] == [("unknown_ref", 2)]


def test_lists_groups_and_patterns_are_understood() -> None:
    given = insights.lines('{"a": "x", "n": [2]}\n{"a": "x", "n": [3]}\n{"a": "y", "n": [9]}\nplain text')

    assert insights.run("stats sum(n.0) by a | sort a desc", given[:3]) == [
        {"a": "y", "sum(n.0)": 9},
        {"a": "x", "sum(n.0)": 5},
    ]
    assert insights.run('filter a in ["x"] and n.0 > 2 | fields @timestamp', given) == [{"@timestamp": 1}]
    assert insights.run("filter @message like /in|out/ | stats count()", given) == [{"count()": 1}]
