"""Verification: every balance follows from an unbroken, unchanged ledger, and so does what each open call holds.

Every phone number also has to find its wallet.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from paidline.domain.types import MAX_TOKENS
from paidline.store.calls import Call, CallState
from paidline.store.ledger import NO_DIGEST, LedgerEntry
from paidline.store.wallets import Wallet

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Item = dict[str, Any]

# After a conflict with another transaction, which takes a few milliseconds.
_PAUSE_S = 0.05
# DynamoDB's limit for one transaction, less the wallet.
_CALLS_PER_READ = 99
_BEFORE_ALL = LedgerEntry("", 0, 0, 0, "", "", "", "", "")


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
    """Verify one wallet or all: chain, gaps, sums, holds and pointers.

    It reads only, and is safe during live traffic: each ledger is read after its wallet, so it can only be ahead, and
    an entry that is not visible yet is read again in isolation. The open calls are read before the wallets; where their
    holds are not those of the ledger, wallet and calls are read again together.
    One Scan per megabyte of the calls and of all wallets, and for each wallet one Query per megabyte of its ledger and
    one GetItem if it has a phone number. For all wallets also one GetItem per phone number and one Scan per megabyte of
    the ledger. A wallet whose holds differ costs a Scan of the PBXs, a TransactGetItems and perhaps a Query for each
    try.
    """
    return _Verifier(client, tables).run(wallet_id)


class _Verifier:
    """One verification, with what it has found so far."""

    def __init__(self, client: DynamoDBClient, tables: Mapping[str, str]) -> None:
        self._client = client
        self._wallets, self._ledger = tables["WALLETS_TABLE"], tables["WALLET_LEDGER_TABLE"]
        self._calls, self._pbxs = tables["CALLS_TABLE"], tables["PBXS_TABLE"]
        self._found = Verification()
        self._open: dict[str, list[Call]] = {}

    def run(self, wallet_id: str | None) -> Verification:
        self._open = self._open_calls(wallet_id)
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
        last = _BEFORE_ALL
        digest = NO_DIGEST
        holds = _Holds()
        for item in self._entries_up_to(wallet.wallet_id, wallet.seq):
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
            holds.add(entry)
            last, digest = entry, entry.digest()
        if last.seq != wallet.seq:
            yield last.seq + 1, f"entry {last.seq + 1} is missing"
        elif digest != wallet.digest:
            yield last.seq, f"entry {last.seq} was changed: its digest is {digest}, the wallet's is {wallet.digest}"
        elif last.balance != wallet.tokens:
            yield last.seq, f"the balance is {wallet.tokens}, but the ledger's is {last.balance}"
        elif last.held != wallet.held:
            yield last.seq, f"calls hold {wallet.held} tokens, but {last.held} according to the ledger"
        elif holds.differences(self._open.get(wallet.wallet_id, ())):
            yield from self._hold_problems(wallet, holds)

    def _hold_problems(self, wallet: Wallet, holds: _Holds) -> Iterator[tuple[int, str]]:
        """Yield the holds of open calls that are not those of the ledger, at a moment at which nothing moves."""
        while True:
            seqs, calls = self._read_holding(wallet, holds)
            # An operator has just given the wallet another PIN, which is refused while calls hold tokens.
            if None in seqs:
                return
            if seqs == {holds.last.seq}:
                break
            newest = max(filter(None, seqs))
            for item in self._entries_up_to(wallet.wallet_id, newest, after=holds.last.seq):
                if int(item["seq"]["N"]) <= newest:
                    holds.add(LedgerEntry.from_item(item))
            if holds.last.seq < newest:
                yield holds.last.seq + 1, f"entry {holds.last.seq + 1} is missing"
                return
        yield from holds.differences(calls)

    def _read_holding(self, wallet: Wallet, holds: _Holds) -> tuple[set[int | None], list[Call]]:
        """Read the calls that may hold a wallet's tokens, each together with the number of its newest entry.

        A ledger entry does not name the call's PBX. It is a known one, as a PBX is registered before it begins a call.
        """
        pbxs = [item["pbx"]["S"] for item in self._pages("scan", {"TableName": self._pbxs, "ConsistentRead": True})]
        were_open = {(call.call_id, call.pbx) for call in self._open.get(wallet.wallet_id, ())}
        keys = sorted(were_open | {(call_id, pbx) for call_id in holds.tokens for pbx in pbxs})
        seqs = set[int | None]()
        calls: list[Call] = []
        for start in range(0, max(len(keys), 1), _CALLS_PER_READ):
            part = keys[start : start + _CALLS_PER_READ]
            item, *found = self._read_together(
                (self._wallets, _key_of(wallet.to_item())),
                *((self._calls, {"callId": {"S": call_id}, "pbx": {"S": pbx}}) for call_id, pbx in part),
            )
            seqs.add(Wallet.from_item(item).seq if item else None)
            calls += [Call.from_item(call) for call in found if call]
        return seqs, [call for call in calls if call.wallet_id == wallet.wallet_id]

    def _open_calls(self, wallet_id: str | None) -> dict[str, list[Call]]:
        """Return the open calls that hold tokens, by their wallets."""
        scan: Item = {
            "TableName": self._calls,
            # Only an open call has a deadline.
            "FilterExpression": "attribute_exists(deadline) AND held > :none",
            "ExpressionAttributeValues": {":none": {"N": "0"}},
            "ConsistentRead": True,
        }
        if wallet_id is not None:
            scan["FilterExpression"] += " AND walletId = :wallet"
            scan["ExpressionAttributeValues"][":wallet"] = {"S": wallet_id}
        found = defaultdict[str, list[Call]](list)
        for item in self._pages("scan", scan):
            call = Call.from_item(item)
            found[call.wallet_id].append(call)
        return found

    def _entries_up_to(self, wallet_id: str, newest: int, after: int = 0) -> Iterator[Item]:
        """Yield a wallet's entries, at least up to the newest, which may become visible later than the wallet."""
        seq = after
        for item in self._entries(wallet_id, after):
            seq = int(item["seq"]["N"])
            yield item
        while seq < newest:
            seq += 1
            (late,) = self._read_together((self._ledger, {"walletId": {"S": wallet_id}, "seq": {"N": str(seq)}}))
            if late is None:
                return
            yield late

    def _entries(self, wallet_id: str, after: int = 0) -> Iterator[Item]:
        query = {
            "TableName": self._ledger,
            "KeyConditionExpression": "walletId = :wallet AND seq > :after",
            "ExpressionAttributeValues": {":wallet": {"S": wallet_id}, ":after": {"N": str(after)}},
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
        pointer, item = self._read_wallets(_key_of(wallet.to_pointer()), _key_of(wallet.to_item()))
        now = Wallet.from_item(item) if item else None
        return now is None or now.phone_number != wallet.phone_number or _points_to(pointer, now)

    def _pointer_problems(self, pointer: Item) -> Iterator[Problem]:
        wallet_key = {**_key_of(pointer), "walletKey": pointer["pointsTo"]}
        if _is_own(pointer, self._read(self._wallets, wallet_key)):
            return
        now, item = self._read_wallets(_key_of(pointer), wallet_key)
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

    def _read_wallets(self, *keys: Item) -> list[Item | None]:
        return self._read_together(*((self._wallets, key) for key in keys))

    def _read_together(self, *places: tuple[str, Item]) -> list[Item | None]:
        """Read items that one transaction changes, at one moment. One TransactGetItems; a conflict costs another."""
        gets: Any = [{"Get": {"TableName": table, "Key": key}} for table, key in places]
        while True:
            try:
                return [found.get("Item") for found in self._client.transact_get_items(TransactItems=gets)["Responses"]]
            except self._client.exceptions.TransactionCanceledException:
                time.sleep(_PAUSE_S)

    def _pages(self, operation: str, parameters: Item) -> Iterator[Item]:
        for page in self._client.get_paginator(operation).paginate(**parameters):  # type: ignore[call-overload]
            yield from page["Items"]


class _Holds:
    """What each call holds according to a wallet's ledger, up to its `last` entry."""

    def __init__(self) -> None:
        self.last = _BEFORE_ALL
        self.tokens: dict[str, int] = {}
        self._seqs: dict[str, int] = {}

    def add(self, entry: LedgerEntry) -> None:
        """Go on with the next entry."""
        held = self.tokens.pop(entry.call_id, 0) + entry.held - self.last.held
        if held:
            self.tokens[entry.call_id] = held
            self._seqs[entry.call_id] = entry.seq
        self.last = entry

    def differences(self, calls: Iterable[Call]) -> list[tuple[int, str]]:
        """Return what open calls hold otherwise, in the order of the ledger, each with the number of its entry."""
        open_ = defaultdict[str, int](int)
        for call in calls:
            if call.state is CallState.OPEN:
                open_[call.call_id] += call.held
        ids = [name for name in open_.keys() | self.tokens.keys() if open_.get(name, 0) != self.tokens.get(name, 0)]
        found = [(self._seqs.get(name, 0), name, open_.get(name, 0), self.tokens.get(name, 0)) for name in ids]
        return [
            (seq, f"call {name} holds {held} tokens, but {in_ledger} according to the ledger")
            for seq, name, held, in_ledger in sorted(found)
        ]


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
    if entry.held != last.held and not entry.call_id:
        yield entry.seq, f"entry {entry.seq} changes what calls hold, but names none"


def _points_to(pointer: Item | None, wallet: Wallet) -> bool:
    return pointer is not None and pointer.get("pointsTo") == {"S": wallet.wallet_key}


def _is_own(pointer: Item, item: Item | None) -> bool:
    """Return whether the wallet that a pointer leads to has the phone number that it leads from."""
    wallet = Wallet.from_item(item) if item else None
    return bool(wallet and wallet.phone_number and _key_of(wallet.to_pointer()) == _key_of(pointer))


def _key_of(item: Item) -> Item:
    return {name: item[name] for name in ("applicationId", "walletKey")}
