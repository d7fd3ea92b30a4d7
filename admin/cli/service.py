"""`paidline service`: what the service is made of."""

from __future__ import annotations

import typer

from admin.cli.command import Session, command

app = typer.Typer(help="Show the service's tables, time zone and version.", no_args_is_help=True)


@command(app)
def describe(session: Session) -> None:
    """Show the service's tables, time zone and version.

    Example: `paidline service describe --stack paidline`
    """
    session.show_one(session.connection.description)
