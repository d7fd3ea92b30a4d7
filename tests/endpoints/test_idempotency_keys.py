"""Idempotency keys at the endpoints that take one: one effect and one answer, and for how long."""

from __future__ import annotations

import time

import pytest

from paidline.domain.authentication import hash_digest
from paidline.store.api_clients import ALL_APPLICATIONS, ApiClient
from tests.support import contract
from tests.support.api import Api

SESSION = "session_call_create_by_ref"
SUBTRACT = "subtract_tokens_from_wallet"
ADD = "add_tokens_to_wallet"


@pytest.mark.parametrize("stem", [SUBTRACT, ADD, SESSION])
def test_a_repeat_with_its_key_gets_the_first_answer_and_has_no_effect(api: Api, stem: str) -> None:
    first = api.call(stem, contract.parameters(stem), idempotency_key="call-1")
    after = api.store.contents()
    repeat = api.request(stem, idempotencyKey="call-1")

    assert repeat.body == first.body
    assert "idempotency-hit" not in first.headers
    assert repeat.headers["idempotency-hit"] == "true"
    assert api.store.contents() == after


def test_a_key_with_other_contents_is_refused(api: Api) -> None:
    api.request(SUBTRACT, idempotencyKey="call-1")

    assert api.request(SUBTRACT, idempotencyKey="call-1", tokens=7).refusal == (10, "idempotency_key_reused")


def test_a_key_that_a_refusal_left_unused_works_later(api: Api) -> None:
    refused = api.request(SUBTRACT, idempotencyKey="call-1", tokens=2000)
    api.request(ADD, tokens=29)

    assert refused.refusal == (30, "insufficient_tokens")
    assert api.request(SUBTRACT, idempotencyKey="call-1", tokens=2000).json["wallet"]["tokens"] == "0"


def test_a_debit_that_emptied_the_wallet_is_answered_again_with_its_success(api: Api) -> None:
    first = api.request(SUBTRACT, idempotencyKey="call-1", tokens=1971)

    assert api.request(SUBTRACT, idempotencyKey="call-1", tokens=1971).body == first.body


def test_a_key_belongs_to_the_endpoint_that_used_it(api: Api) -> None:
    api.request(SUBTRACT, idempotencyKey="call-1")
    added = api.request(ADD, idempotencyKey="call-1")

    assert added.json["wallet"]["tokens"] == "1971"
    assert "idempotency-hit" not in added.headers


def test_a_key_belongs_to_the_hash_that_used_it(api: Api) -> None:
    other = ApiClient(hash_digest("another hash"), "credsys", active=True, application_ids=ALL_APPLICATIONS)
    api.store.put("API_CLIENTS_TABLE", other.to_item())
    api.request(SUBTRACT, idempotencyKey="call-1")

    second = api.request(SUBTRACT, idempotencyKey="call-1", authenticationHash="another hash")

    assert second.json["wallet"]["tokens"] == "1771"


def test_a_key_is_free_again_after_30_days_whether_or_not_its_item_is_gone(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    thirty_days = 30 * 24 * 60 * 60
    now = time.time()
    api.request(SUBTRACT, idempotencyKey="call-1")
    monkeypatch.setattr(time, "time", lambda: now + thirty_days - 60)
    kept = api.request(SUBTRACT, idempotencyKey="call-1")
    monkeypatch.setattr(time, "time", lambda: now + thirty_days + 60)
    expired = api.request(SUBTRACT, idempotencyKey="call-1")

    assert kept.headers["idempotency-hit"] == "true"
    assert expired.json["wallet"]["tokens"] == "1771"


def test_an_expired_key_gives_its_answer_no_more_where_the_request_is_now_refused(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.time()
    api.request(SUBTRACT, idempotencyKey="call-1", tokens=1971)
    monkeypatch.setattr(time, "time", lambda: now + 31 * 24 * 60 * 60)

    answer = api.request(SUBTRACT, idempotencyKey="call-1", tokens=1971)

    assert answer.refusal == (30, "insufficient_tokens")


def test_a_blank_key_in_the_header_is_no_key(api: Api) -> None:
    for _ in range(2):
        answer = api.call(SUBTRACT, contract.parameters(SUBTRACT), idempotency_key="  ")

    assert answer.json["wallet"]["tokens"] == "1771"


def test_the_header_counts_before_the_parameter(api: Api) -> None:
    api.call(SUBTRACT, contract.changed(SUBTRACT, idempotencyKey="one"), idempotency_key="two")
    repeat = api.request(SUBTRACT, idempotencyKey="two")
    first = api.request(SUBTRACT, idempotencyKey="one")

    assert "idempotency-hit" in repeat.headers
    assert "idempotency-hit" not in first.headers
