"""`paidline ledger`: a wallet's movements, and whether all ledgers are as they were written."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Annotated, Any

import typer

from admin.cli.command import Session, command
from admin.cli.errors import CommandError
from admin.cli.periods import Day, First, Last, period_of
from admin.reports import ledger
from admin.reports.times import Period

app = typer.Typer(help="Show a wallet's movements, and verify ledgers.", no_args_is_help=True)

WalletId = Annotated[str, typer.Argument(help="The wallet's id.", show_default=False)]


@command(app)
def show(session: Session, wallet_id: WalletId, day: Day = None, first: First = None, last: Last = None) -> None:
    """Show the movements of a wallet's tokens, oldest first.

    Example: `paidline ledger show 6254 --from 2026-11-01 --csv`
    """
    period = period_of(session.connection.zone, day, first, last)
    session.show(entries(session, wallet_id, period), ledger.LEDGER_COLUMNS)


@command(app)
def verify(
    session: Session, wallet_id: Annotated[str | None, typer.Argument(help="The wallet's id; all if absent.")] = None
) -> None:
    """Verify that balances follow from unbroken, unchanged ledgers, and that phone numbers find their wallets.

    It reads only, and can run during live traffic. It scans the wallets, and for all of them also every ledger.
    Exit code 0: nothing is wrong; 1: the first difference of each wallet that has one is shown.

    Example: `paidline ledger verify` or `paidline ledger verify 6254`
    """
    from paidline.management.verification import verify as verify_ledgers

    found = verify_ledgers(session.connection.dynamodb, session.connection.tables, wallet_id)
    if found.problems:
        session.show(
            ({"walletId": p.wallet_id, "seq": p.seq, "problem": p.text} for p in found.problems),
            ("walletId", "seq", "problem"),
        )
    print(
        f"{found.wallets} wallets, {found.entries} ledger entries, {found.tokens} tokens: "
        f"{len(found.problems)} problems",
        file=session.remarks,
    )
    if found.problems:
        raise typer.Exit(1)


def entries(session: Session, wallet_id: str, period: Period) -> Iterator[dict[str, Any]]:
    """Return a wallet's ledger entries of a period, oldest first. Raises CommandError if there is no such wallet."""
    found = ledger.entries(session.tables, wallet_id, period)
    first = next(found, None)
    if first is not None:
        return chain([first], found)
    if next(ledger.entries(session.tables, wallet_id, Period(period.zone)), None) is None:
        raise CommandError(f"There is no wallet {wallet_id}.")
    return found
