"""`paidline statement`: a wallet's account, as one would send it to its owner."""

from __future__ import annotations

from typing import Any

from admin.cli.command import Session
from admin.cli.ledger import WalletId, entries
from admin.cli.output import Format
from admin.cli.periods import Day, First, Last, period_of

_COLUMNS = ("time", "what", "tokens", "balance", "entry")
_SOURCES = {
    "opening": "Opening balance",
    "import": "Balance taken over",
    "add_tokens_to_wallet": "Tokens bought",
    "subtract_tokens_from_wallet": "Call charged",
}
_CHARGE = "charge"
# Entries of a paid call that move no tokens.
_UNSHOWN_KINDS = ("hold", "release")


def statement(session: Session, wallet_id: WalletId, day: Day = None, first: First = None, last: Last = None) -> None:
    """Print a wallet's statement, in a form that can be sent to a caller who complains.

    It names neither PIN nor phone number. What a paid call holds and releases is left out; what it cost is shown.

    Example: `paidline statement 6254 --from 2026-11-01 --to 2026-11-30`
    """
    period = period_of(session.connection.zone, day, first, last)
    found = entries(session, wallet_id, period)
    if session.format is Format.TABLE:
        print(f"Statement of wallet {wallet_id}, times in {period.zone.key}")
    session.show((_line(entry) for entry in found if entry.get("kind") not in _UNSHOWN_KINDS), _COLUMNS)


def _line(entry: dict[str, Any]) -> dict[str, Any]:
    return {
        "time": entry["time"],
        "what": _what(entry),
        "tokens": entry["amount"],
        "balance": entry["balance"],
        "entry": entry["seq"],
    }


def _what(entry: dict[str, Any]) -> str:
    source = str(entry["source"])
    if refunded := entry.get("refundOf"):
        return f"Refund of entry {refunded}"
    if entry.get("kind") == _CHARGE:
        return "Call charged"
    if source in _SOURCES:
        return _SOURCES[source]
    if reason := entry.get("reason"):
        return f"Correction: {reason}"
    return source.replace("_", " ")
