"""`paidline ledger`: a wallet's movements, and whether all ledgers are as they were written."""

from __future__ import annotations

from typing import Annotated

import typer

from admin.cli.command import Session, command
from admin.cli.periods import Day, First, Last, period_of
from admin.reports import ledger
from paidline.management.verification import verify as verify_ledgers

app = typer.Typer(help="Show a wallet's movements, and verify ledgers.", no_args_is_help=True)

WalletId = Annotated[str, typer.Argument(help="The wallet's id.", show_default=False)]


@command(app)
def show(session: Session, wallet_id: WalletId, day: Day = None, first: First = None, last: Last = None) -> None:
    """Show the movements of a wallet's tokens, oldest first.

    Example: `paidline ledger show 6254 --from 2026-11-01 --csv`
    """
    period = period_of(session.connection.zone, day, first, last)
    session.show(ledger.entries(session.tables, wallet_id, period), ledger.LEDGER_COLUMNS)


@command(app)
def verify(
    session: Session, wallet_id: Annotated[str | None, typer.Argument(help="The wallet's id; all if absent.")] = None
) -> None:
    """Verify that balances follow from unbroken, unchanged ledgers, and that phone numbers find their wallets.

    It reads only, and can run during live traffic. It scans the wallets, and for all of them also every ledger.
    Exit code 0: nothing is wrong; 1: the first difference of each wallet that has one is shown.

    Example: `paidline ledger verify` or `paidline ledger verify 6254`
    """
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
