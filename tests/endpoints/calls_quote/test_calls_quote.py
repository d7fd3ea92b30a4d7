"""calls/quote: the same checks as begin, and nothing changes."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.api import Api

BEGIN, QUOTE = "calls_begin", "calls_quote"


def test_it_says_what_a_call_would_get_and_changes_nothing(api: Api) -> None:
    before = api.store.contents()
    quoted = api.request(QUOTE).json["quote"]

    assert api.store.contents() == before
    begun = api.request(BEGIN).json["call"]
    assert {name: begun[name] for name in ("ref", "tpm", "walletId", "maxSeconds", "maxMilliseconds")} == {
        name: quoted[name] for name in ("ref", "tpm", "walletId", "maxSeconds", "maxMilliseconds")
    }


def test_it_refuses_what_begin_refuses(api: Api) -> None:
    api.request(BEGIN, maxSeconds="60")

    assert api.request(QUOTE).refusal == (30, "agent_unavailable")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"inboundNumber": None}, "missing:inboundNumber"),
        ({"inboundNumber": None, "pin": "695334"}, None),
        ({"inboundNumber": "anonymous", "pin": "695334"}, None),
    ],
)
def test_a_number_or_a_pin_names_the_wallet(api: Api, changes: dict[str, Any], reason: str | None) -> None:
    assert api.request(QUOTE, **changes).reason == reason
