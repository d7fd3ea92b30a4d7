"""Write in parallel: a few transactions at a time, slower when DynamoDB says so, and never more ahead than that.

Everything is written in transactions with conditions, as many changes in one as fit, so that a wallet, its pointer and
its ledger agree and nothing that changed meanwhile is overwritten.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, Any, TypeVar

from botocore.exceptions import ClientError

from admin.importing.kind import Change, Operation
from paidline.store.transaction import MAX_OPERATIONS

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Work = TypeVar("Work")
Result = TypeVar("Result")

# Python is the bottleneck on one machine, and a round trip's wait is on AWS.
THREADS = 8
_MAX_ATTEMPTS = 10
_FIRST_PAUSE_S, _MAX_PAUSE_S = 0.05, 5.0
_FAILED = "ConditionalCheckFailed"
# The transaction wrote nothing, and may succeed later.
_UNDECIDED = frozenset({"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"})


class StoreTooBusy(Exception):
    """DynamoDB kept refusing for lack of capacity. What was written so far stays."""


def in_parallel(
    work: Callable[[Work], Result], pieces: Iterable[Work], threads: int = THREADS
) -> Iterator[tuple[Work, Result]]:
    """Do the work on each piece, and yield results as they come. At most two pieces per thread are taken ahead.

    If a piece fails, no further one is begun, those that have begun are finished, and the error is raised.
    """
    running: dict[Future[Result], Work] = {}
    with ThreadPoolExecutor(threads) as pool:
        try:
            for piece in pieces:
                running[pool.submit(work, piece)] = piece
                if len(running) >= 2 * threads:
                    yield from _finished(running)
            while running:
                yield from _finished(running)
        finally:
            pool.shutdown(cancel_futures=True)


def _finished(running: dict[Future[Result], Work]) -> Iterator[tuple[Work, Result]]:
    done, _ = wait(running, return_when=FIRST_COMPLETED)
    for future in done:
        yield running.pop(future), future.result()


def transactions(changes: Iterable[Change]) -> Iterator[list[Change]]:
    """Group changes so that each group fits in one transaction."""
    group: list[Change] = []
    size = 0
    for change in changes:
        if group and size + len(change.operations) > MAX_OPERATIONS:
            yield group
            group, size = [], 0
        group.append(change)
        size += len(change.operations)
    if group:
        yield group


def write_changes(client: DynamoDBClient, changes: list[Change]) -> list[Change]:
    """Write changes in one transaction, or one by one if one of them cannot be. Return those that cannot be.

    A change cannot be written if what is stored is no longer what it was compared with.
    """
    if _write(client, [operation for change in changes for operation in change.operations]):
        return []
    if len(changes) == 1:
        return changes
    return [change for change in changes if not _write(client, change.operations)]


def _write(client: DynamoDBClient, operations: list[Operation]) -> bool:
    """Write a transaction, and return whether its conditions held. The SDK's retries of one call count once."""
    for pause_s in _pauses():
        try:
            client.transact_write_items(TransactItems=operations)
            return True
        except ClientError as error:
            reasons: list[dict[str, Any]] = error.response.get("CancellationReasons", [])  # type: ignore[assignment]
            codes = {reason.get("Code") for reason in reasons}
            if _FAILED in codes:
                return False
            if not codes & _UNDECIDED:
                raise
        time.sleep(pause_s)
    raise StoreTooBusy


def _pauses() -> Iterator[float]:
    for attempt in range(_MAX_ATTEMPTS):
        yield min(_FIRST_PAUSE_S * 2**attempt, _MAX_PAUSE_S) * random.uniform(0.5, 1)
