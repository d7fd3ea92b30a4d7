"""`paidline statement`: a wallet's account, as one would send it to its owner."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from admin.cli.command import Session
from admin.cli.errors import CommandError
from admin.cli.ledger import WalletId
from admin.cli.output import Format
from admin.cli.periods import Day, First, Last, period_of
from admin.reports import ledger
from admin.reports.times import Period

_COLUMNS = ("time", "what", "tokens", "balance", "entry")
_SOURCES = {
    "opening": "Opening balance",
    "add_tokens_to_wallet": "Tokens bought",
    "subtract_tokens_from_wallet": "Call charged",
}
# What an entry of a paid call did.
_KINDS = {"hold": "Call began, tokens held", "charge": "Call charged", "release": "Call ended, tokens released"}


def statement(session: Session, wallet_id: WalletId, day: Day = None, first: First = None, last: Last = None) -> None:
    """Print a wallet's statement, in a form that can be sent to a caller who complains.

    It names neither PIN nor phone number.

    Example: `paidline statement 6254 --from 2026-11-01 --to 2026-11-30`
    """
    period = period_of(session.connection.zone, day, first, last)
    lines = _lines(session, wallet_id, period)
    if session.format is Format.TABLE:
        print(f"Statement of wallet {wallet_id}, times in {period.zone.key}")
    session.show(lines, _COLUMNS)


def _lines(session: Session, wallet_id: str, period: Period) -> Iterator[dict[str, Any]]:
    entry: dict[str, Any] = {}
    for entry in ledger.entries(session.tables, wallet_id, period):
        yield {
            "time": entry["time"],
            "what": _what(entry),
            "tokens": entry["amount"],
            "balance": entry["balance"],
            "entry": entry["seq"],
        }
    if not entry and not next(ledger.entries(session.tables, wallet_id, Period(period.zone)), None):
        raise CommandError(f"There is no wallet {wallet_id}.")


def _what(entry: dict[str, Any]) -> str:
    if refunded := entry.get("refundOf"):
        return f"Refund of entry {refunded}"
    if kind := _KINDS.get(entry.get("kind", "")):
        return kind
    if reason := entry.get("reason"):
        return f"Correction: {reason}"
    source = str(entry["source"])
    return _SOURCES.get(source, source.replace("_", " "))
