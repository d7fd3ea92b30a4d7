"""A stack's log lines in CloudWatch. `make run` keeps none: it prints them."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from admin.cli.connection import Stack, Target
from admin.cli.errors import CommandError

# The group of the functions' log lines, by its logical id.
_LOG_GROUP = "FunctionLogs"
# How far back is searched: as long as the template keeps logs, unless told otherwise.
_SEARCHED = timedelta(days=30)
_PAUSE_S = 0.5
# Lines of requests that nobody was authenticated for have an empty client.
_LAST_USE = "filter client like /./ | stats max(@timestamp) as lastUsed by client | limit 10000"


def find(target: Target, identifiers: list[str]) -> Iterator[dict[str, Any]]:
    """Yield a stack's log lines of the last 30 days that contain one of the identifiers, oldest first."""
    if not isinstance(target, Stack):
        return
    pages = (
        target.client("logs")
        .get_paginator("filter_log_events")
        .paginate(
            logGroupName=target.resource(_LOG_GROUP),
            startTime=int((datetime.now(UTC) - _SEARCHED).timestamp() * 1000),
            filterPattern=" ".join(f'?"{identifier}"' for identifier in identifiers if '"' not in identifier),
        )
    )
    for page in pages:
        for event in page["events"]:
            yield _line(event["message"])


def last_use_of_clients(target: Target, zone: ZoneInfo) -> dict[str, datetime]:
    """Return when each hash was last used, by its digestPrefix. One Logs Insights query of 30 days.

    Raises CommandError for a service without logs, or if the query does not complete.
    """
    if not isinstance(target, Stack):
        raise CommandError("`make run` keeps no logs, so when a hash was last used is known for stacks only.")
    client, now = target.client("logs"), datetime.now(UTC)
    query = client.start_query(
        logGroupName=target.resource(_LOG_GROUP),
        startTime=int((now - _SEARCHED).timestamp()),
        endTime=int(now.timestamp()),
        queryString=_LAST_USE,
    )
    answer: dict[str, Any] = {"status": "Scheduled"}
    while answer["status"] in ("Scheduled", "Running"):
        time.sleep(_PAUSE_S)
        answer = client.get_query_results(queryId=query["queryId"])
    if answer["status"] != "Complete":
        raise CommandError(f"The search of the logs ended with the status {answer['status']}: try again.")
    rows: list[dict[str, str]] = [{field["field"]: field["value"] for field in row} for row in answer["results"]]
    return {row["client"]: datetime.fromisoformat(row["lastUsed"]).replace(tzinfo=UTC).astimezone(zone) for row in rows}


def _line(message: str) -> dict[str, Any]:
    try:
        content = json.loads(message)
    except ValueError:
        # One of Lambda's own lines.
        content = None
    return content if isinstance(content, dict) else {"message": message}
