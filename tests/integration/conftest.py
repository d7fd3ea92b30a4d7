"""The handlers in this process, on the embedded engine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from local import engine, template
from paidline.edge.endpoint import Endpoint
from tests.support import api as support
from tests.support.api import Api
from tests.support.store import Contents, Store


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
