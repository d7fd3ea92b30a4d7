"""The function that counts refusals, with lines that the service wrote, delivered as by CloudWatch Logs."""

from __future__ import annotations

import base64
import gzip
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local import template
from local.gateway import context, load_handler
from paidline import clock
from tests.support import wire
from tests.support.api import Api

(FUNCTION,) = template.read().log_subscribers
EVENT: dict[str, Any] = json.loads((template.PROJECT / "events" / "count_refusals.json").read_text(encoding="utf-8"))
NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
STATUS = "get_status_by_ref"


def batch(*lines: tuple[datetime, str], kind: str = "DATA_MESSAGE") -> dict[str, Any]:
    events = [
        {"id": str(number), "timestamp": int(at.timestamp() * 1000), "message": message}
        for number, (at, message) in enumerate(lines)
    ]
    content = json.dumps({"messageType": kind, "logEvents": events}).encode()
    return {"awslogs": {"data": base64.b64encode(gzip.compress(content)).decode()}}


def count(*lines: tuple[datetime, str], kind: str = "DATA_MESSAGE") -> dict[str, Any]:
    return load_handler(FUNCTION)(batch(*lines, kind=kind), context(FUNCTION))


def counted(api: Api, day: str) -> dict[str, str]:
    """The counts of a day by reason."""
    item = api.store.item("REFUSALS_TABLE", day=day)
    return {name: value for name, value in item.items() if name not in ("day", "expiresAt")}


def line_of(written: list[str], reason: str) -> str:
    """A request's line with this reason."""
    return next(line for line in written if (found := json.loads(line))["reason"] == reason and "Faults" in found)


@pytest.fixture
def written(api: Api, logged: Callable[[], str]) -> list[str]:
    """The lines of three refusals, a success and a fault."""
    logged()
    api.request(STATUS)
    api.request(STATUS, ref="no-such-agent")
    api.request(STATUS, ref="no-such-agent")
    api.request(STATUS, authenticationHash="wrong")
    with wire.raising(RuntimeError()):
        api.request(STATUS)
    return logged().splitlines()


def test_refusals_are_counted_by_day_and_reason_and_successes_and_faults_are_not(api: Api, written: list[str]) -> None:
    assert len(written) > 5
    assert count(*[(NOON, line) for line in written]) == {"refusals": 3}
    assert count((NOON, line_of(written, "unknown_ref"))) == {"refusals": 1}

    assert counted(api, "2026-11-25") == {"unknown_ref": "3", "unauthorized": "1"}


def test_a_refusal_counts_for_the_day_of_its_line_in_the_services_zone(api: Api, written: list[str]) -> None:
    before, after = datetime(2026, 11, 24, 22, 59, tzinfo=UTC), datetime(2026, 11, 24, 23, tzinfo=UTC)

    assert count((before, line_of(written, "unknown_ref")), (after, line_of(written, "unauthorized"))) == {
        "refusals": 2
    }
    assert counted(api, "2026-11-24") == {"unknown_ref": "1"}
    assert counted(api, "2026-11-25") == {"unauthorized": "1"}


def test_a_batch_costs_one_write_per_day(api: Api, written: list[str]) -> None:
    with wire.recorded() as calls:
        count(*[(NOON, line) for line in written])

    assert [call.permissions for call in calls] == [{("dynamodb:UpdateItem", "RefusalsTable")}]


def test_a_batch_of_no_refusals_and_the_check_of_cloudwatch_logs_write_nothing(api: Api, written: list[str]) -> None:
    with wire.recorded() as calls:
        assert count((NOON, line_of(written, ""))) == {"refusals": 0}
        assert count((NOON, "CWL CONTROL MESSAGE: Checking health of destination Lambda."), kind="CONTROL_MESSAGE") == {
            "refusals": 0
        }

    assert calls == []


def test_an_error_of_the_store_is_logged_and_raised_so_that_the_batch_is_sent_again(
    written: list[str], logged: Callable[[], str]
) -> None:
    with wire.refusing(400, "AccessDeniedException"), pytest.raises(ClientError, match="AccessDenied"):
        count((NOON, line_of(written, "unknown_ref")))
    fault = json.loads(logged())

    assert (fault["message"], fault["endpoint"]) == ("fault", "count_refusals")
    assert fault["exceptions"][0]["type"] == "ClientError"


def test_the_example_event_is_counted(api: Api) -> None:
    assert load_handler(FUNCTION)(EVENT, context(FUNCTION)) == {"refusals": 1}
    assert counted(api, "2025-11-25") == {"unknown_ref": "1"}


def test_counts_are_deleted_after_a_week(api: Api, written: list[str]) -> None:
    count((NOON, line_of(written, "unknown_ref")))
    expires = int(api.store.item("REFUSALS_TABLE", day="2026-11-25")["expiresAt"])

    assert 7 * 86_400 - 60 <= expires - clock.now().timestamp() <= 7 * 86_400


def test_the_subscription_delivers_the_lines_of_refusals_only(written: list[str]) -> None:
    resource = template.load()["Resources"][FUNCTION.name]["Properties"]
    (event,) = resource["Events"].values()

    delivered = [line for line in written if matches(event["Properties"]["FilterPattern"], json.loads(line))]

    assert event["Properties"]["LogGroupName"] == {"Ref": "FunctionLogs"}
    assert [json.loads(line)["reason"] for line in delivered] == ["unknown_ref", "unknown_ref", "unauthorized"]


def matches(pattern: str, line: dict[str, Any]) -> bool:
    """Whether a line matches a filter pattern of CloudWatch Logs, as far as ours needs its language."""
    terms = re.fullmatch(r"\{ (.+) \}", pattern)
    assert terms
    for term in terms[1].split(" && "):
        found = re.fullmatch(r"\(\$\.(\w+)(?:\[0\] < (\d+)| = %(.+)%)\)", term)
        assert found, term
        name, limit, wanted = found.groups()
        value = line.get(name)
        if limit and not (isinstance(value, list) and value[0] < int(limit)):
            return False
        if wanted and not (isinstance(value, str) and re.search(wanted, value)):
            return False
    return True
