"""What all levels share: the handlers, an engine of the run's own, and what the service tells of a request."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from local import engine, template
from paidline.api.endpoint import Endpoint
from tests.support import api as support
from tests.support.api import Api
from tests.support.store import Contents, Store


@pytest.fixture(scope="session")
def handlers() -> dict[str, Endpoint[Any]]:
    """The handlers, by their stems."""
    return support.load(template.read())


@pytest.fixture(scope="session", name="engine_endpoint")
def _engine_endpoint() -> Iterator[str]:
    """Where the embedded engine answers; its tables are the first asker's to make."""
    with engine.start() as running:
        yield running.endpoint


@pytest.fixture(scope="module", name="_engine")
def _engine_of_a_module(handlers: dict[str, Endpoint[Any]], engine_endpoint: str) -> Iterator[tuple[Api, Contents]]:
    service = template.read()
    with support.environment(service, engine_endpoint):
        store = Store(engine.client(engine_endpoint), service)
        store.load_example()
        yield Api(handlers, store), store.contents()


@pytest.fixture
def api(_engine: tuple[Api, Contents]) -> Api:
    """The service with the example data, and a process that has answered nothing yet."""
    made, example = _engine
    made.store.restore(example)
    made.forget()
    return made


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Callable[[], str]:
    """Everything that the service has written since it was last asked: log lines and metrics."""

    def read() -> str:
        captured = capsys.readouterr()
        return captured.out + captured.err

    return read
