"""Idempotency keys: a request with a key takes effect once, and every retry gets the first response."""

import hashlib
from collections.abc import Callable
from typing import NamedTuple

from paidline.errors import InvalidRequest, RequestError, StoreUnavailable, Unauthorized
from paidline.store import idempotency_keys
from paidline.store.idempotency_keys import UsedKey

_DIGEST_VERSION = 1


class Key(NamedTuple):
    """A caller's key: `text` as sent, `digest` of the key and its owner, `request_digest` of the contents.

    Both digests are stored, and start with a version number of their format.
    """

    text: str
    digest: str
    request_digest: str


class Outcome(NamedTuple):
    """The response body, and whether it is a replay of an earlier delivery's response."""

    body: str
    is_replay: bool = False


class KeyAlreadyUsed(StoreUnavailable):
    """Another delivery of the request used the key first."""


def key_for(text: str, client_digest: str, endpoint: str, contents: tuple[str, ...]) -> Key:
    """Build a request's key, scoped to the client and the endpoint and bound to the contents."""
    return Key(text, _digest(client_digest, endpoint, text), contents_digest(contents))


def contents_digest(contents: tuple[str, ...]) -> str:
    """Return the digest by which a repeated request is compared with the first one."""
    return _digest(*contents)


def once(key: Key | None, effect: Callable[[], str]) -> Outcome:
    """Run `effect`, which stores the key in its own transaction, or replay the response stored with the key.

    If the effect is rejected, the key is looked up first: a retry of the debit that emptied the wallet must return
    that debit's success, not "insufficient tokens". A rejection is not stored, so the key can be reused once the cause
    is gone. Only a rejection or a replay costs a DynamoDB call: one TransactGetItems, because the emptied wallet may
    become visible before the key does.

    Raises InvalidRequest if the key was used with different contents.
    """
    try:
        return Outcome(effect())
    except Unauthorized:
        raise
    except (RequestError, KeyAlreadyUsed) as failure:
        used = idempotency_keys.get(key.digest) if key else None
        if key is None or used is None:
            raise
        return _replay(used, key, failure)


def _replay(used: UsedKey, key: Key, failure: Exception) -> Outcome:
    if used.request_digest != key.request_digest:
        raise InvalidRequest("idempotency_key_reused") from failure
    return Outcome(used.answer, is_replay=True)


def _digest(*parts: str) -> str:
    # Length-prefixed, so that different lists of parts never produce the same text.
    written = "".join(f"{len(part)}:{part}" for part in parts)
    return f"{_DIGEST_VERSION}:{hashlib.sha256(written.encode()).hexdigest()}"
