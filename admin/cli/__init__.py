"""The operator's command line, `paidline`: one module per noun."""

from __future__ import annotations

import importlib.metadata
from typing import Annotated

import typer

from admin.cli import compare, import_, service

app = typer.Typer(
    help="Run the Paidline service: create and change what it serves, and find out what happened.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)
app.add_typer(service.app, name="service")
app.add_typer(import_.app, name="import")
app.add_typer(compare.app, name="compare")


def _print_version(wanted: bool) -> None:
    if wanted:
        print(importlib.metadata.version("paidline"))
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Declare the options of `paidline` itself."""
