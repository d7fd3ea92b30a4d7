"""The built functions in `sam local`'s containers: they need Docker and a build, so `make test-sam` asks for them."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator

import pytest

from local import engine, sam, template
from tests.support import counts
from tests.support.store import Contents, Store

collect_ignore_glob = [] if os.environ.get("TEST_SAM") else ["test_*.py"]

_COUNTED = {
    "test_sam_local.py::test_a_documented_request_gets_its_golden_answer": "golden answers through sam local start-api",
    "test_sam_local.py::test_an_event_file_gets_its_golden_answer": "event files through sam local invoke",
}


@pytest.fixture(scope="session", name="reachable_engine")
def _reachable_engine() -> Iterator[engine.Engine]:
    """An engine that the containers reach."""
    with engine.start(host=sam.reachable_address()) as running:
        yield running


@pytest.fixture(scope="session", name="_example")
def _example_of_all(reachable_engine: engine.Engine) -> tuple[Store, Contents]:
    store = Store(reachable_engine.client(), template.read())
    store.load_example()
    return store, store.contents()


@pytest.fixture
def store(_example: tuple[Store, Contents]) -> Store:
    """The store behind the functions, with the example data and nothing else."""
    made, example = _example
    made.restore(example)
    return made


@pytest.fixture(scope="session", name="_api")
def _api_of_all(reachable_engine: engine.Engine) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with sam.start_api(reachable_engine, port) as process:
        sam.wait_until_ready(process, port)
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(scope="session", name="_lambda")
def _lambda_of_all(reachable_engine: engine.Engine) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with sam.start_lambda(reachable_engine, port) as process:
        sam.wait_until_ready(process, port)
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def lambda_url(_lambda: str, store: Store) -> str:
    """Where `sam local start-lambda` answers, with the example data behind it."""
    return _lambda


@pytest.fixture
def base_url(_api: str, store: Store) -> str:
    """Where `sam local start-api` answers, with the example data behind it."""
    return _api


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print how many of the promised answers came."""
    counts.write(terminalreporter, _COUNTED)
