"""Each part of a transaction guards itself: no part relies on another one's condition to be refused."""

from __future__ import annotations

import pytest

from paidline.store import idempotency_keys, ledger, transaction, wallets
from paidline.store.ledger import LedgerEntry
from paidline.store.transaction import TransactionCancelled
from paidline.store.wallets import Wallet
from tests.support.service import SUBTRACT, Service


def _wallet(service: Service) -> Wallet:
    (item,) = [item for item in service.items("WALLETS_TABLE") if item["walletId"]["S"] == "6254"]
    return Wallet.from_item(item)


@pytest.mark.parametrize("ahead", [-1, 1])
def test_a_wallet_is_not_written_by_who_has_read_another_number(service: Service, ahead: int) -> None:
    service.send(SUBTRACT)
    now = _wallet(service)
    read = now._replace(seq=now.seq + ahead)

    with pytest.raises(TransactionCancelled) as cancelled:
        transaction.write([wallets.set_balance(read, read._replace(tokens=0, seq=read.seq + 1))])

    (reason,) = cancelled.value.reasons
    assert reason.condition_failed
    assert reason.item is not None
    assert Wallet.from_item(reason.item) == now == _wallet(service)


def test_a_wallet_that_is_not_there_is_not_made_by_a_movement(service: Service) -> None:
    nobodys = _wallet(service)._replace(pin="31415")

    with pytest.raises(TransactionCancelled):
        transaction.write([wallets.set_balance(nobodys, nobodys)])
    assert len(service.items("WALLETS_TABLE")) == 2


def test_an_entry_does_not_replace_another(service: Service) -> None:
    service.send(SUBTRACT)
    (entry,) = service.entries()

    with pytest.raises(TransactionCancelled) as cancelled:
        transaction.write([ledger.append(LedgerEntry.from_item(entry)._replace(amount=0))])

    assert cancelled.value.reasons[0].item == entry
    assert service.entries() == [entry]


def test_a_used_key_is_not_used_again(service: Service) -> None:
    transaction.write([idempotency_keys.use("key", "contents", "answer")])

    with pytest.raises(TransactionCancelled):
        transaction.write([idempotency_keys.use("key", "contents", "other answer")])
    used = idempotency_keys.get("key")
    assert used is not None
    assert used.answer == "answer"
