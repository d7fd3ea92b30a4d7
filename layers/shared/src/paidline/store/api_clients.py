"""API clients: who may call. Keyed by the SHA-256 digest of the authentication hash; the hash itself is nowhere."""

import os
from typing import Any, Final, Literal, NamedTuple

from paidline.store.cache import Cache
from paidline.store.dynamodb import call, dynamodb

# Stored as a string where ids are a set of strings, so that an application may be called "all".
ALL_APPLICATIONS: Final = "all"

ApplicationIds = frozenset[str] | Literal["all"]


class ApiClient(NamedTuple):
    """A caller: `scope` is "ctb" or "credsys", `application_ids` the applications whose wallets it may use."""

    hash_digest: str
    scope: str
    active: bool
    application_ids: ApplicationIds = frozenset()

    def to_item(self) -> dict[str, Any]:
        """Write the DynamoDB item."""
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
        """Read the DynamoDB item. Anything but "all" and a set of ids, such as their absence, is no application."""
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
        """Tell whether the application's wallets are open to this client."""
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
    """Find the client of a digest. One GetItem, or none for half a minute afterwards."""
    return cache.get(hash_digest)
