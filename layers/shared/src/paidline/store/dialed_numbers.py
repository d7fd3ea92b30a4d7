"""Service numbers: which application a dialed number belongs to."""

import os
from typing import TYPE_CHECKING, Any, NamedTuple

from paidline.store import versions
from paidline.store.cache import Cache
from paidline.store.dynamodb import call, dynamodb, pages

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef


class DialedNumber(NamedTuple):
    """A service number (digits only) and its application."""

    dialed_number: str
    application_id: str
    company_name: str
    version: int = 0

    def to_item(self) -> dict[str, Any]:
        """Return the DynamoDB item."""
        return {
            "dialedNumber": {"S": self.dialed_number},
            "applicationId": {"S": self.application_id},
            "companyName": {"S": self.company_name},
            **versions.attribute(self.version),
        }

    @classmethod
    def from_item(cls, item: dict[str, Any]) -> "DialedNumber":
        """Build from a DynamoDB item."""
        return cls(
            dialed_number=item["dialedNumber"]["S"],
            application_id=item["applicationId"]["S"],
            company_name=item["companyName"]["S"],
            version=versions.of(item),
        )


def get(dialed_number: str, *, consistent: bool = False) -> DialedNumber | None:
    """Read a service number. One GetItem."""
    read: Any = {"TableName": os.environ["DIALED_NUMBERS_TABLE"], "Key": {"dialedNumber": {"S": dialed_number}}}
    if consistent:
        read["ConsistentRead"] = True
    found = call(dynamodb().get_item, **read)
    item = found.get("Item")
    return DialedNumber.from_item(item) if item else None


cache = Cache(get)


def find(dialed_number: str) -> DialedNumber | None:
    """Find a service number. One GetItem, cached for 30 seconds."""
    return cache.get(dialed_number)


def list_all() -> list[DialedNumber]:
    """List all service numbers, unordered. One Scan per megabyte, strongly consistent."""
    scan = {"TableName": os.environ["DIALED_NUMBERS_TABLE"], "ConsistentRead": True}
    return [DialedNumber.from_item(item) for item in pages("scan", scan)]


def create(dialed: DialedNumber) -> "TransactWriteItemTypeDef":
    """Return the operation that adds a service number; its condition fails if it exists."""
    return {
        "Put": {
            "TableName": os.environ["DIALED_NUMBERS_TABLE"],
            "Item": dialed.to_item(),
            "ConditionExpression": "attribute_not_exists(dialedNumber)",
        }
    }


def change(before: DialedNumber, after: DialedNumber) -> "TransactWriteItemTypeDef":
    """Return the operation that replaces a service number, provided it has not changed since it was read."""
    put: Any = {
        "TableName": os.environ["DIALED_NUMBERS_TABLE"],
        "Item": after.to_item(),
        **versions.unchanged("dialedNumber", before.version),
    }
    return {"Put": put}


def remove(before: DialedNumber) -> "TransactWriteItemTypeDef":
    """Return the operation that removes a service number, provided it has not changed since it was read."""
    delete: Any = {
        "TableName": os.environ["DIALED_NUMBERS_TABLE"],
        "Key": {"dialedNumber": {"S": before.dialed_number}},
        **versions.unchanged("dialedNumber", before.version),
    }
    return {"Delete": delete}
