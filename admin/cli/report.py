"""`paidline report`: sums per day and hour."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from admin.cli.command import Session, command
from admin.cli.output import Format
from admin.cli.periods import Day, First, Last, period_of, period_or_today

app = typer.Typer(help="Sum up what happened, per day and per hour.", no_args_is_help=True)


@command(app)
def tokens(session: Session, day: Day = None, first: First = None, last: Last = None) -> None:
    """Sum up the tokens that moved, per application and day.

    `byOperators` are adjustments and refunds. It scans the wallets and the whole ledger.

    Example: `paidline report tokens --from 2026-11-01 --to 2026-11-30 --csv`
    """
    from admin.reports import ledger

    period = period_of(session.connection.zone, day, first, last)
    session.show(ledger.tokens_per_day(session.tables, period), ledger.TOKENS_COLUMNS)


@command(app)
def status_time(
    session: Session,
    agent: Annotated[str | None, typer.Option(help="Only the agent with this ref.")] = None,
    day: Day = None,
    first: First = None,
    last: Last = None,
) -> None:
    """Show how long agents were in each status, per agent and day; without days, today so far.

    In JSON and CSV, times are seconds. `unknown` is the time before an agent's first status. On a day on which the
    clock changes, 23 or 25 hours add up. It reads each agent's status log back to the first day.

    Example: `paidline report status-time --agent 38 --from 2026-10-24 --to 2026-10-26`
    """
    from admin.reports import agents

    period = period_or_today(session.connection.zone, day, first, last)
    refs = [agent] if agent else agents.refs(session.tables)
    rows = agents.time_per_status(session.tables, refs, period, datetime.now(UTC))
    session.show(rows, agents.STATUS_TIME_COLUMNS)


@command(app)
def hours(
    session: Session,
    html: Annotated[Path | None, typer.Option(help="Write a page with the plots to this file.")] = None,
    day: Day = None,
    first: First = None,
    last: Last = None,
) -> None:
    """Chart calls, minutes of talk and tokens per hour; without days, today's.

    It scans all recorded calls and the whole ledger.

    Example: `paidline report hours --day 2026-11-25 --html hours.html`
    """
    from admin.cli import charts
    from admin.reports import calls

    period = period_or_today(session.connection.zone, day, first, last)
    rows = calls.per_hour(session.tables, period)
    if html:
        html.write_text(charts.page(rows, period), encoding="utf-8")
        print(f"Wrote {html}.", file=session.remarks)
    elif session.format is Format.TABLE:
        charts.show(rows)
    else:
        session.show(rows, calls.HOUR_COLUMNS)
