"""Writes that happen together or not at all, and when to try again."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import ClientError

from paidline import deadline, ids
from paidline.errors import Contention
from paidline.store.dynamodb import call, dynamodb

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

Item = dict[str, Any]

# DynamoDB's own limit.
MAX_OPERATIONS = 100

# Another transaction, a rival's or an earlier delivery of this one, holds the item: what comes of it is not told yet.
_CONFLICT = "TransactionConflict"

# A conflict, or a moment of throttling: nothing was written and nothing is wrong.
_RETRYABLE = frozenset({"None", _CONFLICT, "ThrottlingError", "ProvisionedThroughputExceeded"})
_CONDITION_FAILED = "ConditionalCheckFailed"

_FIRST_PAUSE_S = 0.004
_MAX_PAUSE_S = 0.3


class CancellationReason(NamedTuple):
    """What became of one operation of a cancelled transaction.

    Whether its condition failed, the item it met there, and whether another transaction held that item.
    """

    condition_failed: bool
    item: Item | None
    in_conflict: bool


class TransactionCancelled(Exception):
    """The transaction wrote nothing: `reasons` has one entry per operation, in their order."""

    def __init__(self, reasons: Sequence[CancellationReason]) -> None:
        """Keep what became of each operation."""
        super().__init__("transaction cancelled")
        self.reasons = reasons


def write(operations: Sequence["TransactWriteItemTypeDef"]) -> None:
    """Write all operations, or none and raise TransactionCancelled. One TransactWriteItems.

    It may be sent more than once; by the ClientRequestToken the store knows it again and applies it once.
    """
    try:
        call(dynamodb().transact_write_items, TransactItems=operations, ClientRequestToken=ids.new_request_id())
    except ClientError as error:
        if error.response["Error"]["Code"] != "TransactionCanceledException":
            raise
        raise TransactionCancelled(_cancellation_reasons(error)) from error


def _cancellation_reasons(error: ClientError) -> list[CancellationReason]:
    reasons: list[dict[str, Any]] = error.response.get("CancellationReasons", [])  # type: ignore[assignment]
    codes = [reason.get("Code", "None") for reason in reasons]
    if not codes or any(code not in _RETRYABLE and code != _CONDITION_FAILED for code in codes):
        raise error
    return [
        CancellationReason(code == _CONDITION_FAILED, reason.get("Item"), code == _CONFLICT)
        for code, reason in zip(codes, reasons, strict=True)
    ]


def read(table: str, key: Item) -> Item | None:
    """Read one item when no transaction holds it. One TransactGetItems; a conflict costs another.

    DynamoDB writes a transaction's items one by one, so a plain read may see one of them and not yet the next, however
    consistent it is. Whoever has seen a part of a transaction finds its other items by this read, and by no other.
    """
    get: Any = {"Get": {"TableName": table, "Key": key}}
    backoff = Backoff()
    while True:
        try:
            found = call(dynamodb().transact_get_items, TransactItems=[get])
            return found["Responses"][0].get("Item")
        except ClientError as error:
            if error.response["Error"]["Code"] != "TransactionCanceledException":
                raise
            _cancellation_reasons(error)
        backoff.wait()


class Backoff:
    """Pauses between tries against rivals, which grow until the rivals leave each other room."""

    def __init__(self) -> None:
        """Begin with short ones."""
        self._pause_s = _FIRST_PAUSE_S

    def wait(self) -> None:
        """Let the rivals pass; raise Contention when the request's time is up and they always came first."""
        deadline.pause(self._pause_s, Contention)
        self._pause_s = min(2 * self._pause_s, _MAX_PAUSE_S)


def was_already_written(cancelled: TransactionCancelled, request_id: str) -> bool:
    """Tell whether a transaction was cancelled because an earlier delivery of it had been written already.

    What got no answer is sent again, and a store that has forgotten the first delivery refuses the second:
    the row that stands in the way then carries the request's own id.
    """
    own = {"S": request_id}
    return any(reason.item is not None and reason.item.get("requestId") == own for reason in cancelled.reasons)
