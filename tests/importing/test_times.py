"""Times of the old system are local, and right over both changes of the clock."""

from __future__ import annotations

import pytest

from admin.importing.times import to_stored
from tests.importing.conftest import ZONE


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("", ""),
        ("0000-00-00 00:00:00", ""),
        ("2024-01-13 19:59:15", "2024-01-13T18:59:15.000000Z"),
        ("2024-07-13 19:59:15", "2024-07-13T17:59:15.000000Z"),
        ("2024-03-31 01:59:59", "2024-03-31T00:59:59.000000Z"),
        ("2024-03-31 03:00:00", "2024-03-31T01:00:00.000000Z"),
        ("2024-10-27 02:30:00", "2024-10-27T00:30:00.000000Z"),
        ("2024-10-27 03:00:00", "2024-10-27T02:00:00.000000Z"),
        ("2024-10-27T02:30:00+01:00", "2024-10-27T01:30:00.000000Z"),
        ("2024-01-13T18:59:15Z", "2024-01-13T18:59:15.000000Z"),
    ],
)
def test_a_time_is_stored_in_utc(written: str, stored: str) -> None:
    assert to_stored(written, ZONE) == stored


@pytest.mark.parametrize(
    "written",
    [
        "2024-03-31 02:30:00",
        "2024-02-30 10:00:00",
        "0001-01-01 00:00:00",
        "9999-12-31T23:59:59-01:00",
        "2024-01-13",
        "x",
    ],
)
def test_a_time_that_there_never_was_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match=r"skipped|not YYYY"):
        to_stored(written, ZONE)
