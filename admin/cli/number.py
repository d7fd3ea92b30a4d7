"""`paidline number`: service numbers."""

from __future__ import annotations

from typing import Annotated

import typer

from admin.cli.command import Key, Session, Version, Yes, command, confirm, new_key

app = typer.Typer(help="Create, show, change and remove service numbers.", no_args_is_help=True)

Increments = Annotated[
    str | None,
    typer.Option("--billing-increments", help="The first and the following seconds that are charged, such as 60/60."),
]
DialedNumber = Annotated[str, typer.Argument(help="The service number.", show_default=False)]


@command(app)
def create(
    session: Session,
    dialed_number: DialedNumber,
    application: Annotated[str, typer.Option(help="The applicationId.", show_default=False)],
    company: Annotated[str, typer.Option(help="The companyName.", show_default=False)],
    billing_increments: Increments = None,
    key: Key = "",
) -> None:
    """Add a service number to an application.

    Example: `paidline number create 14620905014 --application 1288 --company "Example"`
    """
    arguments = {
        "dialedNumber": dialed_number,
        "applicationId": application,
        "companyName": company,
        "billingIncrements": billing_increments,
    }
    session.run("dialedNumber.create", arguments, key=key or new_key())


@command(app)
def show(session: Session, dialed_number: DialedNumber) -> None:
    """Show a service number.

    Example: `paidline number show 14620905014`
    """
    session.run("dialedNumber.show", {"dialedNumber": dialed_number})


@command(app)
def change(
    session: Session,
    dialed_number: DialedNumber,
    application: Annotated[str | None, typer.Option(help="The new applicationId.")] = None,
    company: Annotated[str | None, typer.Option(help="The new companyName.")] = None,
    billing_increments: Increments = None,
    version: Version = None,
) -> None:
    """Change a service number, effective within a minute.

    Example: `paidline number change 14620905014 --billing-increments 60/60`
    """
    changes = {
        "applicationId": application,
        "companyName": company,
        "billingIncrements": billing_increments,
        "version": version,
    }
    session.run("dialedNumber.change", {"dialedNumber": dialed_number, **changes}, key=new_key())


@command(app)
def remove(session: Session, dialed_number: DialedNumber, version: Version = None, yes: Yes = False) -> None:
    """Remove a service number: calls to it are refused within a minute.

    Example: `paidline number remove 14620905014`
    """
    confirm(f"Remove {dialed_number}?", yes=yes)
    session.run("dialedNumber.remove", {"dialedNumber": dialed_number, "version": version}, key=new_key())
