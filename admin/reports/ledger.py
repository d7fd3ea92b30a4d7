"""A wallet's ledger, and tokens per application and day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from typing import Any

from admin.reports.tables import Tables
from admin.reports.times import Period, from_stored

LEDGER_COLUMNS = (
    "seq",
    "time",
    "amount",
    "balance",
    "held",
    "source",
    "kind",
    "key",
    "callId",
    "operator",
    "reason",
    "refundOf",
    "requestId",
)
TOKENS_COLUMNS = ("applicationId", "day", "opened", "added", "taken", "byOperators", "net", "movements")

# The source of a wallet's first entry.
_OPENING = "opening"


def entries(tables: Tables, wallet_id: str, period: Period) -> Iterator[dict[str, Any]]:
    """Yield a wallet's ledger entries of a period, oldest first. One Query per megabyte of the ledger."""
    for entry in tables.query("WALLET_LEDGER_TABLE", "walletId = :wallet", {":wallet": wallet_id}):
        moment = from_stored(entry["time"])
        if moment in period:
            yield {**entry, "time": moment.astimezone(period.zone)}


def tokens_per_day(tables: Tables, period: Period) -> list[dict[str, Any]]:
    """Sum up the tokens that moved per application and day. Scans the wallets and the ledger.

    It keeps a wallet's two ids for each wallet in memory, and one row for each application and day.
    """
    applications = {
        wallet["walletId"]: wallet["applicationId"]
        for wallet in tables.scan(
            "WALLETS_TABLE", "attribute_exists(walletId)", ProjectionExpression="walletId, applicationId"
        )
    }
    sums: defaultdict[tuple[str, date], dict[str, int]] = defaultdict(lambda: dict.fromkeys(TOKENS_COLUMNS[2:], 0))
    for entry in moved(tables, period):
        application = applications.get(entry["walletId"], "")
        day = from_stored(entry["time"]).astimezone(period.zone).date()
        row = sums[application, day]
        row[_column_of(entry)] += entry["amount"]
        row["net"] += entry["amount"]
        row["movements"] += 1
    return [{"applicationId": application, "day": day, **sums[application, day]} for application, day in sorted(sums)]


def moved(tables: Tables, period: Period) -> Iterator[dict[str, Any]]:
    """Yield all ledger entries of a period, in no order. One Scan per megabyte of the whole ledger."""
    names = {"#time": "time", "#source": "source", "#operator": "operator"}
    return tables.scan(
        "WALLET_LEDGER_TABLE",
        "#time >= :start AND #time < :end",
        {":start": period.stored_start, ":end": period.stored_end},
        ProjectionExpression="walletId, amount, #time, #source, #operator, callId",
        ExpressionAttributeNames=names,
    )


def _column_of(entry: dict[str, Any]) -> str:
    if entry["source"] == _OPENING:
        return "opened"
    # A call that an operator has settled was charged like any other.
    if entry.get("operator") and not entry.get("callId"):
        return "byOperators"
    return "added" if entry["amount"] > 0 else "taken"
