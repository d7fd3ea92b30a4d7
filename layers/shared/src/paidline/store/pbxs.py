"""PBXs that have begun a paid call or synchronised, when each last synchronised, and when sweeps ran."""

import os
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from paidline.store.cache import Cache
from paidline.store.dynamodb import call, dynamodb, pages

_KNOWN_FOR_S = 60 * 60.0

# The key of the sweep's own item. No PBX can have this name, because theirs have no spaces.
_SWEEP = "the sweep"


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


# Used only to tell whether a PBX is known, which stays true: no PBX is ever removed.
cache = Cache(_find_or_add, ttl_s=_KNOWN_FOR_S)


def register(name: str) -> None:
    """Make a PBX known, so that its calls are swept. One GetItem, cached for an hour; one UpdateItem for a new PBX."""
    cache.get(name)


def note_sync(name: str) -> None:
    """Note that a PBX synchronises now. One UpdateItem."""
    _update(name, "SET lastSync = :now")


def note_sweep(longest_gap_s: int) -> int:
    """Note that a sweep runs now, and return when the current series of sweeps began, in epoch seconds.

    A series ends with a gap longer than `longest_gap_s`. One UpdateItem, and a second one after such a gap.
    """
    try:
        swept = _update(_SWEEP, "SET lastSweep = :now", longest_gap_s=longest_gap_s)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
            raise
        swept = _update(_SWEEP, "SET lastSweep = :now, sweepingSince = :now")
    return int(swept["sweepingSince"]["N"])


def _update(name: str, expression: str, longest_gap_s: int | None = None) -> dict[str, Any]:
    now = int(time.time())
    update: dict[str, Any] = {
        "TableName": os.environ["PBXS_TABLE"],
        "Key": {"pbx": {"S": name}},
        "UpdateExpression": expression,
        "ExpressionAttributeValues": {":now": {"N": str(now)}},
        "ReturnValues": "ALL_NEW",
    }
    if longest_gap_s is not None:
        update["ConditionExpression"] = "lastSweep >= :earliest"
        update["ExpressionAttributeValues"][":earliest"] = {"N": str(now - longest_gap_s)}
    return call(dynamodb().update_item, **update)["Attributes"]


def list_all() -> Iterator[Pbx]:
    """Yield all PBXs, unordered. One Scan per megabyte, which is some ten thousand PBXs."""
    scan = {"TableName": os.environ["PBXS_TABLE"], "ConsistentRead": True}
    return (Pbx.from_item(item) for item in pages("scan", scan) if item["pbx"]["S"] != _SWEEP)
