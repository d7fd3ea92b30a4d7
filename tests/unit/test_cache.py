"""What a process remembers grows old by both clocks: one may stand still while Lambda freezes it, the other be set."""

from __future__ import annotations

import hashlib
import time

import pytest

from paidline.store.api_clients import ApiClient
from paidline.store.cache import Cache
from tests.support import contract
from tests.support.api import Api

HOUR = 3_600.0
STATUS = "get_status_by_ref"


class Clocks:
    """Both clocks of the machine, each moved by itself."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.monotonic, self.wall = time.monotonic(), time.time()
        monkeypatch.setattr(time, "monotonic", lambda: self.monotonic)
        monkeypatch.setattr(time, "time", lambda: self.wall)


@pytest.fixture
def clocks(monkeypatch: pytest.MonkeyPatch) -> Clocks:
    return Clocks(monkeypatch)


@pytest.mark.parametrize(
    ("monotonic", "wall", "is_kept"),
    [
        (29, 29, True),
        (31, 31, False),
        pytest.param(0, HOUR, False, id="the process was frozen"),
        pytest.param(0, 31, False, id="the process was frozen for half a minute"),
        pytest.param(HOUR, 0, False, id="the wall clock stands still"),
        pytest.param(31, -HOUR, False, id="the wall clock was set back while time passed"),
        pytest.param(1, -HOUR, False, id="the wall clock was set back just now"),
    ],
)
def test_a_memory_is_good_only_as_long_as_both_clocks_say_so(
    clocks: Clocks, monotonic: float, wall: float, is_kept: bool
) -> None:
    looked_up: list[str] = []
    cache = Cache[str](lambda key: looked_up.append(key) or key)  # type: ignore[func-returns-value]
    cache.get("hash")
    clocks.monotonic += monotonic
    clocks.wall += wall

    assert cache.get("hash") == "hash"
    assert len(looked_up) == (1 if is_kept else 2)


def test_what_took_long_to_look_up_is_as_old_as_the_question(clocks: Clocks) -> None:
    looked_up: list[str] = []

    def look_up(key: str) -> str:
        clocks.monotonic += 20
        clocks.wall += 20
        looked_up.append(key)
        return key

    cache = Cache[str](look_up)
    cache.get("hash")
    clocks.monotonic += 11
    clocks.wall += 11
    cache.get("hash")

    assert len(looked_up) == 2


@pytest.mark.parametrize(("monotonic", "wall"), [(0.0, 59.0), (59.0, 0.0)], ids=["frozen", "wall clock stands still"])
def test_a_revoked_hash_stops_working_within_a_minute_though_one_clock_stands_still(
    api: Api, clocks: Clocks, monotonic: float, wall: float
) -> None:
    api.request(STATUS)
    digest = hashlib.sha256(contract.AGENTS_HASH.encode()).hexdigest()
    api.store.put("API_CLIENTS_TABLE", ApiClient(digest, "ctb", False, frozenset()).to_item())
    clocks.monotonic += monotonic
    clocks.wall += wall

    assert api.request(STATUS).refusal == (40, "unauthorized")
