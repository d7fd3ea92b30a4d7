"""Profiles: an agent's texts and settings, stored as one JSON string because they are only read as a whole."""

import json
import os
from typing import TYPE_CHECKING, Any

from paidline.store import agents
from paidline.store.cache import Cache
from paidline.store.dynamodb import call, dynamodb, pages

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

# Up to this many profiles cost no more to read than any other request, so they are not cached.
_MAX_UNCACHED_PROFILES = 100


def to_item(ref: str, profile: dict[str, str]) -> dict[str, Any]:
    """Return the DynamoDB item."""
    return {"refKey": {"S": agents.ref_key(ref)}, "profile": {"S": json.dumps(profile, separators=(",", ":"))}}


def get(ref: str, *, consistent: bool = False) -> dict[str, str]:
    """Read one agent's profile, or {} if there is none. One GetItem."""
    read: Any = {"TableName": os.environ["PROFILES_TABLE"], "Key": {"refKey": {"S": agents.ref_key(ref)}}}
    if consistent:
        read["ConsistentRead"] = True
    found = call(dynamodb().get_item, **read)
    item = found.get("Item")
    return _profile(item) if item else {}


def put(ref: str, profile: dict[str, str]) -> "TransactWriteItemTypeDef":
    """Return the operation that stores a profile. Its agent's version is what guards it."""
    return {"Put": {"TableName": os.environ["PROFILES_TABLE"], "Item": to_item(ref, profile)}}


def remove(ref: str) -> "TransactWriteItemTypeDef":
    """Return the operation that removes a profile, if there is one."""
    return {"Delete": {"TableName": os.environ["PROFILES_TABLE"], "Key": {"refKey": {"S": agents.ref_key(ref)}}}}


def list_all() -> dict[str, dict[str, str]]:
    """Read all profiles, by `agents.ref_key`. One Scan per megabyte; a long list is cached for a minute."""
    return cache.get("") or {}


def _read_all(_: str) -> dict[str, dict[str, str]]:
    return {item["refKey"]["S"]: _profile(item) for item in pages("scan", {"TableName": os.environ["PROFILES_TABLE"]})}


def _profile(item: dict[str, Any]) -> dict[str, str]:
    profile: dict[str, str] = json.loads(item["profile"]["S"])
    return profile


# Profiles change a few times a year and make up nearly all of the list's bytes.
cache = Cache(_read_all, ttl_s=60, should_cache=lambda profiles: len(profiles) > _MAX_UNCACHED_PROFILES)
