"""What all tests share: the handlers on either engine, a service of its own, and what the service logs."""

from __future__ import annotations

import io
import os
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import pytest
from moto import mock_aws

from local import engine, template
from paidline.api import telemetry
from paidline.api.endpoint import Endpoint
from paidline.store.dynamodb import dynamodb
from tests.support import api as support
from tests.support import serve, wire
from tests.support import service as services
from tests.support.api import Api
from tests.support.coverage import unmeasured
from tests.support.service import Service
from tests.support.store import Contents, Store

# So that a failed comparison with a golden answer shows what differs.
pytest.register_assert_rewrite("tests.support.golden")


# Python runs at half its speed while coverage is measured. More cases of one test mostly repeat its first ones' lines.
_MEASURED_CASES = 2
# Simulations repeat the same lines. The contract's tests are clients of the gateway, which is measured by itself.
_UNMEASURED = {"contract", "simulation"}


def pytest_xdist_auto_num_workers() -> int:
    """Start half as many workers again as there are processors: tests often wait for a process or a time-out."""
    return (os.cpu_count() or 1) * 3 // 2


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs the real engine, for `-m "not engine"`, and the cases whose coverage is not measured."""
    cases: Counter[object] = Counter()
    for item in items:
        if not isinstance(item, pytest.Function):
            continue
        if "engine_endpoint" in item.fixturenames:
            item.add_marker(pytest.mark.engine)
        function = (item.path, item.cls, item.originalname)
        cases[function] += 1
        if cases[function] > _MEASURED_CASES or item.path.parent.name in _UNMEASURED:
            item.add_marker(pytest.mark.unmeasured)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Stop measuring coverage during a test that is marked as unmeasured, its fixtures included."""
    if item.get_closest_marker("unmeasured") is None:
        return (yield)
    with unmeasured():
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Do not measure the processes either that such a test starts: its fixtures may serve other tests too."""
    if item.get_closest_marker("unmeasured") is None:
        return (yield)
    with patch.dict(os.environ):
        os.environ.pop("COVERAGE_PROCESS_CONFIG", None)
        return (yield)


@pytest.fixture(scope="session")
def handlers() -> dict[str, Endpoint[Any]]:
    """The handlers, by their stems."""
    return support.load(template.read())


@pytest.fixture(scope="session")
def engine_endpoint() -> Iterator[str]:
    """Where the real engine answers; its tables are made by whoever needs them first."""
    with engine.start() as running:
        yield running.endpoint


@pytest.fixture(scope="session")
def example_on_engine(engine_endpoint: str) -> tuple[Store, Contents]:
    """The example data in the real engine's tables, and what is in them then."""
    store = Store(engine.client(engine_endpoint), template.read())
    store.load_example()
    return store, store.contents()


@pytest.fixture(scope="session")
def gateway(engine_endpoint: str) -> Iterator[str]:
    """Where a gateway in a process of its own answers, in front of the real engine."""
    with serve.running(engine_endpoint) as address:
        yield address


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
def _engine_of_a_module(
    handlers: dict[str, Endpoint[Any]], engine_endpoint: str, example_on_engine: tuple[Store, Contents]
) -> Iterator[tuple[Api, Contents]]:
    store, example = example_on_engine
    # Tests without this fixture write to these tables too.
    store.restore(example)
    yield Api(handlers, store, engine_endpoint), example
    dynamodb.cache_clear()


@pytest.fixture
def api(_moto: tuple[Api, Contents]) -> Iterator[Api]:
    """The service with the example data on moto: quick, in this process, and wrong under concurrency."""
    made, example = _moto
    with _restored(made, example):
        yield made


@pytest.fixture
def engine_api(request: pytest.FixtureRequest, _engine: tuple[Api, Contents]) -> Iterator[Api]:
    """The service with the example data on the real engine."""
    made, example = _engine
    with _restored(made, example):
        yield made
    # What another process writes is not seen here.
    if "gateway" in request.fixturenames:
        made.store.restore(example)


@contextmanager
def _restored(made: Api, example: Contents) -> Iterator[None]:
    """Restore what is written in the block over this process's connections."""
    with made.connected():
        made.forget()
        with wire.recorded() as calls, wire.recorded(made.store.client) as stored:
            yield
    made.store.undo([*calls, *stored], example)


@pytest.fixture(scope="module", name="_service")
def _service_of_a_module(engine_endpoint: str) -> Iterator[Service]:
    with services.made(engine_endpoint) as made:
        yield made
    dynamodb.cache_clear()


@pytest.fixture
def service(_service: Service) -> Iterator[Service]:
    """A small service on tables of its own in the real engine, and nothing in the process's memory."""
    with _service.started():
        yield _service


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
