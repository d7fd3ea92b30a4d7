"""The service as its clients meet it: a gateway in a process of its own, in front of the embedded engine."""

from __future__ import annotations

import pytest

from tests.support import counts
from tests.support.store import Contents, Store

_COUNTED = {
    "test_golden.py::test_a_documented_request_gets_its_golden_answer": "golden answers",
    "test_client_shapes.py::test_a_request_in_this_shape_is_answered_as_the_documented_one": "client shapes",
}


@pytest.fixture
def store(example_on_engine: tuple[Store, Contents]) -> Store:
    """The store behind the gateway, with the example data and nothing else."""
    made, example = example_on_engine
    made.restore(example)
    return made


@pytest.fixture
def base_url(gateway: str, store: Store) -> str:
    """Where the gateway answers, with the example data behind it."""
    return gateway


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print how many of the promised comparisons held."""
    counts.write(terminalreporter, _COUNTED)
