"""Wallets, keyed by application and PIN, and pointers to them, keyed by application and phone number."""

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from paidline.store import versions
from paidline.store.dynamodb import call, dynamodb, page, pages

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

WALLET_INDEX = "wallet"


class Wallet(NamedTuple):
    """A wallet. `seq` and `digest` are those of its newest ledger entry, `tokens` is the balance after it.

    `held` is the part of the balance that open calls hold. A `blocked` wallet is found but cannot be spent from. An
    erased wallet has no PIN, and no caller finds it.
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
    version: int = 0

    @property
    def erased(self) -> bool:
        """Whether the wallet's owner has been erased from it."""
        return not self.pin

    @property
    def wallet_key(self) -> str:
        """The sort key."""
        return _erased_key(self.wallet_id) if self.erased else pin_key(self.pin)

    def to_item(self) -> dict[str, Any]:
        """Return the DynamoDB item."""
        return {
            **_key(self.application_id, self.wallet_key),
            "walletId": {"S": self.wallet_id},
            "pin": {"S": self.pin},
            "tokens": {"N": str(self.tokens)},
            "seq": {"N": str(self.seq)},
            "digest": {"S": self.digest},
            "phoneNumber": {"S": self.phone_number},
            "email": {"S": self.email},
            **({"held": {"N": str(self.held)}} if self.held else {}),
            **({"blocked": {"BOOL": True}} if self.blocked else {}),
            **versions.attribute(self.version),
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
            version=versions.of(item),
        )

    def to_pointer(self) -> dict[str, Any]:
        """Return the item that points from the phone number to the wallet."""
        return {
            **_key(self.application_id, _phone_key(self.phone_number)),
            "pointsTo": {"S": self.wallet_key},
        }


def _key(application_id: str, wallet_key: str) -> dict[str, Any]:
    return {"applicationId": {"S": application_id}, "walletKey": {"S": wallet_key}}


def pin_key(pin: str) -> str:
    """Return a PIN's sort key, which starts with the PIN without leading zeros so that equal numbers are adjacent."""
    return f"pin#{pin.lstrip('0')}#{pin}"


def _erased_key(wallet_id: str) -> str:
    return f"erased#{wallet_id}"


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


def get_by_pin(application_id: str, pin: str) -> Wallet | None:
    """Read the wallet with exactly this PIN. One GetItem, strongly consistent."""
    item = _get(application_id, pin_key(pin))
    return Wallet.from_item(item) if item else None


def reread(wallet: Wallet) -> Wallet | None:
    """Read a wallet again, even if it was erased meanwhile. At most two GetItems, strongly consistent."""
    keys = (wallet.wallet_key, _erased_key(wallet.wallet_id))
    item = _get(wallet.application_id, keys[0]) or _get(wallet.application_id, keys[1])
    return Wallet.from_item(item) if item and item["walletId"]["S"] == wallet.wallet_id else None


def get_by_wallet_id(wallet_id: str) -> Wallet | None:
    """Read a wallet by its id. One Query of an index and one strongly consistent GetItem.

    The index lags behind the table: for a moment after a wallet was created or got another PIN it is not found.
    """
    query: dict[str, Any] = {
        "TableName": os.environ["WALLETS_TABLE"],
        "IndexName": WALLET_INDEX,
        "KeyConditionExpression": "walletId = :wallet",
        "ExpressionAttributeValues": {":wallet": {"S": wallet_id}},
    }
    for key in pages("query", query):
        item = _get(key["applicationId"]["S"], key["walletKey"]["S"])
        if item and item["walletId"]["S"] == wallet_id:
            return Wallet.from_item(item)
    return None


