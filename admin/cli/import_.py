"""`paidline import`: data from another system, compared with what is stored and written where it differs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from admin.cli.command import Session, command

app = typer.Typer(help="Move data over from another system. A second run writes nothing.", no_args_is_help=True)

File = Annotated[Path, typer.Argument(help="A .csv file, or JSON: a list, or one object or answer a line.")]
Map = Annotated[Path | None, typer.Option("--map", help="The TOML file that says which column is which field.")]
Meta = Annotated[Path | None, typer.Option("--meta", help="The export of wp_usermeta, if FILE is that of wp_users.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would change, and write nothing.")]
Rejects = Annotated[
    Path | None, typer.Option("--rejects", help="Where rows go that are not imported; by default beside FILE.")
]
OldSystemWins = Annotated[
    bool, typer.Option("--old-system-wins", help="Take balance or status from FILE even where this service changed it.")
]


@command(app)
def agents(
    session: Session,
    file: File,
    map_: Map = None,
    meta: Meta = None,
    dry_run: DryRun = False,
    reject_file: Rejects = None,
    old_system_wins: OldSystemWins = False,
) -> None:
    """Import agents with their profiles, or some of their fields.

    Reads the answer of `getProfileData`, answers of `getStatusByRef` (one a line), or a table with a column `ref`.

    Example: `paidline import agents profiles.json --dry-run`
    """
    _import(session, "agents", file, map_, meta, reject_file, is_dry=dry_run, old_system_wins=old_system_wins)


@command(app)
def wallets(
    session: Session,
    file: File,
    map_: Map = None,
    meta: Meta = None,
    dry_run: DryRun = False,
    reject_file: Rejects = None,
    old_system_wins: OldSystemWins = False,
) -> None:
    """Import wallets. A balance that differs becomes a ledger entry of the difference.

    Columns: applicationId, walletId, pin, tokens, phoneNumber, email.

    Example: `paidline import wallets wp_users.csv --meta wp_usermeta.csv --map examples/import/wordpress-wallets.toml`
    """
    _import(session, "wallets", file, map_, meta, reject_file, is_dry=dry_run, old_system_wins=old_system_wins)


@command(app)
def dialed_numbers(
    session: Session, file: File, map_: Map = None, dry_run: DryRun = False, reject_file: Rejects = None
) -> None:
    """Import service numbers. Columns: dialedNumber, applicationId, companyName, billingIncrements.

    Example: `paidline import dialed-numbers numbers.csv`
    """
    _import(session, "dialed-numbers", file, map_, None, reject_file, is_dry=dry_run)


@command(app)
def status_log(
    session: Session, file: File, map_: Map = None, dry_run: DryRun = False, reject_file: Rejects = None
) -> None:
    """Import status log rows of agents that already exist: answers of `getStatusLog`, one per line, or their rows.

    Example: `paidline import status-log log.jsonl`
    """
    _import(session, "status-log", file, map_, None, reject_file, is_dry=dry_run)


def _import(
    session: Session,
    noun: str,
    file: Path,
    map_: Path | None,
    meta: Path | None,
    reject_file: Path | None,
    *,
    is_dry: bool,
    old_system_wins: bool = False,
) -> None:
    from admin.cli import importing

    source = importing.to_source(noun, file, map_, meta)
    importing.run(session, source, reject_file, is_dry=is_dry, old_system_wins=old_system_wins)
