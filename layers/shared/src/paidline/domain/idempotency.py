"""Idempotency keys: the effect of a request that carries one happens once, and its answer is always the first one."""

import hashlib
from collections.abc import Callable
from typing import NamedTuple

from paidline.errors import InvalidRequest, RequestError, StoreUnavailable, Unauthorized
from paidline.store import idempotency_keys
from paidline.store.idempotency_keys import UsedKey

_DIGEST_VERSION = 1


class Key(NamedTuple):
    """A caller's key: `text` as it was sent, `digest` of it with its owner, `request_digest` of the contents.

    The latter two are stored, and begin with the version of how they are made.
    """

    text: str
    digest: str
    request_digest: str


class Outcome(NamedTuple):
    """The answer to a request, and whether it is the one that an earlier delivery got."""

    body: str
    is_replay: bool = False


class KeyAlreadyUsed(StoreUnavailable):
    """The key was found used while its effect was to be written: a rival delivery was faster."""


def key_for(text: str, client_digest: str, endpoint: str, contents: tuple[str, ...]) -> Key:
    """Make the key of a request: it belongs to the client and the endpoint, and to these contents."""
    return Key(text, _digest(client_digest, endpoint, text), _digest(*contents))


def once(key: Key | None, effect: Callable[[], str]) -> Outcome:
    """Run the effect, which writes the key in its own transaction, or return the answer that the key got before.

    An effect that is refused looks first whether the key was used: a debit that emptied the wallet, delivered again,
    is answered with its success and not with "too few tokens". A refusal itself leaves no trace, so a key may be
    tried again once the reason is gone. No DynamoDB call of its own but on a refusal or a repeat: one TransactGetItems,
    for the effect that emptied the wallet may be visible before its key is.

    Raises InvalidRequest where the key was used for other contents.
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
    # Each part with its length, so that no two lists of parts run together into the same text.
    written = "".join(f"{len(part)}:{part}" for part in parts)
    return f"{_DIGEST_VERSION}:{hashlib.sha256(written.encode()).hexdigest()}"
