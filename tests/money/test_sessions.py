"""Call sessions are never overwritten, whatever their ids."""

from __future__ import annotations

import pytest

from paidline import ids
from tests.money.conftest import SESSION, Service


def test_a_session_whose_id_is_taken_gets_another_and_both_are_kept(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = iter([1, 1, 1, 2])
    monkeypatch.setattr(ids, "new_id", lambda: next(made))
    first = service.send(SESSION, duration=1)
    second = service.send(SESSION, duration=2)

    assert [answer.json["callSession"]["id"] for answer in (first, second)] == ["1", "2"]
    stored = {item["id"]["N"]: item["duration"]["N"] for item in service.items("CALL_SESSIONS_TABLE")}
    assert stored == {"1": "1", "2": "2"}
