"""The status log: one immutable row per accepted update, keyed by agent and id."""

import os
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from paidline.store import agents, expiry
from paidline.store.dynamodb import pages

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

STATUS_INDEX = "status"

# Ids have 53 bits and so at most 16 digits; padded to 16, they sort as text.
_MAX_ID = 10**16 - 1


class StatusLogRow(NamedTuple):
    """One update. `id` increases with time per agent, `created` is a stored time, `request_id` names the request."""

    id: int
    user_id: int
    ref: str
    created: str
    status: str
    handler: str
    ip: str
    request_id: str

    def to_item(self) -> dict[str, Any]:
        """Return the DynamoDB item."""
        return {
            "refKey": {"S": agents.ref_key(self.ref)},
            "id": {"N": str(self.id)},
            "statusId": {"S": _status_id(self.status, self.id)},
            "userId": {"N": str(self.user_id)},
            "ref": {"S": self.ref},
            "created": {"S": self.created},
            "status": {"S": self.status},
            "handler": {"S": self.handler},
            "ip": {"S": self.ip},
            "requestId": {"S": self.request_id},
        }

    @classmethod
    def from_item(cls, item: dict[str, Any]) -> "StatusLogRow":
        """Build from a DynamoDB item."""
        return cls(
            id=int(item["id"]["N"]),
            user_id=int(item["userId"]["N"]),
            ref=item["ref"]["S"],
            created=item["created"]["S"],
            status=item["status"]["S"],
            handler=item["handler"]["S"],
            ip=item["ip"]["S"],
            request_id=item["requestId"]["S"],
        )


def append(row: StatusLogRow) -> "TransactWriteItemTypeDef":
    """Return the operation that adds a row; its condition fails if the id is taken."""
    return {
        "Put": {
            "TableName": os.environ["STATUS_LOG_TABLE"],
            "Item": {**row.to_item(), **expiry.attribute("STATUS_LOG_DAYS")},
            "ConditionExpression": "attribute_not_exists(id)",
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
    }


def list_newest(ref: str, limit: int, before: int | None, status: str | None) -> list[StatusLogRow]:
    """List an agent's rows, newest first: at most `limit`, with ids below `before`, optionally of one status.

    One Query of the table or the status index, since 1,000 rows of about 250 bytes fit in a page of one megabyte.
    """
    last = _MAX_ID if before is None else before - 1
    query: dict[str, Any] = {
        "TableName": os.environ["STATUS_LOG_TABLE"],
        "KeyConditionExpression": "refKey = :ref AND id <= :last",
        "ExpressionAttributeValues": {":ref": {"S": agents.ref_key(ref)}, ":last": {"N": str(last)}},
        "ScanIndexForward": False,
        "ConsistentRead": True,
        "Limit": limit,
    }
    if status is not None:
        query["IndexName"] = STATUS_INDEX
        query["KeyConditionExpression"] = "refKey = :ref AND statusId BETWEEN :first AND :last"
        query["ExpressionAttributeValues"][":first"] = {"S": _status_id(status, 0)}
        query["ExpressionAttributeValues"][":last"] = {"S": _status_id(status, last)}
    return [StatusLogRow.from_item(item) for item in islice(pages("query", query), limit)]


def _status_id(status: str, row_id: int) -> str:
    return f"{status}#{row_id:016}"
