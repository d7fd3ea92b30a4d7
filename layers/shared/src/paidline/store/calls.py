"""Paid calls, keyed by the PBX's id of the call and the PBX. Open ones are listed by a sparse index."""

import os
import time
from collections.abc import Iterator
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

from paidline.store import transaction
from paidline.store.dynamodb import call, dynamodb, page, pages

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

OPEN_INDEX = "open"

# A PBX's open calls are read in parts: with less memory, and the first of them can expire before all have been read.
_OPEN_PER_READ = 500

# How long the answer to an end can be repeated, as for idempotency keys. The call session is kept.
_TTL_S = 30 * 24 * 60 * 60


class CallState(StrEnum):
    """The states of a paid call: from open to ended, or from open to expired and then perhaps to ended."""

    OPEN = "open"
    ENDED = "ended"
    EXPIRED = "expired"


class TakenAgent(NamedTuple):
    """An agent who is in conversation by a call, as long as `log_id` is the id of their newest status log row."""

    ref: str
    user_id: int
    log_id: int


class Ending(NamedTuple):
    """How a call ended: what was reported, the id of its call session, and what became of the tokens.

    Times are naive and local, `duration` is in seconds. `tokens` is what the wallet had available afterwards.
    A call that an operator has settled has an `operator` and a `reason`.
    """

    request_id: str
    request_digest: str
    session_id: int
    dial_status: str
    duration: int
    start_time: str
    end_time: str
    tokens_charged: int
    uncollected_tokens: int
    tokens: int
    operator: str = ""
    reason: str = ""


class Call(NamedTuple):
    """A paid call. `opened` is a stored time, `deadline` in epoch seconds: until then an open call may last.

    `tokens` is what the wallet had available after the call's hold, `held` what the call holds or held.
    `request_id` and `request_digest` are of the request that opened it.
    """

    call_id: str
    pbx: str
    state: CallState
    opened: str
    deadline: int
    request_id: str
    request_digest: str
    application_id: str
    wallet_id: str
    pin: str
    dialed_number: str
    inbound_number: str
    billing_increments: str
    user_id: int
    ref: str
    outbound_number: str
    dial_time_out: int
    line_sharing: bool
    tpm: int
    tokens: int
    held: int
    max_seconds: int
    agents: tuple[TakenAgent, ...]
    ending: Ending | None = None

    def to_item(self) -> dict[str, Any]:
        """Return the DynamoDB item. Only an open call has a deadline, and so is in the index."""
        item: dict[str, Any] = {
            **_key(self.call_id, self.pbx),
            "state": {"S": self.state},
            "opened": {"S": self.opened},
            "requestId": {"S": self.request_id},
            "requestDigest": {"S": self.request_digest},
            "applicationId": {"S": self.application_id},
            "walletId": {"S": self.wallet_id},
            "pin": {"S": self.pin},
            "dialedNumber": {"S": self.dialed_number},
            "inboundNumber": {"S": self.inbound_number},
            "billingIncrements": {"S": self.billing_increments},
            "userId": {"N": str(self.user_id)},
            "ref": {"S": self.ref},
            "outboundNumber": {"S": self.outbound_number},
            "dialTimeOut": {"N": str(self.dial_time_out)},
            "lineSharing": {"BOOL": self.line_sharing},
            "tpm": {"N": str(self.tpm)},
            "tokens": {"N": str(self.tokens)},
            "held": {"N": str(self.held)},
            "maxSeconds": {"N": str(self.max_seconds)},
            "agents": {"L": [_agent_item(agent) for agent in self.agents]},
            "deadline" if self.state is CallState.OPEN else "wasDeadline": {"N": str(self.deadline)},
        }
        if self.ending:
            item["ending"] = {"M": _ending_item(self.ending)}
            item["expiresAt"] = {"N": str(int(time.time()) + _TTL_S)}
        return item

    @classmethod
    def from_item(cls, item: dict[str, Any]) -> "Call":
        """Build from a DynamoDB item."""
        return cls(
            call_id=item["callId"]["S"],
            pbx=item["pbx"]["S"],
            state=CallState(item["state"]["S"]),
            opened=item["opened"]["S"],
            deadline=int(item["deadline" if "deadline" in item else "wasDeadline"]["N"]),
            request_id=item["requestId"]["S"],
            request_digest=item["requestDigest"]["S"],
            application_id=item["applicationId"]["S"],
            wallet_id=item["walletId"]["S"],
            pin=item["pin"]["S"],
            dialed_number=item["dialedNumber"]["S"],
            inbound_number=item["inboundNumber"]["S"],
            billing_increments=item["billingIncrements"]["S"],
            user_id=int(item["userId"]["N"]),
            ref=item["ref"]["S"],
            outbound_number=item["outboundNumber"]["S"],
            dial_time_out=int(item["dialTimeOut"]["N"]),
            line_sharing=item["lineSharing"]["BOOL"],
            tpm=int(item["tpm"]["N"]),
            tokens=int(item["tokens"]["N"]),
            held=int(item["held"]["N"]),
            max_seconds=int(item["maxSeconds"]["N"]),
            agents=tuple(
                TakenAgent(agent["M"]["ref"]["S"], int(agent["M"]["userId"]["N"]), int(agent["M"]["logId"]["N"]))
                for agent in item["agents"]["L"]
            ),
            ending=_ending(item["ending"]["M"]) if "ending" in item else None,
        )


