"""Wallets, keyed by application and PIN, and pointers to them, keyed by application and phone number."""

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from paidline.store.dynamodb import call, dynamodb, pages

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef


class Wallet(NamedTuple):
    """A wallet. `seq` and `digest` are those of its newest ledger entry, `tokens` is the balance after it.

    `held` is the part of the balance that open calls hold. A `blocked` wallet is found but cannot be spent from.
    """

    application_id: str
    wallet_id: str
    pin: str
    tokens: int
    seq: int
    digest: str
    phone_number: str = ""
    email: str = ""
    held: int = 0
    blocked: bool = False

    @property
    def available(self) -> int:
        """The tokens that can be spent: the balance without what open calls hold."""
        return self.tokens - self.held

    def to_item(self) -> dict[str, Any]:
        """Return the DynamoDB item."""
        return {
            **_key(self.application_id, pin_key(self.pin)),
            "walletId": {"S": self.wallet_id},
            "pin": {"S": self.pin},
            "tokens": {"N": str(self.tokens)},
            "seq": {"N": str(self.seq)},
            "digest": {"S": self.digest},
            "phoneNumber": {"S": self.phone_number},
            "email": {"S": self.email},
            **({"held": {"N": str(self.held)}} if self.held else {}),
            **({"blocked": {"BOOL": True}} if self.blocked else {}),
        }

    @classmethod
    def from_item(cls, item: dict[str, Any]) -> "Wallet":
        """Build from a DynamoDB item."""
        return cls(
            application_id=item["applicationId"]["S"],
            wallet_id=item["walletId"]["S"],
            pin=item["pin"]["S"],
            tokens=int(item["tokens"]["N"]),
            seq=int(item["seq"]["N"]),
            digest=item["digest"]["S"],
            phone_number=item["phoneNumber"]["S"],
            email=item["email"]["S"],
            held=int(item.get("held", {"N": "0"})["N"]),
            blocked=item.get("blocked", {"BOOL": False})["BOOL"],
        )

    def to_pointer(self) -> dict[str, Any]:
        """Return the item that points from the phone number to the wallet."""
        return {
            **_key(self.application_id, _phone_key(self.phone_number)),
            "pointsTo": {"S": pin_key(self.pin)},
        }


def _key(application_id: str, wallet_key: str) -> dict[str, Any]:
    return {"applicationId": {"S": application_id}, "walletKey": {"S": wallet_key}}


def pin_key(pin: str) -> str:
    """Return a PIN's sort key, which starts with the PIN without leading zeros so that equal numbers are adjacent."""
    return f"pin#{pin.lstrip('0')}#{pin}"


def _phone_key(phone_number: str) -> str:
    return f"phone#{phone_number}"


def find_by_pin_ignoring_zeros(application_id: str, pin: str) -> Iterator[Wallet]:
    """Yield the wallets whose PIN equals `pin` apart from leading zeros. One Query, strongly consistent."""
    query: dict[str, Any] = {
        "TableName": os.environ["WALLETS_TABLE"],
        # Not begins_with, for which the embedded engine reads all the application's wallets. "$" sorts right after "#".
        "KeyConditionExpression": "applicationId = :application AND walletKey BETWEEN :first AND :last",
        "ExpressionAttributeValues": {
            ":application": {"S": application_id},
            ":first": {"S": f"pin#{pin.lstrip('0')}#"},
            ":last": {"S": f"pin#{pin.lstrip('0')}$"},
        },
        "ConsistentRead": True,
    }
    return map(Wallet.from_item, pages("query", query))


def get(application_id: str, pin: str) -> Wallet | None:
    """Read a wallet by its exact PIN. One GetItem, strongly consistent."""
    item = _get(application_id, pin_key(pin))
    return Wallet.from_item(item) if item else None


def get_by_pointer(application_id: str, pointer: dict[str, Any]) -> Wallet | None:
    """Read the wallet that a phone number's item points to. One GetItem, strongly consistent."""
    item = _get(application_id, pointer["pointsTo"]["S"])
    return Wallet.from_item(item) if item else None


def pointer_key(application_id: str, phone_number: str) -> dict[str, Any]:
    """Return the key of the item that points from a phone number to a wallet."""
    return _key(application_id, _phone_key(phone_number))


def get_by_phone_number(application_id: str, phone_number: str) -> Wallet | None:
    """Read a wallet by phone number. Two strongly consistent GetItems: the pointer, then the wallet."""
    pointer = _get(application_id, _phone_key(phone_number))
    return get_by_pointer(application_id, pointer) if pointer else None


def _get(application_id: str, wallet_key: str) -> dict[str, Any] | None:
    found = call(
        dynamodb().get_item,
        TableName=os.environ["WALLETS_TABLE"],
        Key=_key(application_id, wallet_key),
        ConsistentRead=True,
    )
    return found.get("Item")


def set_balance(before: Wallet, after: Wallet) -> "TransactWriteItemTypeDef":
    """Return the operation that updates a wallet for one ledger entry; its condition fails after a lost race."""
    update = "SET tokens = :tokens, seq = :seq, digest = :digest"
    values: dict[str, Any] = {
        ":tokens": {"N": str(after.tokens)},
        ":seq": {"N": str(after.seq)},
        ":digest": {"S": after.digest},
        ":seen": {"N": str(before.seq)},
    }
    if after.held != before.held:
        update += ", held = :held"
        values[":held"] = {"N": str(after.held)}
    return {
        "Update": {
            "TableName": os.environ["WALLETS_TABLE"],
            "Key": _key(before.application_id, pin_key(before.pin)),
            "UpdateExpression": update,
            "ConditionExpression": "seq = :seen",
            "ExpressionAttributeValues": values,
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
    }
