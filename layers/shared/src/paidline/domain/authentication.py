"""Who may call: hashes open a scope, and only their digests are known here."""

import hashlib
import hmac
from enum import StrEnum

from paidline.errors import Unauthorized
from paidline.store import api_clients
from paidline.store.api_clients import ApiClient


class Scope(StrEnum):
    """What a hash opens: the agents' API or the credit system."""

    AGENTS = "ctb"
    CREDIT = "credsys"


def hash_digest(authentication_hash: str) -> str:
    """Compute what is stored of a hash: its SHA-256 in hex."""
    return hashlib.sha256(authentication_hash.encode(errors="surrogatepass")).hexdigest()


def authenticate(authentication_hash: str, scope: Scope) -> ApiClient:
    """Find the client whose hash this is, if it opens the scope. One GetItem at most, see `store.api_clients`.

    Raises Unauthorized, with the same reason for an unknown, a revoked and a foreign hash.
    """
    digest = hash_digest(authentication_hash)
    client = api_clients.find(digest)
    if client is None or not hmac.compare_digest(client.hash_digest, digest):
        raise Unauthorized
    if not client.active or client.scope != scope:
        raise Unauthorized
    return client