def _key(call_id: str, pbx: str) -> dict[str, Any]:
    return {"callId": {"S": call_id}, "pbx": {"S": pbx}}


def _agent_item(agent: TakenAgent) -> dict[str, Any]:
    return {
        "M": {"ref": {"S": agent.ref}, "userId": {"N": str(agent.user_id)}, "logId": {"N": str(agent.log_id)}},
    }


def _ending_item(ending: Ending) -> dict[str, Any]:
    by_operator = {"operator": ending.operator, "reason": ending.reason}
    return {
        "requestId": {"S": ending.request_id},
        "requestDigest": {"S": ending.request_digest},
        "sessionId": {"N": str(ending.session_id)},
        "dialStatus": {"S": ending.dial_status},
        "duration": {"N": str(ending.duration)},
        "startTime": {"S": ending.start_time},
        "endTime": {"S": ending.end_time},
        "tokensCharged": {"N": str(ending.tokens_charged)},
        "uncollectedTokens": {"N": str(ending.uncollected_tokens)},
        "tokens": {"N": str(ending.tokens)},
        **{name: {"S": text} for name, text in by_operator.items() if text},
    }


def _ending(item: dict[str, Any]) -> Ending:
    return Ending(
        request_id=item["requestId"]["S"],
        request_digest=item["requestDigest"]["S"],
        session_id=int(item["sessionId"]["N"]),
        dial_status=item["dialStatus"]["S"],
        duration=int(item["duration"]["N"]),
        start_time=item["startTime"]["S"],
        end_time=item["endTime"]["S"],
        tokens_charged=int(item["tokensCharged"]["N"]),
        uncollected_tokens=int(item["uncollectedTokens"]["N"]),
        tokens=int(item["tokens"]["N"]),
        operator=item.get("operator", {"S": ""})["S"],
        reason=item.get("reason", {"S": ""})["S"],
    )


def get(call_id: str, pbx: str) -> Call | None:
    """Read a call. One GetItem, strongly consistent; may see a transaction's other items before this one."""
    found = call(dynamodb().get_item, TableName=os.environ["CALLS_TABLE"], Key=_key(call_id, pbx), ConsistentRead=True)
    item = found.get("Item")
    return Call.from_item(item) if item else None


def get_isolated(call_id: str, pbx: str) -> Call | None:
    """Read a call that may be being written. One TransactGetItems; see `transaction.read`."""
    item = transaction.read(os.environ["CALLS_TABLE"], _key(call_id, pbx))
    return Call.from_item(item) if item else None


