"""How a request that loses races pauses between its tries, until its time is up."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from paidline import deadline
from paidline.errors import Contention
from paidline.store.transaction import Backoff


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
    monkeypatch.setattr(deadline, "time", made)
    return made


@pytest.fixture
def longest(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses are as long as chance allows."""
    monkeypatch.setattr(deadline, "os", SimpleNamespace(urandom=lambda count: b"\xff" * count))


def test_pauses_grow_and_shrink_again_as_the_time_runs_out_and_then_the_request_is_given_back(
    clock: Clock, longest: None
) -> None:
    with deadline.start(10_000), pytest.raises(Contention):
        _wait_for_ever(Backoff())

    peak = clock.pauses.index(max(clock.pauses))
    assert clock.pauses[0] < 0.005
    assert clock.pauses[:peak] == sorted(clock.pauses[:peak])
    assert clock.pauses[peak:] == sorted(clock.pauses[peak:], reverse=True)
    assert clock.pauses[peak] > 0.1 > 0.01 > clock.pauses[-1]


@pytest.mark.parametrize("longest_s", [0.004, 0.3, 60.0])
def test_no_pause_goes_on_after_the_time_is_up(clock: Clock, longest: None, longest_s: float) -> None:
    with deadline.start(10_000), pytest.raises(Contention):
        _pause_for_ever(longest_s)

    assert clock.now - 1000 == pytest.approx(deadline.LAST_ATTEMPT_S)


def test_outside_of_a_request_pauses_are_not_cut_short(clock: Clock, longest: None) -> None:
    deadline.pause(60)

    assert clock.pauses == [60]


def _pause_for_ever(longest_s: float) -> None:
    while True:
        deadline.pause(longest_s, Contention)


def _wait_for_ever(patience: Backoff) -> None:
    while True:
        patience.wait()


def test_pauses_are_drawn_by_chance_so_that_rivals_do_not_meet_again(clock: Clock) -> None:
    rivals = [Backoff() for _ in range(50)]

    for rival in rivals:
        rival.wait()

    assert len(set(clock.pauses)) > 25
