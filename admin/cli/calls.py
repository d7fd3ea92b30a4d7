"""`paidline calls`: the calls that were recorded."""

from __future__ import annotations

from typing import Annotated

import typer

from admin.cli.command import Session, command, phone_number
from admin.cli.periods import Day, First, Last, period_of, period_or_today
from admin.reports import calls

app = typer.Typer(help="Show recorded calls.", no_args_is_help=True)


@command(app, "list")
def list_(
    session: Session,
    agent: Annotated[str | None, typer.Option(help="Only calls of the agent with this ref.")] = None,
    caller: Annotated[str | None, typer.Option(help="Only calls from this number.")] = None,
    day: Day = None,
    first: First = None,
    last: Last = None,
) -> None:
    """List the calls of an agent, a caller or some days, oldest first; without any option, today's.

    Start and end are the PBX's local times. It scans all recorded calls.

    Example: `paidline calls list --agent 38 --day 2026-11-25`
    """
    zone = session.connection.zone
    chosen = period_of if agent or caller else period_or_today
    number = phone_number(caller, "--caller") if caller else None
    found = calls.calls(session.tables, chosen(zone, day, first, last), ref=agent, caller=number)
    session.show(found, calls.CALL_COLUMNS)
