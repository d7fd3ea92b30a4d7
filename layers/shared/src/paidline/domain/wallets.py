"""Wallets: finding them and moving tokens.

Each movement is one transaction that writes the balance, the ledger entry and the idempotency key, if there is one.
The wallet's sequence number is its version: a write based on an older version fails and is retried.
"""

from collections.abc import Callable
from typing import NamedTuple

from paidline import clock, deadline, ids
from paidline.domain import pin_guessing
from paidline.domain.fair_lock import FairLock
from paidline.domain.idempotency import Key, KeyAlreadyUsed, Outcome, once
from paidline.domain.pin_guessing import Attempt
from paidline.domain.types import MAX_TOKENS, Pin, is_withheld
from paidline.errors import (
    AmbiguousPin,
    InsufficientTokens,
    TooManyTokens,
    Unauthorized,
    UnknownDialedNumber,
    UnknownInboundNumber,
    UnknownPin,
    WalletBlocked,
)
from paidline.store import dialed_numbers, idempotency_keys, ledger, transaction, wallets
from paidline.store.api_clients import ApiClient
from paidline.store.dialed_numbers import DialedNumber
from paidline.store.ledger import LedgerEntry
from paidline.store.transaction import Backoff, TransactionCancelled
from paidline.store.wallets import Wallet


class FoundWallet(NamedTuple):
    """A wallet and the service number through which it was found."""

    wallet: Wallet
    dialed: DialedNumber


def find_by_pin(client: ApiClient, dialed_number: str, pin: Pin, ip: str, *, moves_tokens: bool = False) -> FoundWallet:
    """Find a wallet by PIN. One Query, plus one GetItem if the dialed number is not cached; a wrong PIN adds one write.

    Raises UnknownDialedNumber, Unauthorized if the client may not use the application, UnknownPin or AmbiguousPin, or
    TooManyWrongPins, without the Query; see `pin_guessing`.
    """
    dialed = _find_dialed_number(client, dialed_number)
    attempt = Attempt(dialed, pin, ip, moves_tokens)
    pin_guessing.check(attempt)
    matching = [
        wallet
        for wallet in wallets.find_by_pin_ignoring_zeros(dialed.application_id, pin.digits)
        if pin.matches(wallet.pin)
    ]
    exact = [wallet for wallet in matching if wallet.pin == pin.digits]
    if not matching:
        pin_guessing.note_wrong(attempt)
        raise UnknownPin
    pin_guessing.note_right(attempt)
    if exact:
        return FoundWallet(exact[0], dialed)
    # 42 could mean 042 or 0042. Never debit a wallet on a guess.
    if len(matching) > 1:
        raise AmbiguousPin
    return FoundWallet(matching[0], dialed)


def find_by_inbound_number(client: ApiClient, dialed_number: str, inbound_number: str) -> FoundWallet:
    """Find a wallet by the caller's number. Two GetItems, plus one if the dialed number is not cached.

    Raises UnknownDialedNumber, Unauthorized if the client may not use the application, or UnknownInboundNumber.
    """
    dialed = _find_dialed_number(client, dialed_number)
    if is_withheld(inbound_number):
        raise UnknownInboundNumber
    wallet = wallets.get_by_phone_number(dialed.application_id, inbound_number)
    if wallet is None:
        raise UnknownInboundNumber
    return FoundWallet(wallet, dialed)


def _find_dialed_number(client: ApiClient, dialed_number: str) -> DialedNumber:
    dialed = dialed_numbers.find(dialed_number)
    if dialed is None:
        raise UnknownDialedNumber
    if not client.may_use(dialed.application_id):
        raise Unauthorized
    return dialed


class Movement(NamedTuple):
    """A change of a wallet's balance by `amount` tokens, negative to subtract.

    `source` is the endpoint, `ip` the address that the request came from.
    """

    dialed_number: str
    pin: Pin
    amount: int
    source: str
    ip: str = ""


