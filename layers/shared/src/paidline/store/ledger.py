"""The wallets' ledger: append-only, numbered from 1 without a gap, each entry chained by digest to the one before."""

import hashlib
import json
import os
from typing import TYPE_CHECKING, Any, NamedTuple

from paidline.store import transaction

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

# What stands where the first entry would have the digest of the one before.
NO_DIGEST = ""

_DIGEST_VERSION = 1


class LedgerEntry(NamedTuple):
    """One movement of tokens.

    `amount` is signed, `balance` the tokens after it, `time` a stored time, `source` the endpoint that moved them,
    `key` the caller's idempotency key or "", `request_id` names the request that wrote it.
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
        """Compute the digest of everything in the entry, and so of all entries before it: `1:` and a SHA-256 in hex.

        Names and order are written out, for stored chains are made of them: what is changed here gets a new version
        beside this one.
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
        """Write the DynamoDB item."""
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
        """Read the DynamoDB item."""
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
    """Read one entry, which may just be being written. One TransactGetItems, see `transaction.read`."""
    key = {"walletId": {"S": wallet_id}, "seq": {"N": str(seq)}}
    item = transaction.read(os.environ["WALLET_LEDGER_TABLE"], key)
    return LedgerEntry.from_item(item) if item else None
