"""Writes that happen together or not at all, and when to try again."""

import os
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import ClientError

from paidline import ids
from paidline.codes import StoreUnavailable
from paidline.store.client import client, translated

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

Item = dict[str, Any]

# DynamoDB's own limit.
MOST_OPERATIONS = 100

# A rival's transaction on the same item, or a moment of throttling: nothing was written and nothing is wrong.
_PASSING = frozenset({"None", "TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"})
_FAILED = "ConditionalCheckFailed"

# Kamailio hangs up on us after four seconds; what has not been won by then is given back as "send it again".
_PATIENCE_S = 2.5
_FIRST_PAUSE_S = 0.004
_LONGEST_PAUSE_S = 0.3
_SHORTEST_LONGEST_PAUSE_S = 0.008


class Clause(NamedTuple):
    """What became of one operation of a cancelled transaction: whether its condition failed, and the item it met."""

    failed: bool
    item: Item | None


class Cancelled(Exception):
    """The transaction wrote nothing: `clauses` has one entry per operation, in their order."""

    def __init__(self, clauses: Sequence[Clause]) -> None:
        """Keep what became of each operation."""
        super().__init__("transaction cancelled")
        self.clauses = clauses


def write(operations: Sequence["TransactWriteItemTypeDef"]) -> None:
    """Write all operations, or none and raise Cancelled. One TransactWriteItems.

    The SDK may send it more than once; by the ClientRequestToken the store knows it again and applies it once.
    """
    try:
        with translated:
            client().transact_write_items(TransactItems=operations, ClientRequestToken=ids.new_token())
    except ClientError as error:
        if error.response["Error"]["Code"] != "TransactionCanceledException":
            raise
        raise Cancelled(_clauses(error)) from error


def _clauses(error: ClientError) -> list[Clause]:
    reasons: list[dict[str, Any]] = error.response.get("CancellationReasons", [])  # type: ignore[assignment]
    codes = [reason.get("Code", "None") for reason in reasons]
    if not codes or any(code not in _PASSING and code != _FAILED for code in codes):
        raise error
    return [Clause(code == _FAILED, reason.get("Item")) for code, reason in zip(codes, reasons, strict=True)]


class Patience:
    """How long a request goes on trying, with jittered pauses between; the last one raises StoreUnavailable.

    The pauses grow until the rivals leave each other room, and shrink again as the time runs out: who has tried
    longest pauses least, or newcomers would always come first.
    """

    def __init__(self) -> None:
        """Start the clock."""
        self._end = time.monotonic() + _PATIENCE_S
        self._pause = _FIRST_PAUSE_S

    def left_s(self) -> float:
        """Tell how many seconds are left, a negative number of them when the time is up."""
        return self._end - time.monotonic()

    def wait(self) -> None:
        """Let the rivals pass; raise StoreUnavailable when the time is up and they always came first."""
        left = self.left_s()
        if left < 0:
            raise StoreUnavailable("contention")
        longest = max(_SHORTEST_LONGEST_PAUSE_S, _LONGEST_PAUSE_S * (left / _PATIENCE_S) ** 2)
        time.sleep(min(self._pause, longest) * int.from_bytes(os.urandom(2), "big") / 65535)
        self._pause *= 2


def was_ours(cancelled: Cancelled, token: str) -> bool:
    """Tell whether a transaction was cancelled because an earlier delivery of it had been written already.

    The SDK sends again what got no answer, and a store that has forgotten the first delivery refuses the second:
    the row that stands in the way then carries the request's own token.
    """
    return any(clause.item is not None and clause.item.get("token") == {"S": token} for clause in cancelled.clauses)
