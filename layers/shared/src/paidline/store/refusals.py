"""How many requests were refused on a day, by reason: one item per day. DynamoDB deletes it later."""

import os
import time
from collections.abc import Mapping

from paidline.store.dynamodb import call, dynamodb

# Kept for a week, so that an operator can compare days.
_TTL_S = 7 * 24 * 60 * 60

# Attributes that are not reasons.
_DAY, _EXPIRES_AT = "day", "expiresAt"


def add(day: str, counts: Mapping[str, int]) -> None:
    """Add to a day's counts by reason. One UpdateItem, which may count twice if it is retried after a lost response."""
    reasons = list(counts)
    call(
        dynamodb().update_item,
        TableName=os.environ["REFUSALS_TABLE"],
        Key={_DAY: {"S": day}},
        UpdateExpression=f"SET #expires = :expires ADD {', '.join(f'#{n} :{n}' for n in range(len(reasons)))}",
        ExpressionAttributeNames={"#expires": _EXPIRES_AT} | {f"#{n}": reason for n, reason in enumerate(reasons)},
        ExpressionAttributeValues={":expires": {"N": str(int(time.time()) + _TTL_S)}}
        | {f":{n}": {"N": str(counts[reason])} for n, reason in enumerate(reasons)},
    )


def get(day: str) -> dict[str, int]:
    """Return a day's counts by reason. One GetItem, not strongly consistent."""
    found = call(dynamodb().get_item, TableName=os.environ["REFUSALS_TABLE"], Key={_DAY: {"S": day}})
    return {name: int(value["N"]) for name, value in found.get("Item", {}).items() if name not in (_DAY, _EXPIRES_AT)}
