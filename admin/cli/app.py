"""The command line's root, which has all commands."""

from __future__ import annotations

from typing import Annotated

import typer

from admin.cli import agent, calls, compare, hash_, import_, ledger, number, report, service, wallet
from admin.cli.command import command
from admin.cli.doctor import doctor
from admin.cli.statement import statement
from admin.cli.trace import trace

app = typer.Typer(
    help="Run the Paidline service: create and change what it serves, and find out what happened.",
    no_args_is_help=True,
    # Rich's help takes longer to import than all the rest.
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"max_content_width": 120},
)
app.add_typer(service.app, name="service")
app.add_typer(import_.app, name="import")
app.add_typer(compare.app, name="compare")
app.add_typer(hash_.app, name="hash")
app.add_typer(number.app, name="number")
app.add_typer(agent.app, name="agent")
app.add_typer(wallet.app, name="wallet")
app.add_typer(calls.app, name="calls")
app.add_typer(ledger.app, name="ledger")
app.add_typer(report.app, name="report")
app.add_typer(wallet.erasures, name="erasure")
command(app)(statement)
command(app)(trace)
command(app)(doctor)


def _print_version(wanted: bool) -> None:
    if wanted:
        import importlib.metadata

        print(importlib.metadata.version("paidline"))
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Declare the options of `paidline` itself."""