def create(new: Call) -> "TransactWriteItemTypeDef":
    """Return the operation that opens a call; its condition fails if the PBX has used the id before."""
    return {
        "Put": {
            "TableName": os.environ["CALLS_TABLE"],
            "Item": new.to_item(),
            "ConditionExpression": "attribute_not_exists(callId)",
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
    }


def replace(before: Call, after: Call) -> "TransactWriteItemTypeDef":
    """Return the operation that moves a call on from the state in which it was read.

    No state comes twice, so the state is the item's version.
    """
    return {
        "Put": {
            "TableName": os.environ["CALLS_TABLE"],
            "Item": after.to_item(),
            "ConditionExpression": "#state = :seen",
            "ExpressionAttributeNames": {"#state": "state"},
            "ExpressionAttributeValues": {":seen": {"S": before.state}},
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
    }


class OpenCall(NamedTuple):
    """An open call as the index lists it: `opened` is a stored time."""

    call_id: str
    pbx: str
    opened: str


def list_open(pbx: str, until: int | None = None) -> Iterator[OpenCall]:
    """Yield a PBX's open calls by their deadlines, all or those with one up to `until` (epoch seconds).

    One Query of the index per five hundred, which may lag behind the table.
    """
    query: dict[str, Any] = {
        "TableName": os.environ["CALLS_TABLE"],
        "IndexName": OPEN_INDEX,
        "KeyConditionExpression": "pbx = :pbx",
        "ExpressionAttributeValues": {":pbx": {"S": pbx}},
        "Limit": _OPEN_PER_READ,
    }
    if until is not None:
        query["KeyConditionExpression"] += " AND deadline <= :until"
        query["ExpressionAttributeValues"][":until"] = {"N": str(until)}
    for item in pages("query", query):
        yield OpenCall(item["callId"]["S"], item["pbx"]["S"], item["opened"]["S"])


def list_all_open() -> Iterator[OpenCall]:
    """Yield the open calls of all PBXs, unordered. One Scan of the index per megabyte, some eight thousand calls."""
    scan = {"TableName": os.environ["CALLS_TABLE"], "IndexName": OPEN_INDEX}
    for item in pages("scan", scan):
        yield OpenCall(item["callId"]["S"], item["pbx"]["S"], item["opened"]["S"])


def list_page(wallet_id: str, after: dict[str, Any] | None) -> tuple[list[Call], dict[str, Any] | None]:
    """Read a page of a wallet's calls, and where the next page begins. One Scan of at most a megabyte."""
    scan: dict[str, Any] = {
        "TableName": os.environ["CALLS_TABLE"],
        "FilterExpression": "walletId = :wallet",
        "ExpressionAttributeValues": {":wallet": {"S": wallet_id}},
        "ConsistentRead": True,
    }
    items, next_key = page("scan", scan, after)
    return [Call.from_item(item) for item in items], next_key


def list_all_page(after: dict[str, Any] | None) -> tuple[list[Call], dict[str, Any] | None]:
    """Read a page of all calls, and where the next page begins. One Scan of at most a megabyte."""
    items, next_key = page("scan", {"TableName": os.environ["CALLS_TABLE"], "ConsistentRead": True}, after)
    return [Call.from_item(item) for item in items], next_key


def set_caller(before: Call, text: str) -> "TransactWriteItemTypeDef":
    """Return the operation that replaces a call's inbound number and PIN; its condition fails if its state changed."""
    return {
        "Update": {
            "TableName": os.environ["CALLS_TABLE"],
            "Key": _key(before.call_id, before.pbx),
            "UpdateExpression": "SET inboundNumber = :text, pin = :text",
            "ConditionExpression": "#state = :read",
            "ExpressionAttributeNames": {"#state": "state"},
            "ExpressionAttributeValues": {":text": {"S": text}, ":read": {"S": before.state}},
        }
    }
