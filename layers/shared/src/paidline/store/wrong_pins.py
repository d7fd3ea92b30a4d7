"""Wrong PINs: how many were tried on a service number in a minute, and from where. DynamoDB deletes the items later."""

import os
from typing import NamedTuple

from paidline.store.dynamodb import call, dynamodb

# Kept for a day, so that an operator can see what happened.
_TTL_S = 24 * 60 * 60


class WrongPins(NamedTuple):
    """How many wrong PINs a service number got in one minute: from everywhere, and from one source."""

    total: int
    from_source: int


def count(dialed_number: str, minute: int, source: str) -> WrongPins:
    """Count one wrong PIN and return the counts with it. One UpdateItem.

    `minute` is in minutes since 1970, `source` the attribute that counts one source. A retry may count twice.
    """
    updated = call(
        dynamodb().update_item,
        TableName=os.environ["WRONG_PINS_TABLE"],
        Key={"dialedNumber": {"S": dialed_number}, "minute": {"N": str(minute)}},
        UpdateExpression="ADD #total :one, #source :one SET expiresAt = :expires",
        ExpressionAttributeNames={"#total": "total", "#source": source},
        ExpressionAttributeValues={":one": {"N": "1"}, ":expires": {"N": str(minute * 60 + _TTL_S)}},
        ReturnValues="UPDATED_NEW",
    )
    counts = updated["Attributes"]
    return WrongPins(int(counts["total"]["N"]), int(counts[source]["N"]))
