"""Verification finds whatever somebody changes, removes or adds in a ledger, and nothing where nobody did."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from local import engine
from paidline.domain.types import MAX_TOKENS
from paidline.management.verification import Problem, Verification, verify
from paidline.store.ledger import LedgerEntry
from paidline.store.wallets import Wallet, pin_key
from tests.support import wire
from tests.support.service import ADD, START, SUBTRACT, Service

_WALLET = {"walletId": {"S": "6254"}}
Tamper = Callable[[Service], None]


def _verify(service: Service, wallet_id: str | None = None) -> Verification:
    return verify(service.store, service.tables, wallet_id)


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
    found = _verify(service)

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

    assert [problem.wallet_id for problem in _verify(service).problems] == ["6254"]


@pytest.mark.parametrize("seq", [1, 3, 5])
def test_a_missing_entry_is_named(service: Service, seq: int) -> None:
    _move(service)
    _remove(service, seq)

    assert _verify(service).problems == [Problem("6254", seq, f"entry {seq} is missing")]


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

    assert {problem.wallet_id for problem in _verify(service).problems} & {"6254", "6255"}


def test_only_the_first_difference_of_a_wallet_is_reported(service: Service) -> None:
    _move(service)
    _shift_tokens_from_one_entry_to_the_next(service)
    _remove(service, 5)

    (problem,) = _verify(service).problems
    assert (problem.wallet_id, problem.seq) == ("6254", 3)


def test_tokens_that_calls_hold_are_those_of_the_newest_entry(service: Service) -> None:
    _set(service, "held", {"N": "5"})

    assert _verify(service).problems == [
        Problem("6254", 1, "calls hold 5 tokens, but 0 according to the ledger"),
    ]


def test_more_tokens_cannot_be_held_than_there_are(service: Service) -> None:
    held = LedgerEntry.from_item(_entry(service, 1))._replace(held=START + 1)
    _put(service, held.to_item())
    _set(service, "held", {"N": str(held.held)})
    _set(service, "digest", {"S": held.digest()})

    assert _verify(service).problems == [
        Problem("6254", 1, f"calls hold {START + 1} of {START} tokens after entry 1"),
    ]


def _wallet(service: Service) -> Wallet:
    (item,) = [item for item in service.items("WALLETS_TABLE") if item.get("walletId") == _WALLET["walletId"]]
    return Wallet.from_item(item)


def _give_phone_number(service: Service, number: str) -> Wallet:
    wallet = _wallet(service)._replace(phone_number=number)
    for item in (wallet.to_item(), wallet.to_pointer()):
        service.store.put_item(TableName=service.tables["WALLETS_TABLE"], Item=item)
    return wallet


def test_a_phone_number_that_finds_its_wallet_is_no_problem(service: Service) -> None:
    _give_phone_number(service, "31612345678")

    assert not _verify(service).problems


def test_a_wallet_whose_phone_number_finds_nothing_is_named_without_the_number(service: Service) -> None:
    _set(service, "phoneNumber", {"S": "31612345678"})

    assert _verify(service).problems == [Problem("6254", 0, "its phone number does not find it")]


def test_a_wallet_whose_phone_number_finds_another_is_named_and_so_is_the_other(service: Service) -> None:
    wallet = _give_phone_number(service, "31612345678")
    pointer = {**wallet.to_pointer(), "pointsTo": {"S": pin_key("7")}}
    service.store.put_item(TableName=service.tables["WALLETS_TABLE"], Item=pointer)

    assert sorted(_verify(service).problems) == [
        Problem("6254", 0, "its phone number does not find it"),
        Problem("6255", 0, "a phone number leads to it that is not its own"),
    ]


def test_a_phone_number_that_finds_no_wallet_is_reported_without_the_number(service: Service) -> None:
    pointer = _wallet(service)._replace(phone_number="31612345678", pin="99").to_pointer()
    service.store.put_item(TableName=service.tables["WALLETS_TABLE"], Item=pointer)

    (problem,) = _verify(service).problems
    assert str(problem) == "a phone number of application 1288 leads to no wallet"


def test_an_old_phone_number_that_still_finds_the_wallet_is_a_problem(service: Service) -> None:
    _give_phone_number(service, "31612345678")
    _give_phone_number(service, "31612345679")

    assert _verify(service).problems == [Problem("6254", 0, "a phone number leads to it that is not its own")]


def test_a_phone_number_that_an_operator_changes_meanwhile_is_no_problem(service: Service) -> None:
    wallet = _give_phone_number(service, "31612345678")

    rival = engine.client(service.endpoint)

    def change(**_: Any) -> None:
        changed = wallet._replace(phone_number="31612345679")
        for item in (changed.to_item(), changed.to_pointer()):
            rival.put_item(TableName=service.tables["WALLETS_TABLE"], Item=item)
        pointer = wallet.to_pointer()
        rival.delete_item(
            TableName=service.tables["WALLETS_TABLE"],
            Key={"applicationId": pointer["applicationId"], "walletKey": pointer["walletKey"]},
        )

    with wire.hooked("before-call.dynamodb.GetItem", change, service.store):
        assert not _verify(service).problems


def test_one_wallet_can_be_verified_alone(service: Service) -> None:
    _move(service)
    _remove(service, 3)

    assert [problem.seq for problem in _verify(service, "6254").problems] == [3]
    assert not _verify(service, "6255").problems


def test_a_wallet_that_does_not_exist_is_a_problem(service: Service) -> None:
    assert _verify(service, "1").problems == [Problem("1", 0, "it does not exist")]


def test_a_wallet_of_which_only_the_ledger_is_left_is_a_problem(service: Service) -> None:
    _remove_the_wallet(service)

    assert _verify(service, "6254").problems == [Problem("6254", 0, "it has a ledger but no wallet")]
