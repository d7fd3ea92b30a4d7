"""Wallets: looking them up, and moving tokens.

A movement is one transaction: the balance, the ledger entry and, if the caller sent one, the idempotency key.
The wallet's sequence number is its version: whoever read an older one writes nothing and tries again.
"""

from collections.abc import Callable
from typing import NamedTuple

from paidline import clock, deadline, ids
from paidline.codes import Refused, Unauthorized
from paidline.domain.exactly_once import Key, KeyInUse, Outcome, once
from paidline.domain.turns import Turn
from paidline.domain.types import MOST_TOKENS, Pin, is_withheld
from paidline.store import dialed_numbers, idempotency_keys, ledger, transaction, wallets
from paidline.store.api_clients import ApiClient
from paidline.store.dialed_numbers import DialedNumber
from paidline.store.ledger import LedgerEntry
from paidline.store.transaction import Cancelled, Patience
from paidline.store.wallets import Wallet


class Found(NamedTuple):
    """A wallet and the service number by which it was found."""

    wallet: Wallet
    service: DialedNumber


def find_by_pin(client: ApiClient, dialed_number: str, pin: Pin) -> Found:
    """Find the wallet of a PIN. One Query, and one GetItem if the number was not asked for lately.

    Raises Refused where the number or the PIN is unknown, Unauthorized where the application is not the client's.
    """
    service = _service(client, dialed_number)
    matching = [
        wallet for wallet in wallets.with_pin_like(service.application_id, pin.digits) if pin.matches(wallet.pin)
    ]
    exact = [wallet for wallet in matching if wallet.pin == pin.digits]
    if exact:
        return Found(exact[0], service)
    if not matching:
        raise Refused("unknown_pin")
    # 42 may be 042 or 0042, and nobody's tokens are taken on a guess.
    if len(matching) > 1:
        raise Refused("ambiguous_pin")
    return Found(matching[0], service)


def find_by_inbound_number(client: ApiClient, dialed_number: str, inbound_number: str) -> Found:
    """Find the wallet of a caller's number. Two GetItems, and one if the service number was not asked for lately.

    Raises Refused where the number or the caller is unknown, Unauthorized where the application is not the client's.
    """
    service = _service(client, dialed_number)
    if is_withheld(inbound_number):
        raise Refused("unknown_inbound_number")
    wallet = wallets.with_phone_number(service.application_id, inbound_number)
    if wallet is None:
        raise Refused("unknown_inbound_number")
    return Found(wallet, service)


def _service(client: ApiClient, dialed_number: str) -> DialedNumber:
    service = dialed_numbers.find(dialed_number)
    if service is None:
        raise Refused("unknown_dialed_number")
    if not client.may_use(service.application_id):
        raise Unauthorized
    return service


def move_tokens(
    find: Callable[[], Found], amount: int, *, source: str, key: Key | None, answer: Callable[[Found], str]
) -> Outcome:
    """Add `amount` tokens to the wallet that `find` finds, or subtract them where it is negative.

    `answer` writes the answer for the wallet as it is after the movement; with a key it is stored beside it.
    The calls of `find`, then one TransactWriteItems; a lost race costs both again.
    Raises what `find` raises, and Refused where the balance would leave its bounds.
    """
    return once(key, lambda: _move(find, amount, source, key, answer))


def _move(find: Callable[[], Found], amount: int, source: str, key: Key | None, answer: Callable[[Found], str]) -> str:
    request_id = ids.new_token()
    patience = Patience()
    found = find()
    with Turn(found.wallet.wallet_id) as turn:
        if turn.wait(deadline.left_s()):
            found = find()
        while True:
            entry = _entry(found.wallet, amount, source, key, request_id)
            moved = found.wallet._replace(tokens=entry.balance, seq=entry.seq, digest=entry.digest())
            body = answer(found._replace(wallet=moved))
            operations = [wallets.set_balance(found.wallet, moved), ledger.append(entry)]
            if key:
                operations.append(idempotency_keys.use(key.digest, key.request_digest, body))
            try:
                transaction.write(operations)
                return body
            except Cancelled as cancelled:
                if _was_written(entry, cancelled):
                    return body
                if key and cancelled.clauses[2].failed:
                    raise KeyInUse from cancelled
                was_overtaken = any(clause.failed for clause in cancelled.clauses[:2])
            patience.wait()
            # Only now, for what is read before a wait is old after it. And only if a rival has taken the number: after
            # a mere conflict an earlier delivery of this entry may still arrive, and under a new number count twice.
            if was_overtaken:
                found = find()


def _was_written(entry: LedgerEntry, cancelled: Cancelled) -> bool:
    """Tell whether an earlier delivery of this very request moved the tokens: its entry has the request's id.

    Where the wallet has moved on and the store does not show the entry, be it that it names only one of the failed
    conditions or that the entry is being written just now, it is looked up: one TransactGetItems. Never guess: a wrong
    no takes the tokens twice.
    """
    balance, appended = cancelled.clauses[:2]
    if appended.item is not None:
        return LedgerEntry.from_item(appended.item).request_id == entry.request_id
    if not balance.failed:
        return False
    written = ledger.get(entry.wallet_id, entry.seq)
    return written is not None and written.request_id == entry.request_id


def _entry(wallet: Wallet, amount: int, source: str, key: Key | None, request_id: str) -> LedgerEntry:
    balance = wallet.tokens + amount
    if balance < 0:
        raise Refused("insufficient_tokens")
    if balance > MOST_TOKENS:
        raise Refused("too_many_tokens")
    return LedgerEntry(
        wallet_id=wallet.wallet_id,
        seq=wallet.seq + 1,
        amount=amount,
        balance=balance,
        time=clock.to_text(clock.now()),
        source=source,
        key=key.text if key else "",
        request_id=request_id,
        previous_digest=wallet.digest,
    )
