"""Verification: every balance follows from an unbroken, unchanged ledger, and every phone number finds its wallet."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from paidline.domain.types import MAX_TOKENS
from paidline.store.ledger import NO_DIGEST, LedgerEntry
from paidline.store.wallets import Wallet

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Item = dict[str, Any]

# After a conflict with an operator's change, which takes a few milliseconds.
_PAUSE_S = 0.05


class Problem(NamedTuple):
    """The first difference of one wallet: `seq` is the ledger entry where it shows, 0 if it is not in the ledger."""

    wallet_id: str
    seq: int
    text: str

    def __str__(self) -> str:
        return f"wallet {self.wallet_id}: {self.text}" if self.wallet_id else self.text


@dataclass
class Verification:
    """The result: what was read, and the first problem of each wallet that has any."""

    wallets: int = 0
    entries: int = 0
    tokens: int = 0
    problems: list[Problem] = field(default_factory=list)


def verify(client: DynamoDBClient, tables: Mapping[str, str], wallet_id: str | None = None) -> Verification:
    """Verify one wallet or all: chain, gaps, sums and pointers.

    It reads only, and is safe during live traffic: each ledger is read after its wallet, so it can only be ahead.
    One Scan per megabyte of all wallets, and for each wallet one Query per megabyte of its ledger and one GetItem if it
    has a phone number. For all wallets also one GetItem per phone number and one Scan per megabyte of the ledger.
    """
    return _Verifier(client, tables).run(wallet_id)


class _Verifier:
    """One verification, with what it has found so far."""

    def __init__(self, client: DynamoDBClient, tables: Mapping[str, str]) -> None:
        self._client = client
        self._wallets, self._ledger = tables["WALLETS_TABLE"], tables["WALLET_LEDGER_TABLE"]
        self._found = Verification()

    def run(self, wallet_id: str | None) -> Verification:
        seen = set[str]()
        for item in self._items(wallet_id):
            if "pointsTo" in item:
                self._add(next(self._pointer_problems(item), None))
                continue
            wallet = Wallet.from_item(item)
            self._found.wallets += 1
            self._found.tokens += wallet.tokens
            if wallet.wallet_id in seen:
                self._add(Problem(wallet.wallet_id, 0, "two wallets have this id and share one ledger"))
            seen.add(wallet.wallet_id)
            self._add(next(self._wallet_problems(wallet), None))
        expected = self._wallet_ids_in_ledger() if wallet_id is None else {wallet_id}
        for missing in sorted(expected - seen):
            text = (
                "it has a ledger but no wallet"
                if wallet_id is None or self._has_ledger(missing)
                else "it does not exist"
            )
            self._add(Problem(missing, 0, text))
        return self._found

    def _add(self, problem: Problem | None) -> None:
        if problem:
            self._found.problems.append(problem)

    def _items(self, wallet_id: str | None) -> Iterator[Item]:
        """Yield wallets and pointers, or only the wallets with this id."""
        scan: Item = {"TableName": self._wallets, "ConsistentRead": True}
        if wallet_id is not None:
            scan |= {
                "FilterExpression": "walletId = :wallet",
                "ExpressionAttributeValues": {":wallet": {"S": wallet_id}},
            }
        return self._pages("scan", scan)

    def _wallet_problems(self, wallet: Wallet) -> Iterator[Problem]:
        for seq, text in self._ledger_problems(wallet):
            yield Problem(wallet.wallet_id, seq, text)
        if not 0 <= wallet.tokens <= MAX_TOKENS:
            yield Problem(wallet.wallet_id, 0, f"the balance {wallet.tokens} is out of bounds")
        if wallet.phone_number and not self._is_pointed_to(wallet):
            yield Problem(wallet.wallet_id, 0, "its phone number does not find it")

    def _ledger_problems(self, wallet: Wallet) -> Iterator[tuple[int, str]]:
        last = LedgerEntry(wallet.wallet_id, 0, 0, 0, "", "", "", "", "")
        digest = NO_DIGEST
        for item in self._entries(wallet.wallet_id):
            self._found.entries += 1
            try:
                entry = LedgerEntry.from_item(item)
            except (KeyError, ValueError):
                yield last.seq + 1, f"the entry after {last.seq} cannot be read"
                return
            if entry.seq > wallet.seq:
                if entry.seq > self._seq_now(wallet):
                    yield entry.seq, f"entry {entry.seq} is newer than the wallet"
                break
            yield from _entry_problems(last, digest, entry)
            if entry.seq != last.seq + 1:
                return
            last, digest = entry, entry.digest()
        if last.seq != wallet.seq:
            yield last.seq + 1, f"entry {last.seq + 1} is missing"
        elif digest != wallet.digest:
            yield last.seq, f"entry {last.seq} was changed: its digest is {digest}, the wallet's is {wallet.digest}"
        elif last.balance != wallet.tokens:
            yield last.seq, f"the balance is {wallet.tokens}, but the ledger's is {last.balance}"
        elif last.held != wallet.held:
            yield last.seq, f"calls hold {wallet.held} tokens, but {last.held} according to the ledger"

    def _entries(self, wallet_id: str) -> Iterator[Item]:
        query = {
            "TableName": self._ledger,
            "KeyConditionExpression": "walletId = :wallet",
            "ExpressionAttributeValues": {":wallet": {"S": wallet_id}},
            "ConsistentRead": True,
        }
        return self._pages("query", query)

    def _has_ledger(self, wallet_id: str) -> bool:
        return next(self._entries(wallet_id), None) is not None

    def _seq_now(self, wallet: Wallet) -> int:
        item = self._read(self._wallets, _key_of(wallet.to_item()))
        return Wallet.from_item(item).seq if item else 0

    def _is_pointed_to(self, wallet: Wallet) -> bool:
        """Return whether the wallet's phone number leads to it, or is no longer its own."""
        pointer = self._read(self._wallets, _key_of(wallet.to_pointer()))
        if _points_to(pointer, wallet):
            return True
        pointer, item = self._read_together(_key_of(wallet.to_pointer()), _key_of(wallet.to_item()))
        now = Wallet.from_item(item) if item else None
        return now is None or now.phone_number != wallet.phone_number or _points_to(pointer, now)

    def _pointer_problems(self, pointer: Item) -> Iterator[Problem]:
        wallet_key = {**_key_of(pointer), "walletKey": pointer["pointsTo"]}
        if _is_own(pointer, self._read(self._wallets, wallet_key)):
            return
        now, item = self._read_together(_key_of(pointer), wallet_key)
        # An operator has just changed it.
        if now != pointer or _is_own(pointer, item):
            return
        if item is None:
            application = pointer["applicationId"]["S"]
            yield Problem("", 0, f"a phone number of application {application} leads to no wallet")
        else:
            yield Problem(Wallet.from_item(item).wallet_id, 0, "a phone number leads to it that is not its own")

    def _wallet_ids_in_ledger(self) -> set[str]:
        scan = {"TableName": self._ledger, "ProjectionExpression": "walletId"}
        return {item["walletId"]["S"] for item in self._pages("scan", scan)}

    def _read(self, table: str, key: Item) -> Item | None:
        return self._client.get_item(TableName=table, Key=key, ConsistentRead=True).get("Item")

    def _read_together(self, *keys: Item) -> list[Item | None]:
        """Read items that one transaction changes, at one moment. One TransactGetItems; a conflict costs another."""
        gets: Any = [{"Get": {"TableName": self._wallets, "Key": key}} for key in keys]
        while True:
            try:
                return [found.get("Item") for found in self._client.transact_get_items(TransactItems=gets)["Responses"]]
            except self._client.exceptions.TransactionCanceledException:
                time.sleep(_PAUSE_S)

    def _pages(self, operation: str, parameters: Item) -> Iterator[Item]:
        for page in self._client.get_paginator(operation).paginate(**parameters):  # type: ignore[call-overload]
            yield from page["Items"]