def get_by_phone_number(application_id: str, phone_number: str) -> Wallet | None:
    """Read a wallet by phone number. Two strongly consistent GetItems: the pointer, then the wallet."""
    pointer = _get(application_id, _phone_key(phone_number))
    item = _get(application_id, pointer["pointsTo"]["S"]) if pointer else None
    return Wallet.from_item(item) if item else None


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
    return {
        "Update": {
            "TableName": os.environ["WALLETS_TABLE"],
            "Key": _key(before.application_id, before.wallet_key),
            "UpdateExpression": "SET tokens = :tokens, seq = :seq, digest = :digest",
            "ConditionExpression": "seq = :seen",
            "ExpressionAttributeValues": {
                ":tokens": {"N": str(after.tokens)},
                ":seq": {"N": str(after.seq)},
                ":digest": {"S": after.digest},
                ":seen": {"N": str(before.seq)},
            },
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
    }


def create(wallet: Wallet) -> dict[str, "TransactWriteItemTypeDef"]:
    """Return the operations that add a wallet and its pointer, by the field that another wallet has if one fails."""
    operations = {"pin": _put_if_absent(wallet.to_item())}
    if wallet.phone_number:
        operations["phoneNumber"] = _put_if_absent(wallet.to_pointer())
    return operations


def change(before: Wallet, after: Wallet) -> dict[str, "TransactWriteItemTypeDef"]:
    """Return the operations that turn one wallet into another, with its key and its pointer, by what they guard.

    "wallet" fails if the wallet has changed since it was read, in any way, and "pointer" if its pointer has; "pin" and
    "phoneNumber" fail if another wallet has the new PIN or phone number.
    """
    guard: dict[str, Any] = versions.unchanged("walletKey", before.version, seq={"N": str(before.seq)})
    table = os.environ["WALLETS_TABLE"]
    is_moved = before.wallet_key != after.wallet_key
    if is_moved:
        delete: Any = {"TableName": table, "Key": _key(before.application_id, before.wallet_key), **guard}
        operations: dict[str, TransactWriteItemTypeDef] = {"wallet": {"Delete": delete}}
        operations["pin"] = _put_if_absent(after.to_item())
    else:
        put: Any = {"TableName": table, "Item": after.to_item(), **guard}
        operations = {"wallet": {"Put": put}}
    return operations | _change_pointer(before, after, is_moved=is_moved)


def _change_pointer(before: Wallet, after: Wallet, *, is_moved: bool) -> dict[str, "TransactWriteItemTypeDef"]:
    has_pointer = bool(before.phone_number) and not before.erased
    wants_pointer = bool(after.phone_number) and not after.erased
    is_same = before.phone_number == after.phone_number
    points_here: dict[str, Any] = {
        "TableName": os.environ["WALLETS_TABLE"],
        "ConditionExpression": "pointsTo = :here",
        "ExpressionAttributeValues": {":here": {"S": before.wallet_key}},
    }
    operations: dict[str, Any] = {}
    if has_pointer and wants_pointer and is_same:
        if is_moved:
            operations["pointer"] = {"Put": {**points_here, "Item": after.to_pointer()}}
        return operations
    if has_pointer:
        key = _key(before.application_id, _phone_key(before.phone_number))
        operations["pointer"] = {"Delete": {**points_here, "Key": key}}
    if wants_pointer:
        operations["phoneNumber"] = _put_if_absent(after.to_pointer())
    return operations


def _put_if_absent(item: dict[str, Any]) -> "TransactWriteItemTypeDef":
    return {
        "Put": {
            "TableName": os.environ["WALLETS_TABLE"],
            "Item": item,
            "ConditionExpression": "attribute_not_exists(walletKey)",
        }
    }


def list_page(after: dict[str, Any] | None) -> tuple[list[Wallet], dict[str, Any] | None]:
    """Read a page of all wallets, and where the next page begins. One Scan of at most a megabyte."""
    items, next_key = page("scan", {"TableName": os.environ["WALLETS_TABLE"], "ConsistentRead": True}, after)
    return [Wallet.from_item(item) for item in items if "pointsTo" not in item], next_key
