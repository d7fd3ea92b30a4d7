"""`paidline calls`: the calls that were recorded, the paid calls that have not ended, and how they are settled."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from admin.cli.command import Session, command, phone_number
from admin.cli.errors import AdminError, CommandError
from admin.cli.options import number_option
from admin.cli.periods import Day, First, Last, period_of, period_or_today

if TYPE_CHECKING:
    from admin.importing.cdr import Counts, Settlement
    from admin.importing.staging import Reject

app = typer.Typer(help="Show recorded calls, and paid calls that have not ended; settle them.", no_args_is_help=True)

_REASON = "CDR of the PBX"
# The call cannot be settled, but others can.
_REFUSALS = ("refused", "not_found", "invalid_request")
_SETTLED_COLUMNS = ("row", "callId", "state", "dialStatus", "duration", "price", "tokensCharged", "uncollectedTokens")
_REJECT_COLUMNS = ("field", "problem")

Agent = Annotated[str | None, typer.Option(help="Only calls of the agent with this ref.")]
Wallet = Annotated[str | None, typer.Option(help="Only calls of the wallet with this walletId.")]
Pbx = Annotated[str | None, typer.Option(help="Only calls of this PBX.")]
OwnPbx = Annotated[str, typer.Option("--pbx", help="The PBX that began the call.", show_default=False)]


@command(app, "list")
def list_(
    session: Session,
    agent: Agent = None,
    caller: Annotated[str | None, typer.Option(help="Only calls from this number.")] = None,
    day: Day = None,
    first: First = None,
    last: Last = None,
) -> None:
    """List the calls of an agent, a caller or some days, oldest first; without any option, today's.

    Start and end are the PBX's local times. It scans all recorded calls.

    Example: `paidline calls list --agent 38 --day 2026-11-25`
    """
    from admin.reports import calls

    zone = session.connection.zone
    chosen = period_of if agent or caller else period_or_today
    number = phone_number(caller, "--caller") if caller else None
    found = calls.calls(session.tables, chosen(zone, day, first, last), ref=agent, caller=number)
    session.show(found, calls.CALL_COLUMNS)


@command(app, "open")
def open_(session: Session, agent: Agent = None, wallet: Wallet = None, pbx: Pbx = None) -> None:
    """List the paid calls that are open, oldest first.

    `deadline` is when a call expires if nobody ends it. It reads an index of open calls, which may lag by a moment.

    Example: `paidline calls open --pbx pbx1`
    """
    from admin.reports import paid_calls

    found = paid_calls.open_calls(session.tables, paid_calls.Chosen(agent, wallet, pbx), session.connection.zone)
    session.show(found, paid_calls.OPEN_COLUMNS)


@command(app)
def expired(session: Session, agent: Agent = None, wallet: Wallet = None, pbx: Pbx = None) -> None:
    """List the paid calls that have expired and are not settled, oldest first.

    `held` is what a call held until then. It scans all paid calls.

    Example: `paidline calls expired --wallet 6254`
    """
    from admin.reports import paid_calls

    found = paid_calls.expired_calls(session.tables, paid_calls.Chosen(agent, wallet, pbx), session.connection.zone)
    session.show(found, paid_calls.EXPIRED_COLUMNS)


@command(app)
def settle(
    session: Session,
    call_id: Annotated[str, typer.Argument(help="The callId.", show_default=False)],
    pbx: OwnPbx,
    seconds: Annotated[int, number_option(help="The billable seconds of talk.", show_default=False)],
    reason: Annotated[str, typer.Option(help="Why you know. It stays in the ledger for good.", show_default=False)],
    dial_status: Annotated[str, typer.Option(help="How dialing the agent ended, such as NOANSWER.")] = "ANSWER",
) -> None:
    """Settle a paid call that has expired: record it, and take its price from what the wallet has available.

    Example: `paidline calls settle pbx1-1764072000.42 --pbx pbx1 --seconds 61 --reason "caller agrees"`
    """
    arguments = {"callId": call_id, "pbx": pbx, "duration": seconds, "reason": reason, "dialStatus": dial_status}
    session.run("call.settle", arguments)


@command(app)
def import_cdr(
    session: Session,
    file: Annotated[Path, typer.Argument(help="Asterisk's Master.csv.", show_default=False)],
    pbx: OwnPbx,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be settled, and settle nothing.")] = False,
) -> None:
    """Settle the paid calls of a PBX that are open or have expired by its call detail records.

    A record is of the call whose callId is its `uniqueid`; set `loguniqueid=yes` in `cdr.conf`. Records of other calls
    count for nothing, and a second run settles nothing. It scans all paid calls.

    Example: `paidline calls import-cdr /var/log/asterisk/cdr-csv/Master.csv --pbx pbx1 --dry-run`
    """
    from admin.importing import cdr
    from admin.importing.sources import InputError
    from admin.reports import paid_calls

    unsettled = {call["callId"]: call for call in paid_calls.unsettled_calls(session.tables, pbx)}
    counts = cdr.Counts()
    outcomes = cdr.settlements(file, unsettled, counts)
    try:
        session.show(
            (_row(outcome, session, pbx, counts, is_dry=dry_run) for outcome in outcomes),
            (*_SETTLED_COLUMNS, *_REJECT_COLUMNS),
        )
    except InputError as error:
        raise CommandError(str(error)) from error
    would = "Would be settled" if dry_run else "Settled"
    print(
        f"{would}: {counts.settled:,}. Rejected: {counts.rejected:,}. "
        f"Calls without a record: {counts.calls_without_record:,}.",
        file=session.remarks,
    )
    if counts.without_unique_id:
        print(f"Records without a uniqueid: {counts.without_unique_id:,}.", file=session.remarks)
    if counts.rejected:
        raise typer.Exit(1)


def _row(outcome: Settlement | Reject, session: Session, pbx: str, counts: Counts, *, is_dry: bool) -> dict[str, Any]:
    from admin.importing.staging import Reject

    if isinstance(outcome, Reject):
        return {"row": outcome.row, "field": outcome.field, "problem": outcome.reason}
    row: dict[str, Any] = {
        "row": outcome.row,
        "callId": outcome.call_id,
        "state": outcome.state,
        "dialStatus": outcome.dial_status,
        "duration": outcome.duration,
        "price": outcome.price,
    }
    try:
        settled = {} if is_dry else session.connection.run("call.settle", _arguments(outcome, pbx))
    except AdminError as error:
        if error.code not in _REFUSALS:
            raise CommandError(f"{error} What was settled stays, and the same command goes on from there.") from error
        counts.rejected += 1
        return {**row, "problem": str(error)}
    counts.settled += 1
    return {**row, **{name: settled[name] for name in _SETTLED_COLUMNS if name in settled}}


def _arguments(outcome: Settlement, pbx: str) -> dict[str, Any]:
    return {
        "callId": outcome.call_id,
        "pbx": pbx,
        "duration": outcome.duration,
        "dialStatus": outcome.dial_status,
        "startTime": outcome.start_time,
        "endTime": outcome.end_time,
        "reason": _REASON,
        # There is a record of its end.
        "open": True,
    }
