"""The wallets' ledger: append-only, numbered from 1 without a gap, each entry chained by digest to the one before."""

import hashlib
import json
import os
from typing import TYPE_CHECKING, Any, NamedTuple

from paidline.store.client import call, client

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

# What stands where the first entry would have the digest of the one before.
NO_DIGEST = ""


class LedgerEntry(NamedTuple):
    """One movement of tokens.

    `amount` is signed, `tokens` the balance after it, `time` a stored time, `source` the endpoint that moved it,
    `key` the caller's idempotency key or "", `token` the name of the request that wrote it.
    """

    wallet_id: str
    seq: int
    amount: int
    tokens: int
    time: str
    source: str
    key: str
    token: str
    previous_digest: str

    def digest(self) -> str:
        """Compute the SHA-256 of everything in the entry, and so of all entries before it."""
        content = json.dumps(self._asdict(), separators=(",", ":"), sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()

    def to_item(self) -> dict[str, Any]:
        """Write the DynamoDB item."""
        return {
            "walletId": {"S": self.wallet_id},
            "seq": {"N": str(self.seq)},
            "amount": {"N": str(self.amount)},
            "tokens": {"N": str(self.tokens)},
            "time": {"S": self.time},
            "source": {"S": self.source},
            "key": {"S": self.key},
            "token": {"S": self.token},
            "previousDigest": {"S": self.previous_digest},
        }

    @classmethod
    def from_item(cls, item: dict[str, Any]) -> "LedgerEntry":
        """Read the DynamoDB item."""
        return cls(
            wallet_id=item["walletId"]["S"],
            seq=int(item["seq"]["N"]),
            amount=int(item["amount"]["N"]),
            tokens=int(item["tokens"]["N"]),
            time=item["time"]["S"],
            source=item["source"]["S"],
            key=item["key"]["S"],
            token=item["token"]["S"],
            previous_digest=item["previousDigest"]["S"],
        )


def append(entry: LedgerEntry) -> "TransactWriteItemTypeDef":
    """Make the operation that adds an entry; its condition fails where the number is taken."""
    return {
        "Put": {
            "TableName": os.environ["WALLET_LEDGER_TABLE"],
            "Item": entry.to_item(),
            "ConditionExpression": "attribute_not_exists(seq)",
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
    }


def get(wallet_id: str, seq: int) -> LedgerEntry | None:
    """Read one entry. One GetItem, consistent."""
    found = call(
        client().get_item,
        TableName=os.environ["WALLET_LEDGER_TABLE"],
        Key={"walletId": {"S": wallet_id}, "seq": {"N": str(seq)}},
        ConsistentRead=True,
    )
    item = found.get("Item")
    return LedgerEntry.from_item(item) if item else None
