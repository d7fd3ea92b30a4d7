"""Service numbers: which application a dialed number belongs to."""

import os
from typing import Any, NamedTuple

from paidline.store.cache import Cache
from paidline.store.dynamodb import call, dynamodb


class DialedNumber(NamedTuple):
    """A service number (digits only) and its application."""

    dialed_number: str
    application_id: str
    company_name: str

    def to_item(self) -> dict[str, Any]:
        """Return the DynamoDB item."""
        return {
            "dialedNumber": {"S": self.dialed_number},
            "applicationId": {"S": self.application_id},
            "companyName": {"S": self.company_name},
        }

    @classmethod
    def from_item(cls, item: dict[str, Any]) -> "DialedNumber":
        """Build from a DynamoDB item."""
        return cls(
            dialed_number=item["dialedNumber"]["S"],
            application_id=item["applicationId"]["S"],
            company_name=item["companyName"]["S"],
        )


def _get(dialed_number: str) -> DialedNumber | None:
    found = call(
        dynamodb().get_item, TableName=os.environ["DIALED_NUMBERS_TABLE"], Key={"dialedNumber": {"S": dialed_number}}
    )
    item = found.get("Item")
    return DialedNumber.from_item(item) if item else None


cache = Cache(_get)


def find(dialed_number: str) -> DialedNumber | None:
    """Find a service number. One GetItem, cached for 30 seconds."""
    return cache.get(dialed_number)
