"""Authentication: a hash grants access to a scope. Only digests of hashes are stored."""

import hashlib
import hmac
from enum import StrEnum

from paidline.errors import Unauthorized
from paidline.store import api_clients
from paidline.store.api_clients import ApiClient


class Scope(StrEnum):
    """The API that a hash grants access to: the agents' API, the credit system or paid calls."""

    AGENTS = "ctb"
    CREDIT = "credsys"
    CALLS = "calls"


def hash_digest(authentication_hash: str) -> str:
    """Return the SHA-256 digest, in hex, under which a hash is stored."""
    return hashlib.sha256(authentication_hash.encode(errors="surrogatepass")).hexdigest()


def authenticate(authentication_hash: str, scope: Scope) -> ApiClient:
    """Return the client with this hash, if it has access to the scope. At most one GetItem; see `store.api_clients`.

    Raises Unauthorized, with the same reason whether the hash is unknown, revoked or for another scope.
    """
    digest = hash_digest(authentication_hash)
    client = api_clients.find(digest)
    if client is None or not hmac.compare_digest(client.hash_digest, digest):
        raise Unauthorized
    if not client.active or client.scope != scope:
        raise Unauthorized
    return client
