"""What `paidline trace` finds, and the search of a stack's logs."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch
from zoneinfo import ZoneInfo

import botocore.session
import pytest
from botocore.stub import Stubber
from moto import mock_aws

from admin.cli import logs
from admin.cli.connection import LocalService, Stack
from admin.cli.errors import CommandError
from admin.cli.trace import written_by
from admin.reports.tables import Tables
from admin.reports.times import Period
from tests.support.service import ADD, SESSION, SUBTRACT, Service

ZONE = ZoneInfo("Europe/Amsterdam")
GROUP = "functions"


def _kinds(service: Service, identifier: str) -> list[str]:
    found = written_by(Tables(service.store, service.tables), identifier, Period(ZONE))
    return sorted(row["kind"] for row in found)


def test_an_idempotency_key_finds_the_ledger_entry_and_the_stored_response(service: Service) -> None:
    service.send(SUBTRACT, tokens=10, idempotencyKey="call-1")
    service.send(SUBTRACT, tokens=10, idempotencyKey="call-2")

    assert _kinds(service, "call-1") == ["ledger entry", "stored response"]


def test_an_idempotency_key_finds_the_recorded_call(service: Service) -> None:
    service.send(SESSION, idempotencyKey="call-1")
    service.send(SESSION)

    assert _kinds(service, "call-1") == ["call", "stored response"]


def test_what_nobody_sent_finds_nothing(service: Service) -> None:
    service.send(SUBTRACT, tokens=10, idempotencyKey="call-1")

    assert _kinds(service, "call-2") == []


@pytest.mark.parametrize(("stem", "table"), [(ADD, "WALLET_LEDGER_TABLE"), (SESSION, "CALL_SESSIONS_TABLE")])
def test_the_log_line_of_a_request_names_what_it_stored(
    service: Service, logged: Callable[[], str], stem: str, table: str
) -> None:
    logged()
    service.send(stem)
    (line,) = [json.loads(line) for line in logged().splitlines()]

    stored = [item for item in service.items(table) if item["requestId"]["S"] == line["storedRequestId"]]
    assert len(stored) == 1


@pytest.fixture
def stack() -> Stack:
    """A stack whose log group has a name of its own."""
    found = Stack("paidline", profile=None, region="eu-west-1")
    found.resource = lambda logical_id: GROUP  # type: ignore[method-assign]
    return found


def test_log_lines_are_found_by_any_of_the_ids_and_lines_of_lambda_itself_are_shown_too(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        client = stack.client("logs")
        client.create_log_group(logGroupName=GROUP)
        client.create_log_stream(logGroupName=GROUP, logStreamName="s")
        messages = [json.dumps({"storedRequestId": "aaaa"}), "END RequestId: aaaa", json.dumps({"requestId": "bbbb"})]
        now = int(time.time() * 1000)
        events = [{"timestamp": now, "message": message} for message in messages]
        client.put_log_events(logGroupName=GROUP, logStreamName="s", logEvents=events)

        found = list(logs.find(stack, ["aaaa"]))

    assert {"storedRequestId": "aaaa"} in found
    assert {"message": "END RequestId: aaaa"} in found


def test_a_local_service_has_no_log_lines() -> None:
    assert list(logs.find(LocalService("http://127.0.0.1:3000"), ["aaaa"])) == []
    with pytest.raises(CommandError, match="keeps no logs"):
        logs.last_use_of_clients(LocalService("http://127.0.0.1:3000"), ZONE)


@pytest.mark.parametrize("status", ["Complete", "Failed"])
def test_the_last_use_of_a_hash_is_asked_of_the_logs(stack: Stack, status: str) -> None:
    client: Any = botocore.session.Session().create_client(
        "logs", region_name="eu-west-1", aws_access_key_id="test", aws_secret_access_key="test"
    )
    row = [
        {"field": "client", "value": "3f9a0c51d27e"},
        {"field": "lastUsed", "value": "2026-11-25 12:00:00.000"},
    ]
    with Stubber(client) as stubber, patch.object(Stack, "client", lambda *_: client):
        stubber.add_response("start_query", {"queryId": "q"})
        stubber.add_response("get_query_results", {"status": "Running", "results": []})
        stubber.add_response("get_query_results", {"status": status, "results": [row]})
        if status == "Failed":
            with pytest.raises(CommandError, match="status Failed"):
                logs.last_use_of_clients(stack, ZONE)
            return
        used = logs.last_use_of_clients(stack, ZONE)

    assert used == {"3f9a0c51d27e": datetime(2026, 11, 25, 12, tzinfo=UTC)}
