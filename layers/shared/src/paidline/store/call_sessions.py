"""Call sessions: one item per recorded call, keyed by id."""

import os
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef


class CallSession(NamedTuple):
    """A call that has ended.

    Times are as sent, naive and local; `duration` is in seconds; `request_id` is the id of the request that wrote it.
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

    def to_item(self) -> dict[str, Any]:
        """Return the DynamoDB item."""
        return {
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
        }


def create(session: CallSession) -> "TransactWriteItemTypeDef":
    """Return the operation that adds a call session; its condition fails if the id is taken."""
    return {
        "Put": {
            "TableName": os.environ["CALL_SESSIONS_TABLE"],
            "Item": session.to_item(),
            "ConditionExpression": "attribute_not_exists(id)",
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
    }
