"""Integration tests run on the real engine."""

from __future__ import annotations

import pytest

from tests.support.api import Api


@pytest.fixture
def api(engine_api: Api) -> Api:
    """The service with the example data on the real engine."""
    return engine_api
