"""Transactions, the reasons why they are cancelled, and the backoff between retries."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import ClientError

from paidline import deadline, ids
from paidline.errors import Contention
from paidline.store.dynamodb import call, dynamodb

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

Item = dict[str, Any]

# DynamoDB's limit for one transaction.
MAX_OPERATIONS = 100

# Another transaction, possibly an earlier delivery of this one, is writing the item, or the item is throttled: nothing
# was written, the transaction may be retried, and whether the condition holds is unknown.
_UNDECIDED = frozenset({"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"})
_NO_REASON = "None"
_CONDITION_FAILED = "ConditionalCheckFailed"

_FIRST_PAUSE_S = 0.004
_MAX_PAUSE_S = 0.3


class CancellationReason(NamedTuple):
    """Why one operation of a transaction was cancelled, if it was.

    `item` is the stored item if the condition failed; `undecided` means that DynamoDB could not evaluate the condition.
    """

    condition_failed: bool
    item: Item | None
    undecided: bool


class TransactionCancelled(Exception):
    """The transaction wrote nothing. `reasons` has one entry per operation, in the same order."""

    def __init__(self, reasons: Sequence[CancellationReason]) -> None:
        super().__init__("transaction cancelled")
        self.reasons = reasons


def write(operations: Sequence["TransactWriteItemTypeDef"]) -> None:
    """Write all operations, or write none and raise TransactionCancelled. One TransactWriteItems.

    Retries carry the same ClientRequestToken, so DynamoDB applies the transaction once.
    """
    try:
        call(dynamodb().transact_write_items, TransactItems=operations, ClientRequestToken=ids.new_request_id())
    except ClientError as error:
        if error.response["Error"]["Code"] != "TransactionCanceledException":
            raise
        raise TransactionCancelled(_cancellation_reasons(error)) from error


def _cancellation_reasons(error: ClientError) -> list[CancellationReason]:
    reasons: list[dict[str, Any]] = error.response.get("CancellationReasons", [])  # type: ignore[assignment]
    codes = [reason.get("Code", _NO_REASON) for reason in reasons]
    if not codes or any(code not in {_NO_REASON, _CONDITION_FAILED, *_UNDECIDED} for code in codes):
        raise error
    return [
        CancellationReason(code == _CONDITION_FAILED, reason.get("Item"), code in _UNDECIDED)
        for code, reason in zip(codes, reasons, strict=True)
    ]


def read(table: str, key: Item) -> Item | None:
    """Read one item in isolation from transactions. One TransactGetItems; a conflict costs another.

    DynamoDB writes the items of a transaction one by one, so even a strongly consistent GetItem may see one of them
    and not yet another. After seeing part of a transaction, only this read is sure to find its other items.
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
    """Exponential backoff with jitter between the attempts of competing requests."""

    def __init__(self) -> None:
        self._pause_s = _FIRST_PAUSE_S

    def wait(self) -> None:
        """Pause before the next attempt. Contention is raised if the deadline passes before that attempt is sent."""
        deadline.pause(self._pause_s, Contention)
        self._pause_s = min(2 * self._pause_s, _MAX_PAUSE_S)


def was_already_written(cancelled: TransactionCancelled, request_id: str) -> bool:
    """Return whether the transaction was cancelled because an earlier delivery of it had already been written.

    A write without a response is retried. If DynamoDB no longer recognizes its ClientRequestToken, the retry's
    conditions fail on an item that carries the request's own id.
    """
    own = {"S": request_id}
    return any(reason.item is not None and reason.item.get("requestId") == own for reason in cancelled.reasons)
