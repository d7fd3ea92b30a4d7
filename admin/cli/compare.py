"""`paidline compare`: a file of the old system beside what the service has stored, before the switch."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from admin.cli.command import Session, command
from admin.cli.errors import CommandError
from admin.cli.import_ import File, Map, Meta
from admin.cli.masking import masked

if TYPE_CHECKING:
    from admin.cli.importing import ProgressBar
    from admin.importing.compare import Comparison

app = typer.Typer(help="Put the old system's data and the service's side by side.", no_args_is_help=True)


@command(app)
def agents(session: Session, file: File, map_: Map = None, meta: Meta = None) -> None:
    """Compare agents, their statuses above all. Exit code 1 if anything differs.

    Example: `paidline compare agents profiles.json`
    """
    _compare(session, "agents", file, map_, meta)


@command(app)
def wallets(session: Session, file: File, map_: Map = None, meta: Meta = None) -> None:
    """Compare wallets, their balances above all. Exit code 1 if anything differs.

    Example: `paidline compare wallets wallets.csv`
    """
    _compare(session, "wallets", file, map_, meta)


@command(app)
def dialed_numbers(session: Session, file: File, map_: Map = None) -> None:
    """Compare service numbers. Exit code 1 if anything differs.

    Example: `paidline compare dialed-numbers numbers.csv`
    """
    _compare(session, "dialed-numbers", file, map_, None)


def _compare(session: Session, noun: str, file: Path, map_: Path | None, meta: Path | None) -> None:
    from admin.cli.importing import ProgressBar, to_source, to_target
    from admin.importing.compare import Comparison
    from admin.importing.sources import InputError

    comparison = Comparison(to_source(noun, file, map_, meta), to_target(session))
    try:
        with ProgressBar() as progress:
            session.show(_rows(comparison, progress, reveal=session.reveal), ["name", "field", "old", "here"])
    except InputError as error:
        raise CommandError(str(error)) from error
    print(
        f"{comparison.equal:,} equal, {comparison.different:,} different, {comparison.missing:,} missing here, "
        f"{comparison.only_here:,} only here, {comparison.unreadable:,} rows that cannot be read.",
        file=sys.stderr,
    )
    if field := comparison.totalled_field:
        print(f"All {field}: {comparison.old_total:,} in the file, {comparison.total_here:,} here.", file=sys.stderr)
    if comparison.only_here:
        print("What is only here counts as a difference: the file may have been cut off.", file=sys.stderr)
    if not comparison.is_equal:
        raise typer.Exit(1)


def _rows(comparison: Comparison, progress: ProgressBar, *, reveal: bool) -> Iterator[dict[str, Any]]:
    for name, field, *sides in comparison.differences(progress):
        old, here = (side if reveal else masked(side, field) for side in sides)
        yield {"name": name, "field": field, "old": old, "here": here}
