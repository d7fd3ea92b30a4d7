"""How a command changes something: planned from what was read, written at once, planned anew after a lost race."""

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from paidline.api.response import to_json
from paidline.domain.idempotency import Key, KeyAlreadyUsed, once
from paidline.errors import AlreadyExists, VersionConflict
from paidline.store import idempotency_keys, ledger, transaction
from paidline.store.ledger import LedgerEntry
from paidline.store.transaction import Backoff, TransactionCancelled

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

Result = dict[str, Any]


class Invocation(NamedTuple):
    """Who invokes a command, in which request, and under which idempotency key, if any."""

    operator: str
    request_id: str
    key: Key | None = None


class Done(NamedTuple):
    """The result of a command, and whether it is that of an earlier delivery."""

    result: Result
    is_replay: bool = False


class Plan(NamedTuple):
    """The operations of a transaction by name, and the result once they are written.

    `identities` are the names whose condition fails because another item has that identity, with a sentence that says
    so; if any other fails, a rival was faster. `entry` is the ledger entry among the operations, if there is one.
    """

    operations: Mapping[str, "TransactWriteItemTypeDef"]
    result: Result
    identities: Mapping[str, str] = {}
    entry: LedgerEntry | None = None


def check_version(stored: int, wanted: int | None) -> None:
    """Raise VersionConflict if the command is for another version than the stored one."""
    if wanted is not None and wanted != stored:
        raise VersionConflict("The item has been changed since it had this version.", "version")


def carry_out(invocation: Invocation, plan: Callable[[], Plan]) -> Done:
    """Write what `plan` returns, together with the idempotency key if there is one, once.

    `plan` reads and checks; it is called again after each lost race. One TransactWriteItems for each try.
    """
    outcome = once(invocation.key, lambda: to_json(_write(invocation.key, plan)))
    return Done(json.loads(outcome.body), outcome.is_replay)


def _write(key: Key | None, make_plan: Callable[[], Plan]) -> Result:
    backoff = Backoff()
    plan = make_plan()
    while True:
        operations = list(plan.operations.values())
        if key:
            operations.append(idempotency_keys.use(key.digest, key.request_digest, to_json(plan.result)))
        try:
            transaction.write(operations)
            return plan.result
        except TransactionCancelled as cancelled:
            if plan.entry and _was_already_written(plan.entry):
                return plan.result
            failed = [reason.condition_failed for reason in cancelled.reasons]
            if key and failed[-1]:
                raise KeyAlreadyUsed from cancelled
            for name, has_failed in zip(plan.operations, failed, strict=False):
                if has_failed and name in plan.identities:
                    raise AlreadyExists(plan.identities[name], name) from cancelled
        backoff.wait()
        # Only after a lost race: after a conflict, an earlier delivery of this plan may still commit, and a new plan
        # would then move tokens twice.
        if any(failed):
            plan = make_plan()


def _was_already_written(entry: LedgerEntry) -> bool:
    """Return whether an earlier delivery wrote the entry, as its request id shows. One TransactGetItems."""
    written = ledger.get(entry.wallet_id, entry.seq)
    return written is not None and written.request_id == entry.request_id
