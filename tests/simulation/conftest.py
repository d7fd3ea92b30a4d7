"""What all simulations share."""

from __future__ import annotations

from collections.abc import Iterator

import coverage
import pytest


@pytest.fixture(autouse=True)
def _without_coverage() -> Iterator[None]:
    """Stop measuring coverage: simulations repeat the same lines, at half the speed when these are counted."""
    measuring = coverage.Coverage.current()
    if measuring is None:
        yield
        return
    measuring.stop()
    yield
    measuring.start()
