"""Authentication: a hash grants access to a scope. Only digests of hashes are stored."""

import functools
import hashlib
import hmac
from enum import StrEnum
from typing import TYPE_CHECKING

from paidline.errors import SourceNotAllowed, Unauthorized
from paidline.store import api_clients
from paidline.store.api_clients import ApiClient

if TYPE_CHECKING:
    from ipaddress import IPv4Network, IPv6Network


class Scope(StrEnum):
    """What a hash grants access to: the agents' API, the credit system, paid calls or the wallboard."""

    AGENTS = "ctb"
    CREDIT = "credsys"
    CALLS = "calls"
    WALLBOARD = "wallboard"


# Hashes of these scopes have no applications.
WITHOUT_WALLETS = frozenset({Scope.AGENTS, Scope.WALLBOARD})


def hash_digest(authentication_hash: str) -> str:
    """Return the SHA-256 digest, in hex, under which a hash is stored."""
    return hashlib.sha256(authentication_hash.encode(errors="surrogatepass")).hexdigest()


def authenticate(authentication_hash: str, scope: Scope, source_ip: str) -> ApiClient:
    """Return the client with this hash, if it has access to the scope. At most one GetItem; see `store.api_clients`.

    Raises Unauthorized, with the same reason whether the hash is unknown, revoked or for another scope. Raises
    SourceNotAllowed if the hash is limited to networks that `source_ip` is not in.
    """
    digest = hash_digest(authentication_hash)
    client = api_clients.find(digest)
    if client is None or not hmac.compare_digest(client.hash_digest, digest):
        raise Unauthorized
    if not client.active or client.scope != scope:
        raise Unauthorized
    if client.source_cidrs and not _is_within(source_ip, client.source_cidrs):
        raise SourceNotAllowed
    return client


def _is_within(source_ip: str, cidrs: frozenset[str]) -> bool:
    # Imported lazily: most hashes are valid from anywhere, and their functions should not pay for it at cold start.
    from ipaddress import ip_address

    try:
        address = ip_address(source_ip)
    except ValueError:
        return False
    # A dual-stack listener shows an IPv4 client as ::ffff:192.0.2.1.
    mapped = getattr(address, "ipv4_mapped", None)
    return any((mapped or address) in network for network in _networks(cidrs))


@functools.lru_cache(maxsize=128)
def _networks(cidrs: frozenset[str]) -> "tuple[IPv4Network | IPv6Network, ...]":
    from ipaddress import ip_network

    return tuple(ip_network(cidr) for cidr in cidrs)
