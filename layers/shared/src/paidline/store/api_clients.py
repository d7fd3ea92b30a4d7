"""API clients, keyed by the SHA-256 digest of the authentication hash. The hash itself is never stored."""

import os
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from paidline.store import versions
from paidline.store.cache import Cache
from paidline.store.dynamodb import call, dynamodb, pages

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

# Stored as a string, while ids are stored as a string set, so an application may have the id "all".
ALL_APPLICATIONS: Final = "all"

# How many hex digits of its digest stand for a client in logs and commands.
PREFIX_LENGTH = 12

ApplicationIds = frozenset[str] | Literal["all"]


class ApiClient(NamedTuple):
    """A client of the API. `scope` is a value of `Scope`; it may use the wallets of `application_ids`.

    Requests must come from one of the networks `source_cidrs`, or from anywhere if there are none. `issued` is a stored
    time, or "" for a client that was loaded.
    """

    hash_digest: str
    scope: str
    active: bool
    application_ids: ApplicationIds = frozenset()
    source_cidrs: frozenset[str] = frozenset()
    label: str = ""
    issued: str = ""
    version: int = 0

    @property
    def digest_prefix(self) -> str:
        """The part of the digest that stands for the client in logs and commands."""
        return self.hash_digest[:PREFIX_LENGTH]

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
        if self.source_cidrs:
            item["sourceCidrs"] = {"SS": sorted(self.source_cidrs)}
        texts = {"label": self.label, "issued": self.issued}
        return item | {name: {"S": text} for name, text in texts.items() if text} | versions.attribute(self.version)

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
            source_cidrs=frozenset(item.get("sourceCidrs", {"SS": ()})["SS"]),
            label=item.get("label", {"S": ""})["S"],
            issued=item.get("issued", {"S": ""})["S"],
            version=versions.of(item),
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


def list_all() -> list[ApiClient]:
    """List all clients, unordered. One Scan per megabyte, strongly consistent."""
    scan = {"TableName": os.environ["API_CLIENTS_TABLE"], "ConsistentRead": True}
    return [ApiClient.from_item(item) for item in pages("scan", scan)]


def create(client: ApiClient) -> "TransactWriteItemTypeDef":
    """Return the operation that adds a client; its condition fails if its hash is there."""
    return {
        "Put": {
            "TableName": os.environ["API_CLIENTS_TABLE"],
            "Item": client.to_item(),
            "ConditionExpression": "attribute_not_exists(hashDigest)",
        }
    }


def change(before: ApiClient, after: ApiClient) -> "TransactWriteItemTypeDef":
    """Return the operation that replaces a client, provided it has not changed since it was read."""
    put: Any = {
        "TableName": os.environ["API_CLIENTS_TABLE"],
        "Item": after.to_item(),
        **versions.unchanged("hashDigest", before.version),
    }
    return {"Put": put}
