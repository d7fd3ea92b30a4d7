"""getStatusLog: which rows, how many and in which order."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support import contract
from tests.support.agents import rows_of, statuses
from tests.support.api import Api
from tests.support.store import Item

NAUGHT = "0" * 64
UPDATE = "update_status_by_ref"
LINE = "update_status_by_line_sharing"
LOG = "get_status_log"


# Each request is wrong in several ways; the answer is that of the check that comes first.
@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"authenticationHash": NAUGHT, "ref": "999", "limit": "0"}, (10, "invalid:limit")),
        ({"authenticationHash": NAUGHT, "ref": "999", "status": "busy"}, (40, "unauthorized")),
        ({"ref": "999", "status": "busy"}, (200, "unknown_ref")),
        ({"status": "busy"}, (218, "invalid:status")),
        ({"before": "x"}, (10, "invalid:before")),
    ],
)
def test_the_first_check_that_fails_decides(api: Api, changes: dict[str, Any], refusal: tuple[int, str]) -> None:
    before = api.store.contents()

    assert api.request(LOG, **changes).refusal == refusal
    assert api.store.contents() == before


@pytest.mark.parametrize("stem", [UPDATE, LINE])
@pytest.mark.parametrize("name", ["x-forwarded-for", "X-Forwarded-For", "forwarded", "x-real-ip"])
def test_the_log_has_the_address_that_the_gateway_saw_and_not_one_that_the_client_claims(
    api: Api, stem: str, name: str
) -> None:
    event = contract.event(stem)
    event["headers"] = {name: "198.51.100.66, 203.0.113.99"}

    api.send(stem, event)

    assert [row["ip"] for row in api.request(LOG).json["data"]] == ["203.0.113.7"]


class TestLog:
    """The status log of an agent with rows 1 to 1,005: online where the id is even, else pause."""

    @pytest.fixture(autouse=True)
    def _rows(self, engine_api: Api) -> None:
        engine_api.store.put_all("STATUS_LOG_TABLE", [self.row(number) for number in range(1, 1006)])

    @staticmethod
    def row(number: int) -> Item:
        status = "pause" if number % 2 else "online"
        texts = {"refKey": "38", "ref": "000038", "created": "2024-05-25T20:55:03Z", "status": status}
        texts |= {"statusId": f"{status}#{number:016}", "handler": "h", "ip": "127.0.0.1", "requestId": "t"}
        numbers = {"id": str(number), "userId": "194"}
        return {name: {"S": text} for name, text in texts.items()} | {k: {"N": n} for k, n in numbers.items()}

    @staticmethod
    def ids(api: Api, **parameters: Any) -> list[int]:
        return [int(row["id"]) for row in rows_of(api, "38", **parameters)]

    def test_it_lists_a_thousand_rows_at_most_newest_first(self, engine_api: Api) -> None:
        assert self.ids(engine_api) == list(range(1005, 5, -1))

    def test_it_lists_as_many_as_the_limit_says(self, engine_api: Api) -> None:
        assert self.ids(engine_api, limit="3") == [1005, 1004, 1003]
        assert self.ids(engine_api, limit=1) == [1005]

    def test_it_goes_on_before_a_row(self, engine_api: Api) -> None:
        assert self.ids(engine_api, before="1003", limit=2) == [1002, 1001]
        assert self.ids(engine_api, before=4) == [3, 2, 1]
        assert self.ids(engine_api, before=1) == []

    def test_it_lists_the_rows_of_one_status(self, engine_api: Api) -> None:
        assert self.ids(engine_api, status="online", limit=2) == [1004, 1002]
        assert self.ids(engine_api, status="pause", before=1003, limit=2) == [1001, 999]
        assert self.ids(engine_api, status="offline") == []

    def test_pages_meet_without_a_gap_or_a_row_twice(self, engine_api: Api) -> None:
        listed: list[int] = []
        while page := self.ids(engine_api, limit=400, **({"before": listed[-1]} if listed else {})):
            listed += page

        assert listed == list(range(1005, 0, -1))


def test_a_status_whose_word_begins_another_is_not_confused_with_it(engine_api: Api) -> None:
    for status in ("online", "offline", "inConversation"):
        engine_api.request(UPDATE, status=status)

    assert statuses(rows_of(engine_api, "38", status="offline")) == ["offline"]
