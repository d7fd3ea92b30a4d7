"""Transactions that are committed one item after the other, as DynamoDB's two-phase commit does it.

First all items are prepared: their conditions are checked, and they are held. If every condition holds, the transaction
is decided, and its items are written one by one. One that is not written yet shows its old value to plain reads and
answers TransactionConflict to every other transaction, be it a write or a TransactGetItems; one that is written is like
any other.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.simulation.messages import TRANSACTION, TRANSACTION_OF_READS, Received, Sent, error

Operation = dict[str, dict[str, Any]]

_CONFLICT = {"Code": "TransactionConflict"}


@dataclass
class Commit:
    """A transaction that is decided, and what of it is still to be written."""

    sent: Sent
    left: list[Operation]


class Commits:
    """The transactions that are being committed, in front of an engine that `send` reaches."""

    def __init__(self, send: Callable[[Sent], Received]) -> None:
        self.under_way: list[Commit] = []
        self._send = send
        self._keys: dict[str, list[str]] = {}

    def meets(self, sent: Sent) -> Received | None:
        """The store's answer where a transaction meets an item that is held; nothing where the engine may answer."""
        if not self.under_way or sent.operation not in (TRANSACTION, TRANSACTION_OF_READS):
            return None
        if sent.token and any(commit.sent.token == sent.token for commit in self.under_way):
            return error(400, "TransactionInProgressException")
        held = {self._item(operation) for commit in self.under_way for operation in commit.left}
        operations: list[Operation] = json.loads(sent.body)["TransactItems"]
        free = [operation for operation in operations if self._item(operation) not in held]
        if len(free) == len(operations):
            return None
        told = iter(self._check(free) if sent.operation == TRANSACTION else [{"Code": "None"}] * len(free))
        reasons = [_CONFLICT if self._item(operation) in held else next(told) for operation in operations]
        return error(400, "TransactionCanceledException", CancellationReasons=reasons)

    def prepare(self, sent: Sent) -> Received:
        """Decides a transaction. If it succeeds, nothing of it is written yet."""
        if met := self.meets(sent):
            return met
        operations: list[Operation] = json.loads(sent.body)["TransactItems"]
        reasons = self._check(operations)
        if any(reason["Code"] != "None" for reason in reasons):
            return error(400, "TransactionCanceledException", CancellationReasons=reasons)
        self.under_way.append(Commit(sent, operations))
        return Received(200, {"content-type": "application/x-amz-json-1.0"}, b"{}")

    def write_one(self, commit: Commit, index: int) -> None:
        """Writes one more item of a transaction; it may be the last one."""
        body = {"TransactItems": [commit.left.pop(index)]}
        written = self._send(Sent(TRANSACTION, json.dumps(body).encode()))
        assert written.status == 200, f"what is held is written, but the engine answered {written.body!r}"
        if not commit.left:
            self.under_way.remove(commit)

    def finish(self) -> None:
        """Writes everything that is left."""
        while self.under_way:
            self.write_one(self.under_way[0], 0)

    def _check(self, operations: list[Operation]) -> list[dict[str, Any]]:
        """Asks the engine which conditions hold, and writes nothing."""
        if not operations:
            return []
        body = {"TransactItems": [self._condition(operation) for operation in operations]}
        answer = json.loads(self._send(Sent(TRANSACTION, json.dumps(body).encode())).body)
        reasons: list[dict[str, Any]] = answer.get("CancellationReasons", [{"Code": "None"}] * len(operations))
        return reasons

    def _condition(self, operation: Operation) -> Operation:
        (details,) = operation.values()
        expression = details["ConditionExpression"]
        condition = {
            "TableName": details["TableName"],
            "Key": self._key(details),
            "ConditionExpression": expression,
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        # A name or value that the expression does not use is an error.
        used = set(re.findall(r"[:#]\w+", expression))
        for kind in ("ExpressionAttributeNames", "ExpressionAttributeValues"):
            if kept := {name: value for name, value in details.get(kind, {}).items() if name in used}:
                condition[kind] = kept
        return {"ConditionCheck": condition}

    def _item(self, operation: Operation) -> str:
        (details,) = operation.values()
        return json.dumps([details["TableName"], self._key(details)], sort_keys=True)

    def _key(self, details: dict[str, Any]) -> dict[str, Any]:
        if "Key" in details:
            key: dict[str, Any] = details["Key"]
            return key
        return {name: details["Item"][name] for name in self._key_names(details["TableName"])}

    def _key_names(self, table: str) -> list[str]:
        if table not in self._keys:
            answer = self._send(Sent("DescribeTable", json.dumps({"TableName": table}).encode()))
            self._keys[table] = [key["AttributeName"] for key in json.loads(answer.body)["Table"]["KeySchema"]]
        return self._keys[table]
