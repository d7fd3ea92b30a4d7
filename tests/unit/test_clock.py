"""Times: kept in UTC, shown in one zone; and ids that grow with them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from paidline import clock, ids


@pytest.fixture
def zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """The configured zone, for a test to set."""
    clock._zone.cache_clear()
    monkeypatch.setenv("TIME_ZONE", "Europe/Amsterdam")
    yield monkeypatch
    clock._zone.cache_clear()


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        ("2024-01-13T18:59:15.000000Z", "2024-01-13 19:59:15"),
        ("2024-05-25T20:55:03Z", "2024-05-25 22:55:03"),
        ("2024-03-31T00:59:59.999999Z", "2024-03-31 01:59:59"),
        ("2024-03-31T01:00:00.000000Z", "2024-03-31 03:00:00"),
        ("2024-10-27T00:30:00.000000Z", "2024-10-27 02:30:00"),
        ("2024-10-27T01:30:00.000000Z", "2024-10-27 02:30:00"),
        ("2024-12-31T23:30:00.000000Z", "2025-01-01 00:30:00"),
        ("", ""),
    ],
)
def test_a_time_is_shown_in_amsterdam_summer_and_winter(zone: pytest.MonkeyPatch, stored: str, shown: str) -> None:
    assert clock.to_local(stored) == shown


def test_a_time_is_shown_in_another_zone_where_one_is_configured(zone: pytest.MonkeyPatch) -> None:
    zone.setenv("TIME_ZONE", "Asia/Kolkata")

    assert clock.to_local("2024-01-13T18:59:15Z") == "2024-01-14 00:29:15"


def test_a_time_is_shown_the_same_wherever_the_machine_stands(zone: pytest.MonkeyPatch) -> None:
    zone.setenv("TZ", "Pacific/Auckland")
    time.tzset()
    try:
        assert clock.to_local("2024-01-13T18:59:15Z") == "2024-01-13 19:59:15"
        assert clock.now().tzinfo is UTC
    finally:
        zone.delenv("TZ")
        time.tzset()


def test_stored_times_sort_as_text() -> None:
    early = datetime(2024, 1, 13, 18, 59, 15, tzinfo=UTC)

    assert clock.to_iso(early) == "2024-01-13T18:59:15.000000Z"
    assert clock.to_iso(early) < clock.to_iso(early.replace(microsecond=1)) < clock.to_iso(early.replace(second=16))


def test_ids_grow_with_time_and_stay_exact_as_doubles(monkeypatch: pytest.MonkeyPatch) -> None:
    year_2089 = int(datetime(2089, 1, 1, tzinfo=UTC).timestamp()) * 10**9
    made = []
    for moment in (year_2089 - 1_000_000, year_2089, year_2089 + 1_000_000):
        monkeypatch.setattr(time, "time_ns", lambda moment=moment: moment)
        made.append(ids.new_id())

    assert made == sorted(set(made))
    assert all(int(float(number)) == number < 2**53 for number in made)


def test_an_id_counts_milliseconds_since_2020_as_all_stored_ids_do(monkeypatch: pytest.MonkeyPatch) -> None:
    moment = int(datetime(2026, 11, 25, 12, tzinfo=UTC).timestamp()) * 10**9
    monkeypatch.setattr(time, "time_ns", lambda: moment)

    # 217,771,200,000 milliseconds, and twelve bits by chance. Another epoch would give ids below those of before.
    assert ids.new_id() >> 12 == 217_771_200_000
    assert ids.new_id() <= ids.LAST_ID


def test_tokens_are_as_long_as_a_request_token_may_be_and_all_different() -> None:
    tokens = {ids.new_request_id() for _ in range(1_000)}

    assert len(tokens) == 1_000
    assert {len(token) for token in tokens} == {32}
