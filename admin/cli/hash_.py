"""`paidline hash`: the authentication hashes of API clients."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from admin.cli.command import Key, Session, Version, Yes, command, confirm, new_key

app = typer.Typer(help="Issue, list, change and revoke authentication hashes.", no_args_is_help=True)

DigestPrefix = Annotated[str, typer.Argument(help="The digestPrefix, as `list` shows it.", show_default=False)]
Applications = Annotated[
    list[str] | None,
    typer.Option("--application", help="An applicationId whose wallets it opens, or all; repeatable."),
]
Networks = Annotated[list[str] | None, typer.Option("--source", help="A network it may be used from; repeatable.")]
_COLUMNS = ("digestPrefix", "label", "scope", "state", "applicationIds", "sourceCidrs", "issued", "version")


@command(app)
def issue(
    session: Session,
    label: Annotated[str, typer.Argument(help="What it is for.", show_default=False)],
    scope: Annotated[
        str, typer.Option(help="ctb (agents), credsys (wallets), calls (paid calls) or wallboard.", show_default=False)
    ],
    applications: Applications = None,
    networks: Networks = None,
    key: Key = "",
) -> None:
    """Issue a hash. It is shown once and cannot be shown again.

    Example: `paidline hash issue "pbx-1 wallets" --scope credsys --application 1288 --source 192.0.2.0/24`
    """
    arguments = {"label": label, "scope": scope, "applicationIds": _ids(applications), "sourceCidrs": networks or None}
    session.run("hash.issue", arguments, key=key or new_key())


@command(app, "list")
def list_(
    session: Session,
    last_used: Annotated[
        bool, typer.Option("--last-used", help="Also search a stack's logs of 30 days for when each was last used.")
    ] = False,
) -> None:
    """List all hashes, oldest first, without the hashes themselves.

    Example: `paidline hash list --last-used`
    """
    hashes = [
        {**one, "issued": session.local_time(one["issued"])}
        for one in session.connection.run("hash.list", {})["hashes"]
    ]
    if not last_used:
        session.show(hashes, _COLUMNS)
        return
    from admin.cli import logs

    used = logs.last_use_of_clients(session.connection.target, session.connection.zone)
    session.show(({**one, "lastUsed": used.get(one["digestPrefix"])} for one in hashes), (*_COLUMNS, "lastUsed"))


@command(app)
def change(
    session: Session,
    digest_prefix: DigestPrefix,
    label: Annotated[str | None, typer.Option(help="The new label.")] = None,
    applications: Applications = None,
    networks: Networks = None,
    version: Version = None,
) -> None:
    """Change a hash's label, applications or networks, effective within a minute.

    Example: `paidline hash change 3f9a0c51d27e --application 1288 --application 1289`
    """
    changes = {
        "label": label,
        "applicationIds": _ids(applications),
        "sourceCidrs": networks or None,
        "version": version,
    }
    session.run("hash.change", {"digestPrefix": digest_prefix, **changes}, key=new_key())


@command(app)
def revoke(session: Session, digest_prefix: DigestPrefix, version: Version = None, yes: Yes = False) -> None:
    """Revoke a hash for good, effective within a minute.

    Example: `paidline hash revoke 3f9a0c51d27e`
    """
    confirm(f"Revoke {digest_prefix}? It cannot be undone.", yes=yes)
    session.run("hash.revoke", {"digestPrefix": digest_prefix, "version": version}, key=new_key())


def _ids(applications: list[str] | None) -> Any:
    return "all" if applications == ["all"] else applications or None
