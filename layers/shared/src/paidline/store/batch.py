"""Reading items of several tables in one call."""

from typing import Any, NamedTuple

from paidline import deadline
from paidline.store.dynamodb import call, dynamodb

_PAUSE_S = 0.05


class Key(NamedTuple):
    """An item's table and key."""

    table: str
    key: dict[str, Any]


def get_all(*keys: Key) -> list[dict[str, Any] | None]:
    """Read one item of each table, each strongly consistent. One BatchGetItem, more if DynamoDB leaves some for later.

    The tables must differ.
    """
    wanted: Any = {table: {"Keys": [key], "ConsistentRead": True} for table, key in keys}
    items: dict[str, dict[str, Any]] = {}
    while wanted:
        found = call(dynamodb().batch_get_item, RequestItems=wanted)
        items |= {table: rows[0] for table, rows in found["Responses"].items() if rows}
        wanted = found.get("UnprocessedKeys")
        if wanted:
            deadline.pause(_PAUSE_S)
    return [items.get(table) for table, _ in keys]
