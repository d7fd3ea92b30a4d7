"""Hashes: issued once, limited to applications and networks, revoked for good."""

import secrets
from ipaddress import IPv6Network, ip_network
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from paidline import clock
from paidline.domain.authentication import WITHOUT_WALLETS, Scope, hash_digest
from paidline.errors import InvalidCommand, ItemNotFound, Refused
from paidline.management.changes import Done, Invocation, Plan, carry_out, check_version
from paidline.management.values import DigestPrefix, Id, Label, Model, Version
from paidline.store import api_clients
from paidline.store.api_clients import ALL_APPLICATIONS, ApiClient

_HASH_BYTES = 32
_MAPPED = IPv6Network("::ffff:0:0/96")


def _cidr(text: str) -> str:
    try:
        network = ip_network(text.strip())
    except ValueError as error:
        raise ValueError("not an IPv4 or IPv6 network or address without host bits") from error
    if isinstance(network, IPv6Network) and network.subnet_of(_MAPPED):
        raise ValueError("an IPv4 network in IPv6 form; write it as IPv4")
    return str(network)


Cidr = Annotated[str, AfterValidator(_cidr)]
Applications = Annotated[frozenset[Id], Field(max_length=100)] | Literal["all"]
Cidrs = Annotated[frozenset[Cidr], Field(max_length=100)]


class IssueHash(Model):
    """What the new hash opens, and from where."""

    label: Label
    scope: Scope
    application_ids: Applications = frozenset()
    source_cidrs: Cidrs = frozenset()


class ListHashes(Model):
    """No arguments."""


class RevokeHash(Model):
    """The hash, by the start of its digest."""

    digest_prefix: DigestPrefix
    version: Version | None = None


class ChangeHash(RevokeHash):
    """The hash, and what changes."""

    label: Label = ""
    application_ids: Applications = frozenset()
    source_cidrs: Cidrs = frozenset()


def issue(arguments: IssueHash, invocation: Invocation) -> Done:
    """Add a hash and return it, this once. Raises InvalidCommand without a key, or Refused."""
    if invocation.key is None:
        raise InvalidCommand("Issuing a hash needs an idempotency key.", "key")
    if arguments.scope not in WITHOUT_WALLETS and not arguments.application_ids:
        raise InvalidCommand("A hash of this scope needs the applications whose wallets it opens.", "applicationIds")
    _check_applications(arguments.scope, arguments)
    issued = secrets.token_hex(_HASH_BYTES)
    client = ApiClient(
        hash_digest=hash_digest(issued),
        scope=arguments.scope,
        active=True,
        application_ids=arguments.application_ids,
        source_cidrs=arguments.source_cidrs,
        label=arguments.label,
        issued=clock.to_iso(clock.now()),
    )
    # Stored with the key, so without the hash itself.
    plan = Plan({"create": api_clients.create(client)}, {"hash": None, **_changed(client)})
    done = carry_out(invocation, lambda: plan)
    return done if done.is_replay else Done({**done.result, "hash": issued})


def list_all(arguments: ListHashes, invocation: Invocation) -> Done:
    """Return all hashes, oldest first. One Scan."""
    clients = sorted(api_clients.list_all(), key=lambda client: (client.issued, client.hash_digest))
    return Done({"hashes": [_shown(client) for client in clients]})


def change(arguments: ChangeHash, invocation: Invocation) -> Done:
    """Change a hash's label, applications or networks. Raises ItemNotFound, VersionConflict or Refused."""

    def plan() -> Plan:
        before = _find(arguments)
        _check_applications(before.scope, arguments)
        changes = arguments.given("label", "application_ids", "source_cidrs")
        return _change(before, before._replace(**changes))

    return carry_out(invocation, plan)


def revoke(arguments: RevokeHash, invocation: Invocation) -> Done:
    """Revoke a hash for good. Raises ItemNotFound or VersionConflict."""

    def plan() -> Plan:
        before = _find(arguments)
        return _change(before, before._replace(active=False))

    return carry_out(invocation, plan)


def _find(arguments: RevokeHash) -> ApiClient:
    found = [client for client in api_clients.list_all() if client.hash_digest.startswith(arguments.digest_prefix)]
    if not found:
        raise ItemNotFound("No hash has this digest.", "digestPrefix")
    if len(found) > 1:
        raise InvalidCommand("Several hashes have digests that begin like this.", "digestPrefix")
    check_version(found[0].version, arguments.version)
    return found[0]


def _check_applications(scope: str, arguments: IssueHash | ChangeHash) -> None:
    if scope in WITHOUT_WALLETS and arguments.application_ids:
        raise Refused(f"A {scope} hash opens no wallets, so it has no applications.", "applicationIds")


def _change(before: ApiClient, after: ApiClient) -> Plan:
    after = after._replace(version=before.version + 1)
    return Plan({"change": api_clients.change(before, after)}, _changed(after))


def _changed(client: ApiClient) -> dict[str, Any]:
    return {"digestPrefix": client.digest_prefix, "version": client.version}


def _shown(client: ApiClient) -> dict[str, Any]:
    is_all = client.application_ids == ALL_APPLICATIONS
    return {
        "digestPrefix": client.digest_prefix,
        "label": client.label,
        "scope": client.scope,
        "state": "active" if client.active else "revoked",
        "applicationIds": ALL_APPLICATIONS if is_all else sorted(client.application_ids),
        "sourceCidrs": sorted(client.source_cidrs),
        "issued": client.issued,
        "version": client.version,
    }
