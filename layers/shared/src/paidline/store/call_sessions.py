"""Call sessions: one item per recorded call, keyed by id."""

import os
from typing import TYPE_CHECKING, Any, NamedTuple

from paidline import clock
from paidline.store import expiry
from paidline.store.dynamodb import page

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

Item = dict[str, Any]

DAY_INDEX = "day"

# A read of a whole megabyte, 17,000 calls, might not be answered and parsed within an attempt's time.
DAY_CALLS_PER_READ = 1_000


class CallSession(NamedTuple):
    """A call that has ended.

    Times are as sent, naive and local; `duration` is in seconds; `request_id` is the id of the request that wrote it.
    Only a paid call knows its `tokens_charged`.
    """

    id: int
    ref: str
    user_id: int
    dialed_number: str
    inbound_number: str
    outbound_number: str
    dial_status: str
    duration: int
    start_time: str
    end_time: str
    tpm: int
    created: str
    request_id: str
    tokens_charged: int = 0

    def to_item(self) -> dict[str, Any]:
        """Return the DynamoDB item, with the local day on which it was recorded, by which the index lists it."""
        item: Item = {
            "id": {"N": str(self.id)},
            "ref": {"S": self.ref},
            "userId": {"N": str(self.user_id)},
            "dialedNumber": {"S": self.dialed_number},
            "inboundNumber": {"S": self.inbound_number},
            "outboundNumber": {"S": self.outbound_number},
            "dialStatus": {"S": self.dial_status},
            "duration": {"N": str(self.duration)},
            "startTime": {"S": self.start_time},
            "endTime": {"S": self.end_time},
            "tpm": {"N": str(self.tpm)},
            "created": {"S": self.created},
            "requestId": {"S": self.request_id},
            "day": {"S": clock.local_day(self.created)},
        }
        if self.tokens_charged:
            item["tokensCharged"] = {"N": str(self.tokens_charged)}
        return item

    @classmethod
    def from_item(cls, item: dict[str, Any]) -> "CallSession":
        """Build from a DynamoDB item."""
        return cls(
            id=int(item["id"]["N"]),
            ref=item["ref"]["S"],
            user_id=int(item["userId"]["N"]),
            dialed_number=item["dialedNumber"]["S"],
            inbound_number=item["inboundNumber"]["S"],
            outbound_number=item["outboundNumber"]["S"],
            dial_status=item["dialStatus"]["S"],
            duration=int(item["duration"]["N"]),
            start_time=item["startTime"]["S"],
            end_time=item["endTime"]["S"],
            tpm=int(item["tpm"]["N"]),
            created=item["created"]["S"],
            request_id=item["requestId"]["S"],
            tokens_charged=int(item["tokensCharged"]["N"]) if "tokensCharged" in item else 0,
        )


class DayCall(NamedTuple):
    """What the index has of a call."""

    id: int
    dial_status: str
    tokens_charged: int


def create(session: CallSession) -> "TransactWriteItemTypeDef":
    """Return the operation that adds a call session; its condition fails if the id is taken."""
    return {
        "Put": {
            "TableName": os.environ["CALL_SESSIONS_TABLE"],
            "Item": {**session.to_item(), **expiry.attribute("CALL_SESSION_DAYS")},
            "ConditionExpression": "attribute_not_exists(id)",
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
    }


def list_day_page(day: str, after_id: int) -> tuple[list[DayCall], bool]:
    """Read calls that were recorded on a local day (YYYY-MM-DD), oldest first, and whether more may follow.

    They are the first thousand with a greater id. One Query of the index, which may lag behind the table.
    """
    query: dict[str, Any] = {
        "TableName": os.environ["CALL_SESSIONS_TABLE"],
        "IndexName": DAY_INDEX,
        "KeyConditionExpression": "#day = :day AND id > :after",
        # Without the day itself, which would be a quarter of the answer.
        "ProjectionExpression": "id, dialStatus, tokensCharged",
        "ExpressionAttributeNames": {"#day": "day"},
        "ExpressionAttributeValues": {":day": {"S": day}, ":after": {"N": str(after_id)}},
        "Limit": DAY_CALLS_PER_READ,
    }
    items, next_key = page("query", query, None)
    return [_day_call(item) for item in items], next_key is not None


def _day_call(item: Item) -> DayCall:
    charged = item.get("tokensCharged", {"N": "0"})
    return DayCall(int(item["id"]["N"]), item["dialStatus"]["S"], int(charged["N"]))


def list_page(inbound_number: str, after: Item | None) -> tuple[list[CallSession], Item | None]:
    """Read a page of the calls from a number, and where the next page begins. One Scan of at most a megabyte."""
    scan: dict[str, Any] = {
        "TableName": os.environ["CALL_SESSIONS_TABLE"],
        "FilterExpression": "inboundNumber = :number",
        "ExpressionAttributeValues": {":number": {"S": inbound_number}},
        "ConsistentRead": True,
    }
    items, next_key = page("scan", scan, after)
    return [CallSession.from_item(item) for item in items], next_key


def list_all_page(after: Item | None) -> tuple[list[CallSession], Item | None]:
    """Read a page of all calls, and where the next page begins. One Scan of at most a megabyte."""
    items, next_key = page("scan", {"TableName": os.environ["CALL_SESSIONS_TABLE"], "ConsistentRead": True}, after)
    return [CallSession.from_item(item) for item in items], next_key


def set_inbound_number(session: CallSession, inbound_number: str) -> "TransactWriteItemTypeDef":
    """Return the operation that replaces a call's inbound number; its condition fails if it has changed."""
    return {
        "Update": {
            "TableName": os.environ["CALL_SESSIONS_TABLE"],
            "Key": {"id": {"N": str(session.id)}},
            "UpdateExpression": "SET inboundNumber = :number",
            "ConditionExpression": "inboundNumber = :read",
            "ExpressionAttributeValues": {
                ":number": {"S": inbound_number},
                ":read": {"S": session.inbound_number},
            },
        }
    }
