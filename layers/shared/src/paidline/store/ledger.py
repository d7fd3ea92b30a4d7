"""The ledger of wallets: append-only, numbered from 1 without gaps, with each entry hash-chained to the previous."""

import hashlib
import json
import os
from typing import TYPE_CHECKING, Any, NamedTuple

from paidline.store import transaction
from paidline.store.dynamodb import page, pages

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

# The `previous_digest` of the first entry.
NO_DIGEST = ""

# Version 1 covers the fields without a default, version 2 all fields.
_MOVEMENT, _ALL_FIELDS = 1, 2


class LedgerEntry(NamedTuple):
    """One movement of tokens.

    `amount` is signed, `balance` is the number of tokens afterwards, `time` a stored time, `source` the endpoint,
    `key` the caller's idempotency key or "", `request_id` the id of the request that wrote the entry.

    An operator's entry has an `operator` and a `reason`, a refund the number of the entry that it refunds.
    A paid call's entry has a `kind` and a `call_id`. `held` is what open calls hold after the entry, out of `balance`.
    """

    wallet_id: str
    seq: int
    amount: int
    balance: int
    time: str
    source: str
    key: str
    request_id: str
    previous_digest: str
    kind: str = ""
    held: int = 0
    call_id: str = ""
    operator: str = ""
    reason: str = ""
    refund_of: int = 0

    def digest(self) -> str:
        """Return the digest of the entry and thereby of all entries before it: a version, `:` and a SHA-256 in hex.

        Names and order are spelled out because stored digests depend on them. A change needs a new version, beside
        these.
        """
        content: dict[str, str | int] = {
            "walletId": self.wallet_id,
            "seq": self.seq,
            "amount": self.amount,
            "balance": self.balance,
            "time": self.time,
            "source": self.source,
            "key": self.key,
            "requestId": self.request_id,
            "previousDigest": self.previous_digest,
        }
        version = _MOVEMENT
        if self._details():
            version = _ALL_FIELDS
            content |= {
                "kind": self.kind,
                "held": self.held,
                "callId": self.call_id,
                "operator": self.operator,
                "reason": self.reason,
                "refundOf": self.refund_of,
            }
        written = json.dumps(content, separators=(",", ":"))
        return f"{version}:{hashlib.sha256(written.encode()).hexdigest()}"

    def _details(self) -> dict[str, Any]:
        """Return the attributes that only some entries have."""
        texts = {"kind": self.kind, "callId": self.call_id, "operator": self.operator, "reason": self.reason}
        numbers = {"held": self.held, "refundOf": self.refund_of}
        return {name: {"S": text} for name, text in texts.items() if text} | {
            name: {"N": str(number)} for name, number in numbers.items() if number
        }

    def to_item(self) -> dict[str, Any]:
        """Return the DynamoDB item."""
        return {
            "walletId": {"S": self.wallet_id},
            "seq": {"N": str(self.seq)},
            "amount": {"N": str(self.amount)},
            "balance": {"N": str(self.balance)},
            "time": {"S": self.time},
            "source": {"S": self.source},
            "key": {"S": self.key},
            "requestId": {"S": self.request_id},
            "previousDigest": {"S": self.previous_digest},
            **self._details(),
        }

    @classmethod
    def from_item(cls, item: dict[str, Any]) -> "LedgerEntry":
        """Build from a DynamoDB item."""
        return cls(
            wallet_id=item["walletId"]["S"],
            seq=int(item["seq"]["N"]),
            amount=int(item["amount"]["N"]),
            balance=int(item["balance"]["N"]),
            time=item["time"]["S"],
            source=item["source"]["S"],
            key=item["key"]["S"],
            request_id=item["requestId"]["S"],
            previous_digest=item["previousDigest"]["S"],
            kind=item.get("kind", {"S": ""})["S"],
            held=int(item.get("held", {"N": "0"})["N"]),
            call_id=item.get("callId", {"S": ""})["S"],
            operator=item.get("operator", {"S": ""})["S"],
            reason=item.get("reason", {"S": ""})["S"],
            refund_of=int(item.get("refundOf", {"N": "0"})["N"]),
        )


def append(entry: LedgerEntry) -> "TransactWriteItemTypeDef":
    """Return the operation that adds an entry; its condition fails if the sequence number is taken."""
    return {
        "Put": {
            "TableName": os.environ["WALLET_LEDGER_TABLE"],
            "Item": entry.to_item(),
            "ConditionExpression": "attribute_not_exists(seq)",
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
    }


def get(wallet_id: str, seq: int) -> LedgerEntry | None:
    """Read one entry. One TransactGetItems, because it may be being written; see `transaction.read`."""
    key = {"walletId": {"S": wallet_id}, "seq": {"N": str(seq)}}
    item = transaction.read(os.environ["WALLET_LEDGER_TABLE"], key)
    return LedgerEntry.from_item(item) if item else None


def find_refund_of(wallet_id: str, seq: int) -> LedgerEntry | None:
    """Find the refund of an entry. One Query of the entries after it per megabyte, strongly consistent."""
    query: dict[str, Any] = {
        "TableName": os.environ["WALLET_LEDGER_TABLE"],
        "KeyConditionExpression": "walletId = :wallet AND seq > :seq",
        "FilterExpression": "refundOf = :seq",
        "ExpressionAttributeValues": {":wallet": {"S": wallet_id}, ":seq": {"N": str(seq)}},
        "ConsistentRead": True,
    }
    return next((LedgerEntry.from_item(item) for item in pages("query", query)), None)


def list_page(wallet_id: str, after: dict[str, Any] | None) -> tuple[list[LedgerEntry], dict[str, Any] | None]:
    """Read a page of a wallet's entries, and where the next page begins. One Query of at most a megabyte."""
    query: dict[str, Any] = {
        "TableName": os.environ["WALLET_LEDGER_TABLE"],
        "KeyConditionExpression": "walletId = :wallet",
        "ExpressionAttributeValues": {":wallet": {"S": wallet_id}},
        "ConsistentRead": True,
    }
    items, next_key = page("query", query, after)
    return [LedgerEntry.from_item(item) for item in items], next_key
