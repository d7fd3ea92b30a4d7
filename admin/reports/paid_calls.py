"""Paid calls that have not ended: those that are open, and expired ones that nobody has settled."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from admin.reports.tables import Item, Tables
from admin.reports.times import from_stored
from paidline.store import agents
from paidline.store.calls import OPEN_INDEX, CallState

OPEN_COLUMNS = (
    "callId",
    "pbx",
    "opened",
    "deadline",
    "ref",
    "applicationId",
    "walletId",
    "dialedNumber",
    "inboundNumber",
    "outboundNumber",
    "tpm",
    "billingIncrements",
    "held",
    "maxSeconds",
)
EXPIRED_COLUMNS = tuple(name for name in OPEN_COLUMNS if name != "deadline")


@dataclass(frozen=True)
class Chosen:
    """Which calls are wanted: of one agent, one wallet, one PBX; None is any."""

    ref: str | None = None
    wallet_id: str | None = None
    pbx: str | None = None

    def __contains__(self, call: Item) -> bool:
        return (
            (self.ref is None or agents.ref_key(call["ref"]) == agents.ref_key(self.ref))
            and self.wallet_id in (None, call["walletId"])
            and self.pbx in (None, call["pbx"])
        )


def open_calls(tables: Tables, chosen: Chosen, zone: ZoneInfo) -> list[dict[str, Any]]:
    """List the calls that are open, oldest first.

    One Scan of the PBXs unless one is chosen, a Query of the index for each, and a BatchGetItem per hundred open calls.
    """
    calls = tables.get_all("CALLS_TABLE", _open_keys(tables, chosen.pbx))
    # The index lags behind the table.
    return _shown((call for call in calls if call["state"] == CallState.OPEN and call in chosen), zone)


def expired_calls(tables: Tables, chosen: Chosen, zone: ZoneInfo) -> list[dict[str, Any]]:
    """List the expired calls that nobody has settled, oldest first. One Scan per megabyte of all calls."""
    calls = tables.scan(
        "CALLS_TABLE", "#state = :state", {":state": CallState.EXPIRED}, ExpressionAttributeNames={"#state": "state"}
    )
    return _shown((call for call in calls if call in chosen), zone)


def unsettled_calls(tables: Tables, pbx: str) -> Iterator[Item]:
    """Yield the calls of a PBX that are open or expired, as stored. One Scan per megabyte of all calls."""
    return tables.scan(
        "CALLS_TABLE",
        "pbx = :pbx AND #state <> :ended",
        {":pbx": pbx, ":ended": CallState.ENDED},
        ExpressionAttributeNames={"#state": "state"},
    )


def _open_keys(tables: Tables, pbx: str | None) -> Iterator[Item]:
    names = [pbx] if pbx else sorted(item["pbx"] for item in tables.scan("PBXS_TABLE"))
    for name in names:
        for item in tables.query_index("CALLS_TABLE", OPEN_INDEX, "pbx = :pbx", {":pbx": name}):
            yield {"callId": item["callId"], "pbx": name}


def _shown(calls: Iterator[Item], zone: ZoneInfo) -> list[dict[str, Any]]:
    shown = [
        {
            **call,
            "opened": from_stored(call["opened"]).astimezone(zone),
            "deadline": datetime.fromtimestamp(call.get("deadline", 0), UTC).astimezone(zone),
        }
        for call in calls
    ]
    return sorted(shown, key=lambda call: (call["opened"], call["callId"]))
