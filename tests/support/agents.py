"""Agents, their statuses and their rows in the status log."""

from __future__ import annotations

from typing import Any

from tests.support.api import Api
from tests.support.store import Item


def agent_item(api: Api, **changes: Any) -> Item:
    found: Any = api.store.client.get_item(
        TableName=api.store.service.environment["AGENTS_TABLE"], Key={"refKey": {"S": "38"}}
    )
    return {**found["Item"], **changes}


def status_of(api: Api, ref: str) -> str:
    return str(api.request("get_status_by_ref", ref=ref).json["user"]["status"])


def rows_of(api: Api, ref: str, **parameters: Any) -> list[dict[str, str]]:
    rows: list[dict[str, str]] = api.request("get_status_log", ref=ref, **parameters).json["data"]
    return rows


def statuses(rows: list[dict[str, str]]) -> list[str]:
    return [row["status"] for row in rows]
