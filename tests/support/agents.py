"""Agents, their statuses and their rows in the status log."""

from __future__ import annotations

from typing import Any

from tests.support.api import Api
from tests.support.store import Item


def agent_item(api: Api, **changes: Any) -> Item:
    """Agent 38 in DynamoDB's form, with some attributes changed."""
    found: Any = api.store.client.get_item(
        TableName=api.store.service.environment["AGENTS_TABLE"], Key={"refKey": {"S": "38"}}
    )
    return {**found["Item"], **changes}


def status_of(api: Api, ref: str) -> str:
    """The status that getStatusByRef shows."""
    return str(api.request("get_status_by_ref", ref=ref).json["user"]["status"])


def rows_of(api: Api, ref: str, **parameters: Any) -> list[dict[str, str]]:
    """The agent's rows in the status log, newest first."""
    rows: list[dict[str, str]] = api.request("get_status_log", ref=ref, **parameters).json["data"]
    return rows


def statuses(rows: list[dict[str, str]]) -> list[str]:
    """The status of each row."""
    return [row["status"] for row in rows]
