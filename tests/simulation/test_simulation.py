"""A short run of the simulation, and that a seed replays it."""

from __future__ import annotations

from collections import Counter
from unittest.mock import patch

import pytest

from tests.simulation.episode import run
from tests.simulation.model import Model, Violation
from tests.simulation.network import WRITE_FAULTS


def test_nothing_is_lost_doubled_or_negative_in_random_episodes(
    engine_endpoint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    results = [run(seed, 200, engine_endpoint) for seed in range(1, 11)]

    faults = sum((result.faults for result in results), Counter[str]())
    with capsys.disabled():
        print(f"\n{sum(result.operations for result in results):,} operations, {sum(faults.values()):,} faults, right")
    # A kind of fault that never happens proves nothing.
    assert faults.keys() == {*WRITE_FAULTS, "slow"}
    assert max(result.latest_write_s for result in results) > 1
    assert any("deadline_exceeded" in outcome for result in results for outcome in result.outcomes)


def test_the_same_seed_gives_the_same_history_step_by_step(engine_endpoint: str) -> None:
    first, again, other = (run(seed, 200, engine_endpoint) for seed in (7, 7, 8))

    assert first == again
    assert first.history != other.history


def test_a_promise_that_is_broken_in_the_middle_of_a_request_is_named_with_its_seed(engine_endpoint: str) -> None:
    with patch.object(Model, "leaves", side_effect=Violation("a promise")), pytest.raises(Violation) as told:
        run(7, 200, engine_endpoint)

    assert str(told.value) == "seed 7: Violation: a promise\nReplay: make simulate OPS=200 SEED=7"
