"""The ledger of wallets: append-only, numbered from 1 without gaps, with each entry hash-chained to the previous."""

import hashlib
import json
import os
from typing import TYPE_CHECKING, Any, NamedTuple

from paidline.store import transaction

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

# The `previous_digest` of the first entry.
NO_DIGEST = ""

_DIGEST_VERSION = 1


class LedgerEntry(NamedTuple):
    """One movement of tokens.

    `amount` is signed, `balance` is the number of tokens afterwards, `time` a stored time, `source` the endpoint,
    `key` the caller's idempotency key or "", `request_id` the id of the request that wrote the entry.
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

    def digest(self) -> str:
        """Return the digest of the entry and thereby of all entries before it: `1:` and a SHA-256 in hex.

        Names and order are spelled out because stored digests depend on them. A change needs a new version, beside
        this one.
        """
        content = {
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
        written = json.dumps(content, separators=(",", ":"))
        return f"{_DIGEST_VERSION}:{hashlib.sha256(written.encode()).hexdigest()}"

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
