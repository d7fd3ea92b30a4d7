"""What all tests share: the handlers on either engine, a service of its own, and what the service logs."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from moto import mock_aws

from local import engine, template
from paidline.api import telemetry
from paidline.api.endpoint import Endpoint
from paidline.store.dynamodb import dynamodb
from tests.support import api as support
from tests.support import service as services
from tests.support import wire
from tests.support.api import Api
from tests.support.service import Service
from tests.support.store import Contents, Store

# So that a failed comparison with a golden answer shows what differs.
pytest.register_assert_rewrite("tests.support.golden")

_READS = {"GetItem", "Query", "Scan"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs the real engine, so that `-m "not engine"` selects the quick tests."""
    for item in items:
        if isinstance(item, pytest.Function) and "engine_endpoint" in item.fixturenames:
            item.add_marker(pytest.mark.engine)


@pytest.fixture(scope="session")
def handlers() -> dict[str, Endpoint[Any]]:
    """The handlers, by their stems."""
    return support.load(template.read())


@pytest.fixture(scope="session")
def engine_endpoint() -> Iterator[str]:
    """Where the real engine answers; its tables are made by whoever needs them first."""
    with engine.start() as running:
        yield running.endpoint


@pytest.fixture(scope="module", name="_moto")
def _moto_of_a_module(handlers: dict[str, Endpoint[Any]]) -> Iterator[tuple[Api, Contents]]:
    service = template.read()
    with mock_aws(), support.environment(service, endpoint=""):
        dynamodb.cache_clear()
        store = Store(dynamodb(), service)
        store.load_example()
        yield Api(handlers, store, endpoint=""), store.contents()
        dynamodb.cache_clear()


@pytest.fixture(scope="module", name="_engine")
def _engine_of_a_module(handlers: dict[str, Endpoint[Any]], engine_endpoint: str) -> Iterator[tuple[Api, Contents]]:
    store = Store(engine.client(engine_endpoint), template.read())
    store.load_example()
    yield Api(handlers, store, engine_endpoint), store.contents()
    dynamodb.cache_clear()


@pytest.fixture
def api(_moto: tuple[Api, Contents]) -> Iterator[Api]:
    """The service with the example data on moto: quick, in this process, and wrong under concurrency."""
    made, example = _moto
    with made.connected():
        made.forget()
        with wire.recorded() as calls, wire.recorded(made.store.client) as stored:
            yield made
    # Looking through all tables costs moto more than most tests do.
    if any(call.operation not in _READS for call in (*calls, *stored)):
        made.store.restore(example)


@pytest.fixture
def engine_api(_engine: tuple[Api, Contents]) -> Iterator[Api]:
    """The service with the example data on the real engine."""
    made, example = _engine
    made.store.restore(example)
    with made.connected():
        made.forget()
        yield made


@pytest.fixture
def service(engine_endpoint: str) -> Iterator[Service]:
    """A small service on tables of its own in the real engine, and nothing in the process's memory."""
    with services.started(engine_endpoint) as made:
        yield made


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[[], str]:
    """Read everything that the service has written since the last call: log lines and metrics."""
    log = io.StringIO()
    # The logger took its stream when it was made, long before any test began.
    monkeypatch.setattr(telemetry.logger().registered_handler, "stream", log)

    def read() -> str:
        captured = capsys.readouterr()
        lines = log.getvalue() + captured.out + captured.err
        log.seek(0)
        log.truncate()
        return lines

    return read
