"""`paidline doctor`: what in an account or a stack would hurt later."""

from __future__ import annotations

import typer

from admin.cli.command import Session

_COLUMNS = ("problem", "remedy")


def doctor(session: Session) -> None:
    """Examine a stack and its account: quotas, protection, recovery, alarms. It reads only.

    Exit code 0: nothing is wrong; 1: what is wrong is shown, each with what to do about it.

    Example: `paidline doctor --stack paidline-prod`
    """
    from admin.cli.connection import Stack
    from admin.cli.errors import CommandError
    from admin.doctor import Clients, examine

    target = session.connection.target
    if not isinstance(target, Stack):
        raise CommandError("`make run` has nothing to examine: name a deployed stack with --stack.")
    clients = Clients(
        cloudformation=target.client("cloudformation"),
        dynamodb=target.client("dynamodb"),
        functions=target.client("lambda"),
    )
    findings = examine(clients, target.name)
    if not findings:
        print(f"{target.name}: nothing is wrong", file=session.remarks)
        return
    session.show(({"problem": one.problem, "remedy": one.remedy} for one in findings), _COLUMNS)
    raise typer.Exit(1)
