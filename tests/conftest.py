"""What all levels share: the handlers, an engine of the run's own, and what the service tells of a request."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from local import engine, template
from paidline.edge import observing
from paidline.edge.endpoint import Endpoint
from tests.support import api as support


@pytest.fixture(scope="session")
def handlers() -> dict[str, Endpoint[Any]]:
    """The ten handlers, by their stems."""
    return support.load(template.read())


@pytest.fixture(scope="session", name="engine_endpoint")
def _engine_endpoint() -> Iterator[str]:
    """Where the embedded engine answers; its tables are the first asker's to make."""
    with engine.start() as running:
        yield running.endpoint


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[[], str]:
    """Everything that the service has written since it was last asked: log lines and metrics."""
    log = io.StringIO()
    # The logger took its stream when it was made, long before any test began.
    monkeypatch.setattr(observing.logger().registered_handler, "stream", log)

    def read() -> str:
        captured = capsys.readouterr()
        lines = log.getvalue() + captured.out + captured.err
        log.seek(0)
        log.truncate()
        return lines

    return read