def _entry_problems(last: LedgerEntry, digest: str, entry: LedgerEntry) -> Iterator[tuple[int, str]]:
    """Yield what is wrong with an entry that follows `last`, whose digest is `digest`."""
    if entry.seq != last.seq + 1:
        yield last.seq + 1, f"entry {last.seq + 1} is missing"
        return
    if entry.previous_digest != digest:
        yield last.seq, f"entry {last.seq} was changed, or entry {entry.seq} does not continue it"
    if entry.balance != last.balance + entry.amount:
        yield entry.seq, f"entry {entry.seq} does not add up: {last.balance} and {entry.amount} are not {entry.balance}"
    if not 0 <= entry.balance <= MAX_TOKENS:
        yield entry.seq, f"the balance after entry {entry.seq} is out of bounds: {entry.balance}"
    if not 0 <= entry.held <= entry.balance:
        yield entry.seq, f"calls hold {entry.held} of {entry.balance} tokens after entry {entry.seq}"


def _points_to(pointer: Item | None, wallet: Wallet) -> bool:
    return pointer is not None and pointer.get("pointsTo") == {"S": wallet.wallet_key}


def _is_own(pointer: Item, item: Item | None) -> bool:
    """Return whether the wallet that a pointer leads to has the phone number that it leads from."""
    wallet = Wallet.from_item(item) if item else None
    return bool(wallet and wallet.phone_number and _key_of(wallet.to_pointer()) == _key_of(pointer))


def _key_of(item: Item) -> Item:
    return {name: item[name] for name in ("applicationId", "walletKey")}
