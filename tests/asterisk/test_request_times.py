"""How long a PBX waits for all requests of a paid call: the documented ones, and the two that replace them."""

from __future__ import annotations

import re
from collections.abc import Callable
from statistics import median

import pytest

from tests.asterisk.pbx import Pbx
from tests.asterisk.service import Service

_ROUNDS = 15
_WAYS = {"documented": "8 documented requests", "two": "calls/begin and calls/end"}


@pytest.mark.parametrize("way", _WAYS)
def test_requests_of_a_paid_call_succeed_and_their_time_is_reported(
    way: str, asterisk: Pbx, api: Service, record_property: Callable[[str, object], None]
) -> None:
    assert api.held() == 0
    # The first one starts the gateway's functions.
    _, *times = [_milliseconds(asterisk.call(way, "measured")) for _ in range(_ROUNDS + 1)]

    record_property(_WAYS[way], f"{median(times):.0f} ms of waiting in a call, median of {_ROUNDS}")


def _milliseconds(said: str) -> int:
    found = re.search(r"MEASURED (\d+) status 1", said)
    assert found, said
    return int(found[1])
