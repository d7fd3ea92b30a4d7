"""What was erased, remembered by digests of our own ids, so that it is erased again after a restore.

A digest says nothing to whoever does not have the id: no phone number, PIN or address goes into one.
"""

import hashlib
import os
from typing import TYPE_CHECKING

from paidline.store.dynamodb import pages

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

_DIGEST_VERSION = 1


def digest(kind: str, item_id: str) -> str:
    """Return the digest of an erased item: a version, `:` and a SHA-256 in hex."""
    return f"{_DIGEST_VERSION}:{hashlib.sha256(f'{kind}:{item_id}'.encode()).hexdigest()}"


def remember(erased: str, now: str) -> "TransactWriteItemTypeDef":
    """Return the operation that remembers a digest, with the time of erasing."""
    return {"Put": {"TableName": os.environ["ERASURES_TABLE"], "Item": {"digest": {"S": erased}, "erased": {"S": now}}}}


def list_all() -> set[str]:
    """Read all digests. One Scan per megabyte, which holds about ten thousand; strongly consistent."""
    scan = {"TableName": os.environ["ERASURES_TABLE"], "ConsistentRead": True}
    return {item["digest"]["S"] for item in pages("scan", scan)}
