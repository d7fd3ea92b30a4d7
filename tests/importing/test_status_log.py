"""Importing status logs: in getStatusLog's shape, of agents who are stored."""

from __future__ import annotations

import json
from typing import Any

import pytest

from admin.importing.run import Progress
from admin.importing.writer import THREADS
from paidline import ids
from paidline.store.transaction import MAX_OPERATIONS
from tests.importing.conftest import Importer, counted
from tests.support import wire

ROW = {
    "id": "500",
    "userId": "968",
    "ref": "000968",
    "creationDate": "2024-05-26 01:02:03",
    "status": "pause",
    "handler": "RouteControllerUpdateUserStatus",
    "ip": "127.0.0.1",
}


def rows(count: int, first: int = 1000) -> list[dict[str, Any]]:
    return [{**ROW, "id": str(first + number)} for number in range(count)]


def listed(importer: Importer, **parameters: Any) -> list[dict[str, Any]]:
    data: list[dict[str, Any]] = importer.api.request("get_status_log", ref="968", **parameters).json["data"]
    return data


def test_an_answer_of_the_old_system_is_answered_again_as_it_was(importer: Importer) -> None:
    answer = {"status": 1, "message": "success", "code": 20, "data": [ROW, {**ROW, "id": "498", "status": "online"}]}

    assert counted(importer.rows("status-log", answer)) == (2, 0, 0, 0)
    assert listed(importer)[0] == ROW
    assert [row["id"] for row in listed(importer)] == ["500", "499", "498"]
    assert counted(importer.rows("status-log", answer)) == (0, 0, 2, 0)


@pytest.mark.parametrize("indent", [None, 2])
def test_one_big_answer_is_read_whether_or_not_it_is_on_one_line(importer: Importer, indent: int | None) -> None:
    path = importer.folder / "log.json"
    path.write_text(json.dumps({"status": 1, "code": 20, "data": [ROW]}, indent=indent), encoding="utf-8")

    assert counted(importer.file("status-log", path)) == (1, 0, 0, 0)


def test_a_new_update_comes_after_the_imported_rows(importer: Importer) -> None:
    importer.rows("status-log", ROW)
    importer.api.request("update_status_by_ref", ref="968", status="offline")

    assert [row["status"] for row in listed(importer)] == ["offline", "pause", "online"]


def test_a_second_run_and_a_run_with_more_rows_write_only_what_is_missing(importer: Importer) -> None:
    importer.rows("status-log", *rows(30)[::2])

    with wire.recorded(importer.api.store.client) as calls:
        assert counted(importer.rows("status-log", *rows(30))) == (15, 0, 15, 0)
        assert counted(importer.rows("status-log", *rows(30))) == (0, 0, 30, 0)

    assert sum(call.operation == "TransactWriteItems" for call in calls) == 1


def test_overlapping_pages_count_once(importer: Importer) -> None:
    assert counted(importer.rows("status-log", ROW, ROW, ROW)) == (1, 0, 2, 0)


@pytest.mark.parametrize(
    ("changes", "reject"),
    [
        ({"id": "499"}, ("id", "another row with this id is stored")),
        ({"ref": "12345"}, ("ref", "no agent with this ref is stored")),
        ({"userId": "5"}, ("userId", "the agent with this ref has userId 968")),
        ({"id": str(ids.LAST_ID)}, ("id", "is not below the ids that the service gives to new rows")),
        ({"creationDate": ""}, ("creationDate", "is not a time")),
        ({"creationDate": "0001-01-01 00:00:00"}, ("creationDate", None)),
        ({"status": "away"}, ("status", None)),
    ],
    ids=str,
)
def test_a_row_that_cannot_be_stored_is_refused(
    importer: Importer, changes: dict[str, str], reject: tuple[str, str | None]
) -> None:
    before = importer.api.store.contents()

    assert counted(importer.rows("status-log", {**ROW, **changes})) == (0, 0, 0, 1)
    ((row, field, reason),) = importer.rejects
    assert (row, field) == (1, reject[0])
    assert reject[1] in (None, reason)
    assert importer.api.store.contents() == before


def test_two_different_rows_of_one_id_are_both_refused(importer: Importer) -> None:
    assert counted(importer.rows("status-log", ROW, {**ROW, "status": "online"})) == (0, 0, 0, 2)


class _Interrupted(Exception):
    pass


class _InterruptedAt(Progress):
    """The operator presses Ctrl-C once so many rows have been written."""

    def __init__(self, rows: int) -> None:
        self._step = ""
        self._left = rows

    def begin(self, step: str, total: int | None) -> None:
        self._step = step

    def advance(self, rows: int) -> None:
        if self._step == "write":
            self._left -= rows
            if self._left < 0:
                raise _Interrupted


def test_an_interrupted_run_goes_on_where_it_was(importer: Importer) -> None:
    # More than are ever on their way at once.
    count = 3 * 2 * THREADS * MAX_OPERATIONS
    path = importer.write(rows(count))
    with pytest.raises(_Interrupted):
        importer.file("status-log", path, progress=_InterruptedAt(100))
    written = len(stored_ids(importer))
    assert 100 <= written < count

    assert counted(importer.file("status-log", path)) == (count - written, 0, written, 0)
    assert stored_ids(importer) == list(range(1000, 1000 + count))


def stored_ids(importer: Importer) -> list[int]:
    """The ids of the imported rows; the example data's is below them."""
    return sorted(number for row in importer.api.store.items("STATUS_LOG_TABLE") if (number := int(row["id"])) >= 1000)
