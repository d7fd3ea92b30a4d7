"""Versions of items: how many times an operator has changed one. Calls and movements of tokens leave it alone.

An item without the attribute `version` has version 0.
"""

from collections.abc import Mapping
from typing import Any


def attribute(version: int) -> dict[str, Any]:
    """Return the attribute as a part of an item."""
    return {"version": {"N": str(version)}} if version else {}


def of(item: dict[str, Any]) -> int:
    """Return an item's version."""
    return int(item["version"]["N"]) if "version" in item else 0


def unchanged(key: str, version: int, **others: Any) -> dict[str, Any]:
    """Return the condition that the item with the partition key attribute `key` is there and has this version.

    `others` are further attributes that must have these values. The result is a part of an operation.
    """
    wanted: Mapping[str, Any] = {**others, **attribute(version)}
    conditions = [f"attribute_exists(#{key})", *(f"#{name} = :{name}" for name in wanted)]
    if not version:
        conditions.append("attribute_not_exists(#version)")
    condition: dict[str, Any] = {
        "ConditionExpression": " AND ".join(conditions),
        "ExpressionAttributeNames": {f"#{name}": name for name in (key, "version", *others)},
    }
    if wanted:
        condition["ExpressionAttributeValues"] = {f":{name}": value for name, value in wanted.items()}
    return condition
