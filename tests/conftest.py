"""What all levels share: an engine of the run's own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local import engine


@pytest.fixture(scope="session", name="engine_endpoint")
def _engine_endpoint() -> Iterator[str]:
    """Where the embedded engine answers; its tables are the first asker's to make."""
    with engine.start() as running:
        yield running.endpoint
