"""Agents: status and line, in one small item each. Profile texts are stored separately, in `profiles`.

A status is written many times an hour, and DynamoDB charges for writes by the size of the whole item.
"""

import os
from typing import TYPE_CHECKING, Any, NamedTuple

from paidline.store import versions
from paidline.store.dynamodb import call, dynamodb, pages

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

LINE_INDEX = "line"


class Agent(NamedTuple):
    """An agent. `last_log_id` is the id of the newest status log row, and serves as the item's version."""

    user_id: int
    ref: str
    status: str
    outbound_number: str
    line_sharing: bool
    last_log_id: int
    dial_time_out: int = 0
    tpm: int = 0
    last_status_change: str = ""
    version: int = 0

    def to_item(self) -> dict[str, Any]:
        """Return the DynamoDB item. Without an outbound number it is not in the line index."""
        item: dict[str, Any] = {
            "refKey": {"S": ref_key(self.ref)},
            "userId": {"N": str(self.user_id)},
            "ref": {"S": self.ref},
            "status": {"S": self.status},
            "lineSharing": {"BOOL": self.line_sharing},
            "lastLogId": {"N": str(self.last_log_id)},
            "dialTimeOut": {"N": str(self.dial_time_out)},
            "tpm": {"N": str(self.tpm)},
            "lastStatusChange": {"S": self.last_status_change},
            **versions.attribute(self.version),
        }
        if self.outbound_number:
            item["outboundNumber"] = {"S": self.outbound_number}
        return item

    @classmethod
    def from_item(cls, item: dict[str, Any]) -> "Agent":
        """Build from an item of the table or of the line index, which lacks half of it."""
        return cls(
            user_id=int(item["userId"]["N"]),
            ref=item["ref"]["S"],
            status=item["status"]["S"],
            outbound_number=item["outboundNumber"]["S"] if "outboundNumber" in item else "",
            line_sharing=item["lineSharing"]["BOOL"],
            last_log_id=int(item["lastLogId"]["N"]),
            dial_time_out=int(item["dialTimeOut"]["N"]) if "dialTimeOut" in item else 0,
            tpm=int(item["tpm"]["N"]) if "tpm" in item else 0,
            last_status_change=item["lastStatusChange"]["S"] if "lastStatusChange" in item else "",
            version=versions.of(item),
        )


def ref_key(ref: str) -> str:
    """Return an agent's partition key: the ref without its leading zeros, which are not significant."""
    return ref.lstrip("0") or "0"


def get(ref: str) -> Agent | None:
    """Read one agent. One GetItem, strongly consistent: a status that was just set decides who gets the call."""
    found = call(
        dynamodb().get_item,
        TableName=os.environ["AGENTS_TABLE"],
        Key={"refKey": {"S": ref_key(ref)}},
        ConsistentRead=True,
    )
    item = found.get("Item")
    return Agent.from_item(item) if item else None


def find_by_outbound_number(outbound_number: str) -> list[Agent]:
    """List the agents with an outbound number, by ascending userId. One Query of the line index per megabyte."""
    query: Any = {
        "TableName": os.environ["AGENTS_TABLE"],
        "IndexName": LINE_INDEX,
        "KeyConditionExpression": "outboundNumber = :line",
        "ExpressionAttributeValues": {":line": {"S": outbound_number}},
    }
    return [Agent.from_item(item) for item in pages("query", query)]


def list_all(*, consistent: bool = False) -> list[Agent]:
    """List all agents, unordered. One Scan per megabyte."""
    scan: dict[str, Any] = {"TableName": os.environ["AGENTS_TABLE"]}
    if consistent:
        scan["ConsistentRead"] = True
    return [Agent.from_item(item) for item in pages("scan", scan)]


def create(agent: Agent) -> "TransactWriteItemTypeDef":
    """Return the operation that adds an agent; its condition fails if another has the ref."""
    return {
        "Put": {
            "TableName": os.environ["AGENTS_TABLE"],
            "Item": agent.to_item(),
            "ConditionExpression": "attribute_not_exists(refKey)",
        }
    }


def change(before: Agent, after: Agent) -> "TransactWriteItemTypeDef":
    """Return the operation that changes an agent, provided no operator has since it was read.

    It sets only the attributes that differ, so that a status which is set meanwhile stays. A change of status has the
    condition that there was none meanwhile.
    """
    old, new = before.to_item(), after.to_item()
    sets = {name: value for name, value in new.items() if old.get(name) != value}
    removes = old.keys() - new.keys()
    others = {"lastLogId": old["lastLogId"]} if "lastLogId" in sets else {}
    unchanged = versions.unchanged("refKey", before.version, **others)
    expression = "SET " + ", ".join(f"#{name} = :new_{name}" for name in sets)
    if removes:
        expression += " REMOVE " + ", ".join(f"#{name}" for name in sorted(removes))
    update: Any = {
        "TableName": os.environ["AGENTS_TABLE"],
        "Key": {"refKey": old["refKey"]},
        "UpdateExpression": expression,
        **unchanged,
        "ExpressionAttributeNames": {
            **unchanged["ExpressionAttributeNames"],
            **{f"#{name}": name for name in (*sets, *removes)},
        },
        "ExpressionAttributeValues": {
            **unchanged.get("ExpressionAttributeValues", {}),
            **{f":new_{name}": value for name, value in sets.items()},
        },
    }
    return {"Update": update}


def remove(before: Agent) -> "TransactWriteItemTypeDef":
    """Return the operation that removes an agent, provided neither status nor version has changed since it was read."""
    item = before.to_item()
    delete: Any = {
        "TableName": os.environ["AGENTS_TABLE"],
        "Key": {"refKey": item["refKey"]},
        **versions.unchanged("refKey", before.version, lastLogId=item["lastLogId"]),
    }
    return {"Delete": delete}


def set_status(agent: Agent, status: str, log_id: int, now: str) -> "TransactWriteItemTypeDef":
    """Return the operation that sets an agent's status, provided the agent has not changed since it was read.

    The condition fails if another request set the status first or the agent moved to another line. The time of the
    last change is updated only if the status differs.
    """
    values: dict[str, Any] = {
        ":status": {"S": status},
        ":log_id": {"N": str(log_id)},
        ":version": {"N": str(agent.last_log_id)},
        ":sharing": {"BOOL": agent.line_sharing},
    }
    update = "SET #status = :status, lastLogId = :log_id"
    if status != agent.status:
        update += ", lastStatusChange = :now"
        values[":now"] = {"S": now}
    same_line = "attribute_not_exists(outboundNumber)"
    if agent.outbound_number:
        same_line = "outboundNumber = :line"
        values[":line"] = {"S": agent.outbound_number}
    return {
        "Update": {
            "TableName": os.environ["AGENTS_TABLE"],
            "Key": {"refKey": {"S": ref_key(agent.ref)}},
            "UpdateExpression": update,
            "ConditionExpression": f"lastLogId = :version AND lineSharing = :sharing AND {same_line}",
            "ExpressionAttributeNames": {"#status": "status"},
            "ExpressionAttributeValues": values,
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
    }
