"""The handlers on moto: quick, in this process, and no judge of concurrency."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from moto import mock_aws

from local import template
from paidline.api.endpoint import Endpoint
from paidline.store.dynamodb import dynamodb
from tests.support import api as support
from tests.support import wire
from tests.support.api import Api
from tests.support.store import Contents, Store

_READS = {"GetItem", "Query", "Scan"}


@pytest.fixture(scope="module", name="_moto")
def _moto_of_a_module(handlers: dict[str, Endpoint[Any]]) -> Iterator[tuple[Api, Contents]]:
    service = template.read()
    with mock_aws(), support.environment(service, endpoint=""):
        store = Store(dynamodb(), service)
        store.load_example()
        yield Api(handlers, store), store.contents()


@pytest.fixture
def api(_moto: tuple[Api, Contents]) -> Iterator[Api]:
    """The service with the example data, and a process that has answered nothing yet."""
    made, example = _moto
    made.forget()
    with wire.recorded() as calls:
        yield made
    # Looking through all tables costs moto more than most tests do.
    if any(call.operation not in _READS for call in calls):
        made.store.restore(example)
