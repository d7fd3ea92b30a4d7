"""How long a request that loses races goes on trying, and how long it pauses between."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from paidline.codes import StoreUnavailable
from paidline.store import transaction
from paidline.store.transaction import Patience


class Clock:
    """A clock that only sleeping moves, and the pauses that were slept."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.pauses: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(transaction, "time", made)
    return made


def test_pauses_grow_and_shrink_again_as_the_time_runs_out_and_then_the_request_is_given_back(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As long as chance allows.
    monkeypatch.setattr(transaction, "os", SimpleNamespace(urandom=lambda count: b"\xff" * count))

    with pytest.raises(StoreUnavailable, match="contention"):
        _wait_for_ever(Patience())

    peak = clock.pauses.index(max(clock.pauses))
    assert clock.pauses[0] < 0.005
    assert clock.pauses[:peak] == sorted(clock.pauses[:peak])
    assert clock.pauses[peak:] == sorted(clock.pauses[peak:], reverse=True)
    assert clock.pauses[peak] > 0.1 > 0.01 > clock.pauses[-1]
    assert 2.5 <= clock.now - 1000 < 2.6


def _wait_for_ever(patience: Patience) -> None:
    while True:
        patience.wait()


def test_pauses_are_drawn_by_chance_so_that_rivals_do_not_meet_again(clock: Clock) -> None:
    rivals = [Patience() for _ in range(50)]

    for rival in rivals:
        rival.wait()

    assert len(set(clock.pauses)) > 25