def move_tokens(
    client: ApiClient, movement: Movement, *, key: Key | None, render: Callable[[FoundWallet], str]
) -> Outcome:
    """Add tokens to a wallet, or subtract them.

    `render` builds the response from the updated wallet; if there is a key, the response is stored with it.
    The calls of `find_by_pin`, then one TransactWriteItems; losing a race costs both again.
    Raises the errors of `find_by_pin`, then WalletBlocked if it would subtract, InsufficientTokens or TooManyTokens.
    """
    return once(key, lambda: _move(client, movement, key, render))


def _move(client: ApiClient, movement: Movement, key: Key | None, render: Callable[[FoundWallet], str]) -> str:
    request_id = ids.request_id()
    backoff = Backoff()
    found = _find(client, movement)
    with FairLock(found.wallet.wallet_id) as lock:
        # True if it had to wait: what was read before is then out of date.
        if lock.acquire(deadline.remaining_s()):
            found = _find(client, movement)
        while True:
            entry = _next_entry(found.wallet, movement, key, request_id)
            updated = after_entry(found.wallet, entry)
            body = render(found._replace(wallet=updated))
            operations = [wallets.set_balance(found.wallet, updated), ledger.append(entry)]
            if key:
                operations.append(idempotency_keys.use(key.digest, key.request_digest, body))
            try:
                transaction.write(operations)
                return body
            except TransactionCancelled as cancelled:
                if _was_already_written(entry, cancelled):
                    return body
                if key and cancelled.reasons[2].condition_failed:
                    raise KeyAlreadyUsed from cancelled
                lost_race = any(reason.condition_failed for reason in cancelled.reasons[:2])
            backoff.wait()
            # Read after the pause, so that the wallet is current. And only after a lost race: after a conflict, an
            # earlier delivery of this entry may still commit, and a new sequence number would then move tokens twice.
            if lost_race:
                found = _find(client, movement)


def _find(client: ApiClient, movement: Movement) -> FoundWallet:
    return find_by_pin(client, movement.dialed_number, movement.pin, movement.ip, moves_tokens=True)


def _was_already_written(entry: LedgerEntry, cancelled: TransactionCancelled) -> bool:
    """Return whether an earlier delivery of this request moved the tokens, which its ledger entry's request id shows.

    If the wallet has changed but the cancellation does not include the entry, it is looked up with one
    TransactGetItems: DynamoDB may report only one of the failed conditions, or the entry may still be being written.
    Returning False by mistake would move the tokens twice.
    """
    balance, appended = cancelled.reasons[:2]
    if appended.item is not None:
        return LedgerEntry.from_item(appended.item).request_id == entry.request_id
    if not balance.condition_failed:
        return False
    written = ledger.get(entry.wallet_id, entry.seq)
    return written is not None and written.request_id == entry.request_id


def _next_entry(wallet: Wallet, movement: Movement, key: Key | None, request_id: str) -> LedgerEntry:
    if wallet.blocked and movement.amount < 0:
        raise WalletBlocked
    if wallet.available + movement.amount < 0:
        raise InsufficientTokens
    if wallet.tokens + movement.amount > MAX_TOKENS:
        raise TooManyTokens
    return LedgerEntry(
        wallet_id=wallet.wallet_id,
        seq=wallet.seq + 1,
        amount=movement.amount,
        balance=wallet.tokens + movement.amount,
        time=clock.to_iso(clock.now()),
        source=movement.source,
        key=key.text if key else "",
        request_id=request_id,
        previous_digest=wallet.digest,
        held=wallet.held,
    )


def entry_for_call(
    wallet: Wallet, call_id: str, kind: str, source: str, request_id: str, *, amount: int = 0, held: int = 0
) -> LedgerEntry:
    """Return a paid call's entry, which changes the balance by `amount` and what is held of it by `held`."""
    return LedgerEntry(
        wallet_id=wallet.wallet_id,
        seq=wallet.seq + 1,
        amount=amount,
        balance=wallet.tokens + amount,
        time=clock.to_iso(clock.now()),
        source=source,
        key="",
        request_id=request_id,
        previous_digest=wallet.digest,
        kind=kind,
        held=wallet.held + held,
        call_id=call_id,
    )


def after_entry(wallet: Wallet, entry: LedgerEntry) -> Wallet:
    """Return the wallet as it is after a ledger entry."""
    return wallet._replace(tokens=entry.balance, held=entry.held, seq=entry.seq, digest=entry.digest())
