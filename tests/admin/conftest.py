"""What the tests of the admin function share."""

from __future__ import annotations

import pytest

from tests.support.admin import Admin
from tests.support.service import Service


@pytest.fixture
def admin(service: Service) -> Admin:
    """The admin function on tables of its own in the real engine, which the fixture `service` has filled."""
    return Admin()


@pytest.fixture(scope="session")
def storeless() -> Admin:
    """The admin function without a store, for what is refused before any call."""
    return Admin()
