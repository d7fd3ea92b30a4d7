"""Idempotency keys: the response to the first request that used a key, kept for 30 days."""

import os
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from paidline.store import transaction
from paidline.store.dynamodb import page

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

Item = dict[str, Any]

_TTL_S = 30 * 24 * 60 * 60


class UsedKey(NamedTuple):
    """A used key, with its request's digest and response (`answer`). `expires_at` is in epoch seconds."""

    key_digest: str
    request_digest: str
    answer: str
    expires_at: int

    def to_item(self) -> dict[str, Any]:
        """Return the DynamoDB item."""
        return {
            "keyDigest": {"S": self.key_digest},
            "requestDigest": {"S": self.request_digest},
            "answer": {"S": self.answer},
            "expiresAt": {"N": str(self.expires_at)},
        }

    @classmethod
    def from_item(cls, item: dict[str, Any]) -> "UsedKey":
        """Build from a DynamoDB item."""
        return cls(
            key_digest=item["keyDigest"]["S"],
            request_digest=item["requestDigest"]["S"],
            answer=item["answer"]["S"],
            expires_at=int(item["expiresAt"]["N"]),
        )


def get(key_digest: str) -> UsedKey | None:
    """Read a used key that has not expired. One TransactGetItems, because it may be being written.

    DynamoDB deletes expired items up to days late, so expiry is checked here too.
    """
    item = transaction.read(os.environ["IDEMPOTENCY_KEYS_TABLE"], {"keyDigest": {"S": key_digest}})
    used = UsedKey.from_item(item) if item else None
    return used if used and used.expires_at > time.time() else None


def use(key_digest: str, request_digest: str, answer: str) -> "TransactWriteItemTypeDef":
    """Return the operation that marks a key as used; its condition fails if it was already used."""
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


def list_page(wallet_id: str, phone_number: str, after: Item | None) -> tuple[list[UsedKey], Item | None]:
    """Read a page of the keys whose answers may concern a wallet or a phone number, and where the next page begins.

    One Scan of at most a megabyte. `phone_number` is "" if there is none.
    """
    texts = {":wallet": f'"walletId":"{wallet_id}"', **({":phone": f'"{phone_number}"'} if phone_number else {})}
    scan: dict[str, Any] = {
        "TableName": os.environ["IDEMPOTENCY_KEYS_TABLE"],
        "FilterExpression": " OR ".join(f"contains(answer, {name})" for name in texts),
        "ExpressionAttributeValues": {name: {"S": text} for name, text in texts.items()},
        "ConsistentRead": True,
    }
    items, next_key = page("scan", scan, after)
    return [UsedKey.from_item(item) for item in items], next_key


def list_all_page(after: Item | None) -> tuple[list[UsedKey], Item | None]:
    """Read a page of all keys, and where the next page begins. One Scan of at most a megabyte."""
    items, next_key = page("scan", {"TableName": os.environ["IDEMPOTENCY_KEYS_TABLE"], "ConsistentRead": True}, after)
    return [UsedKey.from_item(item) for item in items], next_key


def set_answer(used: UsedKey, answer: str) -> "TransactWriteItemTypeDef":
    """Return the operation that replaces a key's stored answer; its condition fails if the key has changed."""
    return {
        "Update": {
            "TableName": os.environ["IDEMPOTENCY_KEYS_TABLE"],
            "Key": {"keyDigest": {"S": used.key_digest}},
            "UpdateExpression": "SET answer = :answer",
            "ConditionExpression": "answer = :read",
            "ExpressionAttributeValues": {":answer": {"S": answer}, ":read": {"S": used.answer}},
        }
    }
