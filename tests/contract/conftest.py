"""The service as its clients meet it: a gateway in a process of its own, in front of the embedded engine."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from local import engine, template
from tests.support import counts
from tests.support.store import Contents, Store

_COUNTED = {
    "test_golden.py::test_a_documented_request_gets_its_golden_answer": "golden answers",
    "test_client_shapes.py::test_a_request_in_this_shape_is_answered_as_the_documented_one": "client shapes",
}


@pytest.fixture(scope="session", name="_example")
def _example_of_all(engine_endpoint: str) -> tuple[Store, Contents]:
    store = Store(engine.client(engine_endpoint), template.read())
    store.load_example()
    return store, store.contents()


@pytest.fixture
def store(_example: tuple[Store, Contents]) -> Store:
    """The store behind the gateway, with the example data and nothing else."""
    made, example = _example
    made.restore(example)
    return made


@pytest.fixture(scope="session", name="_gateway")
def _gateway_of_all(engine_endpoint: str) -> Iterator[str]:
    command = [sys.executable, "-m", "tests.support.serve", engine_endpoint]
    with subprocess.Popen(
        command, cwd=template.PROJECT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        # Unread, a full pipe of log lines would stop the gateway.
        reader = threading.Thread(target=process.stdout.read)
        reader.start()
        yield address
        process.terminate()
        reader.join()


@pytest.fixture
def base_url(_gateway: str, store: Store) -> str:
    """Where the gateway answers, with the example data behind it."""
    return _gateway


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print how many of the promised comparisons held."""
    counts.write(terminalreporter, _COUNTED)
