"""What the wallboard costs with 200 agents, in read units, on the real engine: docs/wallboard.md has the figures."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

import pytest

from local.template import PROJECT
from paidline import clock, ids
from paidline.domain import wallboard
from paidline.store import dynamodb
from paidline.store.agents import Agent
from paidline.store.call_sessions import CallSession
from tests.support import paid_calls
from tests.support.api import Api

PAGE = (PROJECT / "docs" / "wallboard.md").read_text(encoding="utf-8")
REFRESHES_AN_HOUR = 720
PRICES: dict[str, Any] = json.loads((PROJECT / "benchmarks" / "prices.json").read_text(encoding="utf-8"))
# For each request, as docs/performance.md counts them.
LOGGED = re.findall(
    r"function logs: (\d+) bytes of ours and (\d+) of Lambda's .*\n\| access log: (\d+) bytes",
    (PROJECT / "docs" / "performance.md").read_text(encoding="utf-8"),
)


def figure(row: str) -> float:
    """A figure of the page's table of costs."""
    (found,) = re.findall(rf"^\| {re.escape(row)} \| ([0-9.,]+) \|$", PAGE, flags=re.M)
    return float(found.replace(",", ""))


def refresh() -> float:
    """Ask once, and return the read units."""
    units: list[float] = []

    def ask(params: dict[str, Any], **_: Any) -> None:
        params["ReturnConsumedCapacity"] = "TOTAL"

    def note(parsed: dict[str, Any], **_: Any) -> None:
        units.append(parsed["ConsumedCapacity"]["CapacityUnits"])

    events = dynamodb.dynamodb().meta.events
    for operation in ("Scan", "Query", "GetItem"):
        events.register(f"before-parameter-build.dynamodb.{operation}", ask)
        events.register(f"after-call.dynamodb.{operation}", note)
    try:
        # Not through the handler: the engine may need longer than a request has, and the units are the same.
        wallboard.look()
    finally:
        for operation in ("Scan", "Query", "GetItem"):
            events.unregister(f"before-parameter-build.dynamodb.{operation}", ask)
            events.unregister(f"after-call.dynamodb.{operation}", note)
    assert len(units) == 4
    return sum(units)


@pytest.fixture
def busy(engine_api: Api) -> Api:
    """200 agents, 40 open calls, and 500 calls so far today."""
    now = clock.now()
    stamp = clock.to_iso(now)
    for item in engine_api.store.items("AGENTS_TABLE"):
        engine_api.store.client.delete_item(TableName="AgentsTable", Key={"refKey": {"S": item["refKey"]}})
    agents = [Agent(n, f"{n:06}", "inConversation", "31612345678", True, 10**15 + n, 30, 90, stamp) for n in range(200)]
    engine_api.store.put_all("AGENTS_TABLE", [agent.to_item() for agent in agents])
    live = paid_calls.live_call()
    calls = [live._replace(call_id=f"pbx1-1764072000.{n}", opened=stamp) for n in range(40)]
    engine_api.store.put_all("CALLS_TABLE", [call.to_item() for call in calls])
    first = ids.last_id_before(now - timedelta(minutes=10))
    sessions = [
        CallSession(first - n, "38", 1, "1", "2", "3", "answer", 60, "", "", 90, stamp, "r", 90) for n in range(500)
    ]
    engine_api.store.put_all("CALL_SESSIONS_TABLE", [session.to_item() for session in sessions])
    return engine_api


@pytest.mark.usefixtures("busy")
def test_a_refresh_and_an_hour_and_a_month_cost_what_the_page_says() -> None:
    first, following = refresh(), refresh()

    assert following == figure("a refresh, 40 calls open")
    assert following * REFRESHES_AN_HOUR == figure("an hour of one screen: 720 refreshes")
    assert first == figure("a process's first refresh, 500 calls so far today")
    requests = REFRESHES_AN_HOUR * 24 * 30
    reading = following * requests / 1e6 * PRICES["dynamodb_million_read_units"]
    assert f"that is {reading:.2f} USD a month" in PAGE
    (logged,) = LOGGED
    logging = sum(map(int, logged)) * requests / 1e9 * PRICES["cloudwatch_log_gb"]
    assert f"their log lines {logging:.2f}" in PAGE
