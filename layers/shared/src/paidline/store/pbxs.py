"""PBXs that have begun a paid call or synchronised, and when each last said which of its calls live."""

import os
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

from paidline.store.cache import Cache
from paidline.store.dynamodb import call, dynamodb, pages

_KNOWN_FOR_S = 60 * 60.0


class Pbx(NamedTuple):
    """A PBX. `last_sync` is in epoch seconds, or None if it has never synchronised."""

    name: str
    last_sync: int | None = None

    @classmethod
    def from_item(cls, item: dict[str, Any]) -> "Pbx":
        """Build from a DynamoDB item."""
        return cls(item["pbx"]["S"], int(item["lastSync"]["N"]) if "lastSync" in item else None)


def _find_or_add(name: str) -> Pbx:
    found = call(dynamodb().get_item, TableName=os.environ["PBXS_TABLE"], Key={"pbx": {"S": name}})
    if item := found.get("Item"):
        return Pbx.from_item(item)
    _update(name, "SET firstSeen = if_not_exists(firstSeen, :now)")
    return Pbx(name)


# Only whether a PBX is known is taken from here: an entry is never removed.
cache = Cache(_find_or_add, ttl_s=_KNOWN_FOR_S)


def register(name: str) -> None:
    """Make a PBX known, so that its calls are swept. One GetItem, cached for an hour; one UpdateItem for a new PBX."""
    cache.get(name)


def note_sync(name: str) -> None:
    """Note that a PBX synchronises now. One UpdateItem."""
    _update(name, "SET lastSync = :now")


def _update(name: str, expression: str) -> None:
    call(
        dynamodb().update_item,
        TableName=os.environ["PBXS_TABLE"],
        Key={"pbx": {"S": name}},
        UpdateExpression=expression,
        ExpressionAttributeValues={":now": {"N": str(int(time.time()))}},
    )


def list_all() -> Iterator[Pbx]:
    """Yield all PBXs, unordered. One Scan per megabyte, which is some ten thousand PBXs."""
    scan = {"TableName": os.environ["PBXS_TABLE"], "ConsistentRead": True}
    return map(Pbx.from_item, pages("scan", scan))
