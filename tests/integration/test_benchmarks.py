"""The benchmarks' requests are answered: one that were refused would measure a refusal, or stop `make bench`."""

from __future__ import annotations

from collections.abc import Iterator
from unittest.mock import patch

import pytest

from benchmarks import contenders, request
from benchmarks.contenders import Contender
from paidline.store.dynamodb import dynamodb


@pytest.fixture(autouse=True)
def _own_store() -> Iterator[None]:
    """The benchmarks point the process at a store of their own."""
    with patch.dict("os.environ"):
        dynamodb.cache_clear()
        yield
    dynamodb.cache_clear()


@pytest.mark.parametrize("contender", contenders.ours(), ids=lambda contender: contender.name)
def test_every_request_of_a_benchmark_is_answered(contender: Contender) -> None:
    with contender.ready(3) as events:
        request.send(contender.name, events)
