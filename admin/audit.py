"""Check every wallet against its ledger, read-only: `python -m admin.audit`."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import botocore.session

from paidline.domain.types import MAX_TOKENS
from paidline.store.ledger import NO_DIGEST, LedgerEntry
from paidline.store.wallets import Wallet

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@dataclass
class Audit:
    """The result of an audit: counts, and each problem as a sentence with the wallet's id."""

    wallets: int = 0
    entries: int = 0
    tokens: int = 0
    problems: list[str] = field(default_factory=list)


def audit(client: DynamoDBClient) -> Audit:
    """Check that every wallet's balance follows from an unbroken, unchanged ledger.

    Environment variables name the tables. It is safe during live traffic: each ledger is read after its wallet, so it
    can only be ahead.
    """
    found = Audit()
    seen = set[str]()
    for item in _pages(client, "scan", {"TableName": os.environ["WALLETS_TABLE"], "ConsistentRead": True}):
        # A pointer from a phone number, not a wallet.
        if "pointsTo" in item:
            continue
        wallet = Wallet.from_item(item)
        if wallet.wallet_id in seen:
            found.problems.append(f"wallet {wallet.wallet_id}: two wallets have this id and share one ledger")
        seen.add(wallet.wallet_id)
        found.wallets += 1
        found.tokens += wallet.tokens
        found.problems += [f"wallet {wallet.wallet_id}: {problem}" for problem in _problems(client, wallet, found)]
    for wallet_id in sorted(_wallet_ids_in_ledger(client) - seen):
        found.problems.append(f"wallet {wallet_id}: it has a ledger but no wallet")
    return found


def _problems(client: DynamoDBClient, wallet: Wallet, found: Audit) -> Iterator[str]:
    if not 0 <= wallet.tokens <= MAX_TOKENS:
        yield f"the balance {wallet.tokens} is out of bounds"
    seq, balance, digest = 0, 0, NO_DIGEST
    for item in _entries(client, wallet.wallet_id):
        found.entries += 1
        try:
            entry = LedgerEntry.from_item(item)
        except (KeyError, ValueError):
            yield f"the entry after {seq} cannot be read"
            return
        if entry.seq > wallet.seq:
            if entry.seq > _seq_now(client, wallet):
                yield f"entry {entry.seq} is newer than the wallet"
            break
        if entry.seq != seq + 1:
            yield f"entry {seq + 1} is missing"
            return
        if entry.previous_digest != digest:
            yield f"entry {seq} was changed, or entry {entry.seq} does not continue it"
        if entry.balance != balance + entry.amount:
            yield f"entry {entry.seq} does not add up"
        if not 0 <= entry.balance <= MAX_TOKENS:
            yield f"the balance after entry {entry.seq} is out of bounds"
        seq, balance, digest = entry.seq, entry.balance, entry.digest()
    if seq != wallet.seq:
        yield f"entry {seq + 1} is missing"
    elif digest != wallet.digest:
        yield f"entry {seq} was changed"
    if seq == wallet.seq and balance != wallet.tokens:
        yield f"the balance is {wallet.tokens}, but the ledger's is {balance}"


def _entries(client: DynamoDBClient, wallet_id: str) -> Iterator[dict[str, Any]]:
    query = {
        "TableName": os.environ["WALLET_LEDGER_TABLE"],
        "KeyConditionExpression": "walletId = :wallet",
        "ExpressionAttributeValues": {":wallet": {"S": wallet_id}},
        "ConsistentRead": True,
    }
    return _pages(client, "query", query)


def _seq_now(client: DynamoDBClient, wallet: Wallet) -> int:
    item = client.get_item(
        TableName=os.environ["WALLETS_TABLE"],
        Key={name: value for name, value in wallet.to_item().items() if name in ("applicationId", "walletKey")},
        ConsistentRead=True,
    ).get("Item")
    return Wallet.from_item(item).seq if item else 0


def _wallet_ids_in_ledger(client: DynamoDBClient) -> set[str]:
    scan = {"TableName": os.environ["WALLET_LEDGER_TABLE"], "ProjectionExpression": "walletId"}
    return {item["walletId"]["S"] for item in _pages(client, "scan", scan)}


def _pages(client: DynamoDBClient, operation: str, parameters: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for page in client.get_paginator(operation).paginate(**parameters):  # type: ignore[call-overload]
        yield from page["Items"]


def report(client: Any, stack: str, problems: int) -> None:
    """Write the number of problems as a metric of the stack; an alarm rings if there are any, or no metric."""
    client.put_metric_data(
        Namespace="Paidline",
        MetricData=[
            {
                "MetricName": "AuditProblems",
                "Dimensions": [{"Name": "service", "Value": stack}],
                "Value": problems,
                "Unit": "Count",
            }
        ],
    )


def main() -> int:
    """Print the result, and return 1 if there are problems. METRIC_STACK also writes it to that stack's metrics."""
    # Not the functions' client, whose short time-outs are for live calls.
    session: Any = botocore.session.get_session()
    found = audit(session.create_client("dynamodb", endpoint_url=os.environ.get("DYNAMODB_ENDPOINT") or None))
    print(f"{found.wallets} wallets, {found.entries} ledger entries, {found.tokens} tokens")
    for problem in found.problems:
        print(problem)
    if stack := os.environ.get("METRIC_STACK"):
        report(session.create_client("cloudwatch"), stack, len(found.problems))
    print(f"{len(found.problems)} problems")
    return 1 if found.problems else 0


if __name__ == "__main__":
    sys.exit(main())
