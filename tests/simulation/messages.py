"""What goes over the wire: calls as they leave the service, and the store's answers."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import Any

TRANSACTION = "TransactWriteItems"
TRANSACTION_OF_READS = "TransactGetItems"

_TOKEN = re.compile(rb'("ClientRequestToken": ?")([^"]*)(")')


@dataclass(frozen=True)
class Sent:
    """A call as it left the service."""

    operation: str
    body: bytes

    @property
    def token(self) -> bytes:
        """The ClientRequestToken, or nothing."""
        match = _TOKEN.search(self.body)
        return match[2] if match else b""

    def under(self, salt: bytes) -> Sent:
        """The same call with another ClientRequestToken, which is as new to the store as the salt is."""
        return Sent(self.operation, _TOKEN.sub(lambda match: _salted(match, salt), self.body))


def _salted(match: re.Match[bytes], salt: bytes) -> bytes:
    return match[1] + hashlib.sha256(salt + match[2]).hexdigest()[:32].encode() + match[3]


@dataclass(frozen=True)
class Received:
    """The store's answer."""

    status: int
    headers: dict[str, str]
    body: bytes


def error(status: int, code: str, **content: Any) -> Received:
    """An error of the store's, as it is written on the wire."""
    body = {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": code, **content}
    return Received(status, {"content-type": "application/x-amz-json-1.0"}, json.dumps(body).encode())
