"""getStatusByRef: an agent's status, however the ref is written."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.api import Api

NAUGHT = "0" * 64
STATUS = "get_status_by_ref"


# Each request is wrong in several ways; the answer is that of the check that comes first.
@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"authenticationHash": NAUGHT, "ref": None}, (10, "missing:ref")),
        ({"authenticationHash": NAUGHT, "ref": "999"}, (40, "unauthorized")),
        ({"ref": "999"}, (200, "unknown_ref")),
    ],
)
def test_the_first_check_that_fails_decides(api: Api, changes: dict[str, Any], refusal: tuple[int, str]) -> None:
    before = api.store.contents()

    assert api.request(STATUS, **changes).refusal == refusal
    assert api.store.contents() == before


@pytest.mark.parametrize("ref", ["38", 38, "000038", "0038", "000000000038", " 38 "])
def test_leading_zeros_of_a_ref_do_not_count_and_the_stored_spelling_is_shown(api: Api, ref: str | int) -> None:
    assert api.request(STATUS, ref=ref).json["user"]["ref"] == "000038"


def test_a_ref_with_two_digits_is_shown_with_two_digits(api: Api) -> None:
    assert api.request(STATUS, ref=2).json["user"]["ref"] == "02"


def test_a_status_read_shows_line_and_status_as_they_are(api: Api) -> None:
    user = api.request(STATUS, ref="02").json["user"]

    assert (user["status"], user["statusVisual"], user["lineSharing"]) == ("offline", "Offline", "false")
    assert isinstance(user["userId"], int)
