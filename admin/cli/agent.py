"""`paidline agent`: agents, with profile and price."""

from __future__ import annotations

from typing import Annotated

import typer

from admin.cli.command import Key, Session, Version, Yes, command, confirm, new_key
from admin.cli.errors import CommandError
from admin.cli.options import number_option
from admin.cli.periods import Day, First, Last, period_of

app = typer.Typer(help="Create, show, change and remove agents, and show their status log.", no_args_is_help=True)

Ref = Annotated[str, typer.Argument(help="The agent's ref; leading zeros do not count.", show_default=False)]
Status = Annotated[str | None, typer.Option(help="online, inConversation, pause or offline.")]
Line = Annotated[str | None, typer.Option("--outbound-number", help="The number that is dialed; empty for none.")]
DialTimeOut = Annotated[int | None, number_option("--dial-time-out", help="Seconds to let it ring.")]
LineSharing = Annotated[bool | None, typer.Option("--line-sharing/--no-line-sharing", help="Whether agents share it.")]
Tpm = Annotated[int | None, number_option(help="The price: tokens per minute.")]
Texts = Annotated[list[str] | None, typer.Option("--set", help="A key of the profile: _ctbNickname=Ann. Repeatable.")]


@command(app)
def create(
    session: Session,
    ref: Ref,
    user_id: Annotated[int, number_option(help="The userId.", show_default=False)],
    status: Status = None,
    outbound_number: Line = None,
    dial_time_out: DialTimeOut = None,
    line_sharing: LineSharing = None,
    tpm: Tpm = None,
    texts: Texts = None,
    key: Key = "",
) -> None:
    """Create an agent.

    Example: `paidline agent create 000038 --user-id 194 --outbound-number 31612345678 --tpm 90 --set _ctbNickname=Ann`
    """
    arguments = {
        "ref": ref,
        "userId": user_id,
        "status": status,
        "outboundNumber": outbound_number,
        "dialTimeOut": dial_time_out,
        "lineSharing": line_sharing,
        "tpm": tpm,
        "profile": _profile(texts),
    }
    session.run("agent.create", arguments, key=key or new_key())


@command(app)
def show(session: Session, ref: Ref) -> None:
    """Show an agent with their profile.

    Example: `paidline agent show 38`
    """
    agent = session.connection.run("agent.show", {"ref": ref})
    session.show_one({**agent, "lastStatusChange": session.local_time(agent["lastStatusChange"])})


@command(app)
def change(
    session: Session,
    ref: Ref,
    status: Status = None,
    outbound_number: Line = None,
    dial_time_out: DialTimeOut = None,
    line_sharing: LineSharing = None,
    tpm: Tpm = None,
    texts: Texts = None,
    version: Version = None,
) -> None:
    """Change an agent, such as their price.

    Example: `paidline agent change 38 --tpm 120`
    """
    arguments = {
        "ref": ref,
        "status": status,
        "outboundNumber": outbound_number,
        "dialTimeOut": dial_time_out,
        "lineSharing": line_sharing,
        "tpm": tpm,
        "profile": _profile(texts),
        "version": version,
    }
    session.run("agent.change", arguments, key=new_key())


@command(app)
def remove(session: Session, ref: Ref, version: Version = None, yes: Yes = False) -> None:
    """Remove an agent, who must be offline. The status log is kept.

    Example: `paidline agent remove 38`
    """
    confirm(f"Remove agent {ref} and their profile?", yes=yes)
    session.run("agent.remove", {"ref": ref, "version": version}, key=new_key())


@command(app)
def status_log(session: Session, ref: Ref, day: Day = None, first: First = None, last: Last = None) -> None:
    """Show an agent's status log, newest first.

    Example: `paidline agent status-log 38 --day 2026-11-25`
    """
    from admin.reports import agents

    period = period_of(session.connection.zone, day, first, last)
    session.show(agents.status_log(session.tables, ref, period), agents.STATUS_LOG_COLUMNS)


def _profile(entries: list[str] | None) -> dict[str, str] | None:
    if not entries:
        return None
    pairs = [entry.partition("=") for entry in entries]
    if not all(separator for _, separator, _ in pairs):
        raise CommandError("Write --set as KEY=VALUE, such as --set _ctbNickname=Ann.")
    return {name: value for name, _, value in pairs}
