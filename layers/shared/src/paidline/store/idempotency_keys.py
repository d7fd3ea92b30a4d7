"""Idempotency keys: the answer to the first request that used a key, kept for 30 days."""

import os
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from paidline.store import transaction

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

_TTL_S = 30 * 24 * 60 * 60


class UsedKey(NamedTuple):
    """A key that was used: for a request of which contents, with what answer. `expires_at` is in epoch seconds."""

    key_digest: str
    request_digest: str
    answer: str
    expires_at: int

    def to_item(self) -> dict[str, Any]:
        """Write the DynamoDB item."""
        return {
            "keyDigest": {"S": self.key_digest},
            "requestDigest": {"S": self.request_digest},
            "answer": {"S": self.answer},
            "expiresAt": {"N": str(self.expires_at)},
        }

    @classmethod
    def from_item(cls, item: dict[str, Any]) -> "UsedKey":
        """Read the DynamoDB item."""
        return cls(
            key_digest=item["keyDigest"]["S"],
            request_digest=item["requestDigest"]["S"],
            answer=item["answer"]["S"],
            expires_at=int(item["expiresAt"]["N"]),
        )


def get(key_digest: str) -> UsedKey | None:
    """Read a used key that is still valid, and may just be being written. One TransactGetItems, see `transaction.read`.

    DynamoDB removes expired items days late, so the time is looked at here.
    """
    item = transaction.read(os.environ["IDEMPOTENCY_KEYS_TABLE"], {"keyDigest": {"S": key_digest}})
    used = UsedKey.from_item(item) if item else None
    return used if used and used.expires_at > time.time() else None


def use(key_digest: str, request_digest: str, answer: str) -> "TransactWriteItemTypeDef":
    """Make the operation that marks a key as used from now on; its condition fails where it is used already."""
    now = int(time.time())
    return {
        "Put": {
            "TableName": os.environ["IDEMPOTENCY_KEYS_TABLE"],
            "Item": UsedKey(key_digest, request_digest, answer, now + _TTL_S).to_item(),
            "ConditionExpression": "attribute_not_exists(keyDigest) OR expiresAt <= :now",
            "ExpressionAttributeValues": {":now": {"N": str(now)}},
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
    }
