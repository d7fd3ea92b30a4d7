"""API clients, keyed by the SHA-256 digest of the authentication hash. The hash itself is never stored."""

import os
from typing import Any, Final, Literal, NamedTuple

from paidline.store.cache import Cache
from paidline.store.dynamodb import call, dynamodb

# Stored as a string, while ids are stored as a string set, so an application may have the id "all".
ALL_APPLICATIONS: Final = "all"

ApplicationIds = frozenset[str] | Literal["all"]


class ApiClient(NamedTuple):
    """A client of the API. `scope` is "ctb", "credsys" or "calls"; it may use the wallets of `application_ids`."""

    hash_digest: str
    scope: str
    active: bool
    application_ids: ApplicationIds = frozenset()

    def to_item(self) -> dict[str, Any]:
        """Return the DynamoDB item."""
        item: dict[str, Any] = {
            "hashDigest": {"S": self.hash_digest},
            "scope": {"S": self.scope},
            "state": {"S": "active" if self.active else "revoked"},
        }
        if self.application_ids == ALL_APPLICATIONS:
            item["applicationIds"] = {"S": ALL_APPLICATIONS}
        elif self.application_ids:
            item["applicationIds"] = {"SS": sorted(self.application_ids)}
        return item

    @classmethod
    def from_item(cls, item: dict[str, Any]) -> "ApiClient":
        """Build from a DynamoDB item. Anything other than "all" or a set of ids grants access to no application."""
        stored: dict[str, Any] = item.get("applicationIds", {})
        return cls(
            hash_digest=item["hashDigest"]["S"],
            scope=item["scope"]["S"],
            active=item["state"]["S"] == "active",
            application_ids=ALL_APPLICATIONS
            if stored.get("S") == ALL_APPLICATIONS
            else frozenset(stored.get("SS", ())),
        )

    def may_use(self, application_id: str) -> bool:
        """Return whether the client may use the application's wallets."""
        return self.application_ids == ALL_APPLICATIONS or application_id in self.application_ids


def _get(hash_digest: str) -> ApiClient | None:
    found = call(
        dynamodb().get_item,
        TableName=os.environ["API_CLIENTS_TABLE"],
        Key={"hashDigest": {"S": hash_digest}},
        ConsistentRead=True,
    )
    item = found.get("Item")
    return ApiClient.from_item(item) if item else None


cache = Cache(_get)


def find(hash_digest: str) -> ApiClient | None:
    """Find a client by digest. One GetItem, cached for 30 seconds."""
    return cache.get(hash_digest)
