"""A balance is never negative and never above the maximum, to the last token."""

from __future__ import annotations

from paidline.domain.types import MAX_TOKENS
from tests.money.conftest import ADD, START, SUBTRACT, Service


def test_the_last_token_can_be_spent_and_not_one_more(service: Service) -> None:
    assert service.send(SUBTRACT, tokens=START).tokens == 0

    refused = service.send(SUBTRACT, tokens=1)
    assert (refused.status, refused.code, refused.reason) == (200, 30, "insufficient_tokens")
    assert service.balance() == 0
    assert len(service.entries()) == 1


def test_one_token_more_than_the_balance_is_refused_and_changes_nothing(service: Service) -> None:
    refused = service.send(SUBTRACT, tokens=START + 1)

    assert (refused.code, refused.reason) == (30, "insufficient_tokens")
    assert service.balance() == START
    assert service.entries() == []


def test_a_balance_reaches_the_maximum_and_not_one_token_more(service: Service) -> None:
    assert service.send(ADD, tokens=MAX_TOKENS - START).tokens == MAX_TOKENS

    refused = service.send(ADD, tokens=1)
    assert (refused.status, refused.code, refused.reason) == (200, 30, "too_many_tokens")
    assert service.balance() == MAX_TOKENS
    assert len(service.entries()) == 1


def test_the_whole_maximum_can_be_spent_at_once(service: Service) -> None:
    service.send(ADD, tokens=MAX_TOKENS - START)

    assert service.send(SUBTRACT, tokens=MAX_TOKENS).tokens == 0
