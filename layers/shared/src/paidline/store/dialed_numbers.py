"""Service numbers: which application a dialed number belongs to."""

import os
from typing import Any, NamedTuple

from paidline.store.cache import Cache
from paidline.store.dynamodb import call, dynamodb

# The billing increments of a service number that says nothing else: first and following seconds.
PER_SECOND = "1/1"


class DialedNumber(NamedTuple):
    """A service number (digits only), its application, and the billing increments of paid calls, such as "60/60"."""

    dialed_number: str
    application_id: str
    company_name: str
    billing_increments: str = PER_SECOND

    def to_item(self) -> dict[str, Any]:
        """Return the DynamoDB item."""
        item = {
            "dialedNumber": {"S": self.dialed_number},
            "applicationId": {"S": self.application_id},
            "companyName": {"S": self.company_name},
        }
        if self.billing_increments != PER_SECOND:
            item["billingIncrements"] = {"S": self.billing_increments}
        return item

    @classmethod
    def from_item(cls, item: dict[str, Any]) -> "DialedNumber":
        """Build from a DynamoDB item."""
        return cls(
            dialed_number=item["dialedNumber"]["S"],
            application_id=item["applicationId"]["S"],
            company_name=item["companyName"]["S"],
            billing_increments=item.get("billingIncrements", {"S": PER_SECOND})["S"],
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
