"""What the tests of money and races share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.scene import Scene
from tests.support.service import Service


@pytest.fixture
def scene(service: Service, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    # The rival is another process, so it does not queue behind the request.
    monkeypatch.setattr("paidline.domain.fair_lock.FairLock.acquire", lambda *_: False)
    # The pauses between two attempts of one call would use up the request's time on a busy machine.
    monkeypatch.setattr("paidline.store.dynamodb._FIRST_PAUSE_S", 0.0)
    made = Scene(service)
    yield made
    made.close()
