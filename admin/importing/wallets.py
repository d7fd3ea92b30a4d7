"""Wallets, with the phone numbers that point to them and their ledgers.

Until the switch the old system has the right balance, so a balance that differs is adjusted by the difference, as a
ledger entry. Once callers have used a wallet here, this service has the right balance, and a difference is a clash.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

from admin.importing.kind import Change, Entry, Item, Options, Target, differences, pages
from admin.importing.sources import Values
from admin.importing.staging import Record, Reject, Staged, Staging
from paidline import clock
from paidline.management.values import Balance, WalletEntry
from paidline.management.wallets import new_wallet, opening_entry
from paidline.store import ledger, wallets
from paidline.store.ledger import LedgerEntry
from paidline.store.wallets import Wallet

# The source of ledger entries that an import wrote, and of those that opened a wallet.
SOURCE, _OPENING = "import", "opening"
_REASON = "balance of the old system"


class _Row(WalletEntry):
    """A wallet of which the balance has to be given, because a missing column must not read as empty wallets."""

    tokens: Balance


class Wallets:
    """Wallets."""

    name = "walletId"
    fields = ("applicationId", "walletId", "pin", "tokens", "phoneNumber", "email")
    required = (("applicationId",), ("walletId",), ("pin",), ("tokens",))

    def check(self, values: Values, zone: ZoneInfo) -> Entry:
        """Check a row by itself. Raises ValidationError."""
        row = _Row.model_validate({**values, "email": values["email"] or ""} if "email" in values else values)
        record = row.model_dump(exclude_unset=True)
        if "phone_number" in record:
            record["phone_number"] = record["phone_number"] or ""
        return Entry(row.wallet_id, record, _unique(row.application_id, row.pin, row.phone_number))

    def stored(self, target: Target) -> Iterator[tuple[str, Item, dict[str, str]]]:
        """Yield all wallets. One Scan per megabyte."""
        for item in pages(target, os.environ["WALLETS_TABLE"]):
            if "pointsTo" in item:
                continue
            wallet = Wallet.from_item(item)
            yield wallet.wallet_id, item, _unique(wallet.application_id, wallet.pin, wallet.phone_number)

    def is_erased(self, item: Item) -> bool:
        """Return whether the wallet's owner was erased."""
        return Wallet.from_item(item).erased

    def clashes(self, staging: Staging) -> Iterator[Reject]:
        """Yield nothing: wallets share nothing but their unique values."""
        yield from ()

    def sides(self, staged: Staged) -> tuple[Item, Item]:
        """Return the fields as they are stored, and as they are in the file."""
        if staged.stored is None:
            return {}, _fields(_to_entry(staged.entry))
        before = Wallet.from_item(staged.stored)
        return _fields(before), _fields(before._replace(**staged.entry))

    def plan(self, staged: Staged, target: Target, options: Options) -> Change | Reject | None:
        """Compare a wallet with what is stored. One Query of the ledger where the balance differs."""
        if staged.stored is None:
            return _create(staged, target)
        before = Wallet.from_item(staged.stored)
        wanted = before._replace(**staged.entry)
        if before.erased:
            return Reject(staged.row, "walletId", "the caller was erased")
        if before.application_id != wanted.application_id:
            return Reject(staged.row, "applicationId", f"the wallet belongs to application {before.application_id}")
        old, new = differences(*self.sides(staged))
        if not new:
            return None
        if "tokens" in new and (reason := _refusal(before, wanted, target, options)):
            return Reject(staged.row, "tokens", reason)
        return Change(staged.row, f"wallet {wanted.wallet_id}", old, new, _operations(before, wanted, set(new), target))


def _unique(application_id: str, pin: str, phone_number: str | None) -> dict[str, str]:
    # A PBX may send a PIN as a number, so PINs that differ in leading zeros only count as equal.
    taken = {"pin": f"{application_id} {pin.lstrip('0')}"} if pin else {}
    if phone_number:
        taken["phoneNumber"] = f"{application_id} {phone_number}"
    return taken


def _fields(wallet: Wallet | WalletEntry) -> Item:
    return {
        "pin": wallet.pin,
        "phoneNumber": wallet.phone_number or "",
        "email": wallet.email,
        "tokens": wallet.tokens,
    }


def _create(staged: Staged, target: Target) -> Change:
    entry = _to_entry(staged.entry)
    opening = opening_entry(entry, target.request_id, target.operator)
    wallet = new_wallet(entry, opening)
    operations: list[Any] = [*wallets.create(wallet).values(), ledger.append(opening)]
    return Change(staged.row, f"wallet {wallet.wallet_id}", {}, _fields(wallet), operations)


def _to_entry(record: Record) -> WalletEntry:
    # What has been checked once is not checked again.
    return WalletEntry.model_construct(**record)


def _refusal(before: Wallet, wanted: Wallet, target: Target, options: Options) -> str:
    """Return why a balance is not adjusted, or ""."""
    if wanted.tokens < before.held:
        return f"calls in progress hold {before.held} of the wallet's {before.tokens} tokens"
    if options.old_system_wins or not _is_used(before, target):
        return ""
    return f"callers have used this wallet here, and its balance is {before.tokens}"


def _is_used(wallet: Wallet, target: Target) -> bool:
    """Return whether anything but imports has moved tokens. One Query of the ledger, except of a new wallet."""
    if wallet.seq == 1:
        return False
    paginator = target.client.get_paginator("query")
    found = paginator.paginate(
        TableName=os.environ["WALLET_LEDGER_TABLE"],
        KeyConditionExpression="walletId = :wallet",
        ExpressionAttributeValues={":wallet": {"S": wallet.wallet_id}},
        ProjectionExpression="#source",
        ExpressionAttributeNames={"#source": "source"},
        ConsistentRead=True,
    )
    return any(item["source"]["S"] not in (SOURCE, _OPENING) for page in found for item in page["Items"])


def _operations(before: Wallet, wanted: Wallet, changed: set[str], target: Target) -> list[Any]:
    after = wanted
    operations: list[Any] = []
    if "tokens" in changed:
        entry = _adjustment(before, wanted.tokens, target)
        after = wanted._replace(seq=entry.seq, digest=entry.digest())
        operations.append(ledger.append(entry))
    if changed == {"tokens"}:
        return [wallets.set_balance(before, after), *operations]
    after = after._replace(version=before.version + 1)
    return [*wallets.change(before, after).values(), *operations]


def _adjustment(wallet: Wallet, tokens: int, target: Target) -> LedgerEntry:
    return LedgerEntry(
        wallet_id=wallet.wallet_id,
        seq=wallet.seq + 1,
        amount=tokens - wallet.tokens,
        balance=tokens,
        time=clock.to_iso(clock.now()),
        source=SOURCE,
        key="",
        request_id=target.request_id,
        previous_digest=wallet.digest,
        held=wallet.held,
        operator=target.operator,
        reason=_REASON,
    )
