"""The audit finds whatever somebody changes, removes or adds in a ledger, and nothing where nobody did."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from admin.audit import audit, main
from paidline.domain.types import MAX_TOKENS
from paidline.store.ledger import LedgerEntry
from tests.support.service import ADD, START, SUBTRACT, Service

_WALLET = {"walletId": {"S": "6254"}}
Tamper = Callable[[Service], None]


def _move(service: Service) -> None:
    for stem in (ADD, SUBTRACT, SUBTRACT, ADD):
        service.send(stem, tokens=10)


def _entry(service: Service, seq: int) -> dict[str, Any]:
    item: dict[str, Any] = service.store.get_item(
        TableName=service.tables["WALLET_LEDGER_TABLE"], Key={**_WALLET, "seq": {"N": str(seq)}}
    )["Item"]
    return item


def _put(service: Service, item: dict[str, Any]) -> None:
    service.store.put_item(TableName=service.tables["WALLET_LEDGER_TABLE"], Item=item)


def _remove(service: Service, seq: int) -> None:
    service.store.delete_item(TableName=service.tables["WALLET_LEDGER_TABLE"], Key={**_WALLET, "seq": {"N": str(seq)}})


def _set(service: Service, attribute: str, value: dict[str, str]) -> None:
    (item,) = [item for item in service.items("WALLETS_TABLE") if item.get("walletId") == _WALLET["walletId"]]
    service.store.put_item(TableName=service.tables["WALLETS_TABLE"], Item={**item, attribute: value})


def test_nothing_is_found_where_nobody_changed_anything(service: Service) -> None:
    _move(service)
    found = audit(service.store)

    assert (found.wallets, found.entries, found.tokens, found.problems) == (2, 6, 2 * START, [])


@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        ("amount", {"N": "11"}),
        ("balance", {"N": "99"}),
        ("time", {"S": "2020-01-01T00:00:00.000000Z"}),
        ("source", {"S": "somebody"}),
        ("key", {"S": "call-2"}),
        ("requestId", {"S": "0"}),
        ("previousDigest", {"S": "0"}),
    ],
)
@pytest.mark.parametrize("seq", [1, 3, 5])
def test_a_changed_entry_is_found_wherever_it_is(
    service: Service, seq: int, attribute: str, value: dict[str, str]
) -> None:
    _move(service)
    _put(service, {**_entry(service, seq), attribute: value})

    assert any("6254" in problem for problem in audit(service.store).problems)


@pytest.mark.parametrize("seq", [1, 3, 5])
def test_a_missing_entry_is_named(service: Service, seq: int) -> None:
    _move(service)
    _remove(service, seq)

    assert f"wallet 6254: entry {seq} is missing" in audit(service.store).problems


def _exchange_two(service: Service) -> None:
    first, second = _entry(service, 2), _entry(service, 3)
    _put(service, {**first, "seq": {"N": "3"}})
    _put(service, {**second, "seq": {"N": "2"}})


def _forge_one_more(service: Service) -> None:
    _put(service, {**_entry(service, 5), "seq": {"N": "6"}})


def _give_a_wallet_another_ones_ledger(service: Service) -> None:
    _set(service, "walletId", {"S": "6255"})


def _change_an_entry_and_link_the_next_to_it(service: Service) -> None:
    changed = {**_entry(service, 3), "time": {"S": "2020-01-01T00:00:00.000000Z"}}
    _put(service, changed)
    _put(service, {**_entry(service, 4), "previousDigest": {"S": LedgerEntry.from_item(changed).digest()}})


def _shift_tokens_from_one_entry_to_the_next(service: Service) -> None:
    third, fourth = _entry(service, 3), _entry(service, 4)
    _put(service, {**third, "amount": _plus(third["amount"], 5), "balance": _plus(third["balance"], 5)})
    _put(service, {**fourth, "amount": _plus(fourth["amount"], -5)})


def _plus(number: dict[str, str], more: int) -> dict[str, str]:
    return {"N": str(int(number["N"]) + more)}


def _damage_an_entry(service: Service) -> None:
    item = _entry(service, 3)
    del item["amount"]
    _put(service, item)


def _remove_the_wallet(service: Service) -> None:
    (item,) = [item for item in service.items("WALLETS_TABLE") if item.get("walletId") == _WALLET["walletId"]]
    key = {name: item[name] for name in ("applicationId", "walletKey")}
    service.store.delete_item(TableName=service.tables["WALLETS_TABLE"], Key=key)


@pytest.mark.parametrize(
    "tamper",
    [
        _exchange_two,
        _forge_one_more,
        _give_a_wallet_another_ones_ledger,
        _change_an_entry_and_link_the_next_to_it,
        _shift_tokens_from_one_entry_to_the_next,
        _damage_an_entry,
        _remove_the_wallet,
        lambda service: _set(service, "tokens", {"N": "101"}),
        lambda service: _set(service, "tokens", {"N": str(MAX_TOKENS + 1)}),
        lambda service: _set(service, "seq", {"N": "4"}),
        lambda service: _set(service, "digest", {"S": "0"}),
    ],
)
def test_whatever_else_is_tampered_with_is_found(service: Service, tamper: Tamper) -> None:
    _move(service)
    tamper(service)

    assert any("6254" in problem or "6255" in problem for problem in audit(service.store).problems)


def test_the_command_prints_what_it_saw_and_ends_with_1_where_something_is_wrong(
    service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    _remove(service, 1)
    assert main() == 1
    assert capsys.readouterr().out.splitlines() == [
        f"2 wallets, 1 ledger entries, {2 * START} tokens",
        "wallet 6254: entry 1 is missing",
        "1 problems",
    ]
