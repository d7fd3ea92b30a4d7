"""sessionCallCreateByRef: what is checked, stored and answered about a call."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from paidline import ids
from tests.support.api import Api
from tests.support.service import Service

NAUGHT = "0" * 64
SESSION = "session_call_create_by_ref"


# Each request is wrong in several ways; the answer is that of the check that comes first.
@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"authenticationHash": NAUGHT, "ref": "999", "duration": "-1"}, (10, "invalid:duration")),
        ({"authenticationHash": NAUGHT, "ref": "999"}, (40, "unauthorized")),
        ({"ref": "999", "dialedNumber": "1", "dialStatus": "x"}, (200, "unknown_ref")),
        ({"dialedNumber": "1", "dialStatus": "x"}, (307, "unknown_dialed_number")),
        ({"dialStatus": "x"}, (311, "invalid:dialStatus")),
    ],
)
def test_the_first_check_that_fails_decides(api: Api, changes: dict[str, Any], refusal: tuple[int, str]) -> None:
    before = api.store.contents()

    assert api.request(SESSION, **changes).refusal == refusal
    assert api.store.contents() == before


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"dialStatus": "answer"}, (311, "invalid:dialStatus")),
        ({"dialStatus": "ANSWERED"}, (311, "invalid:dialStatus")),
        ({"startTime": "2042-02-30 12:00:01"}, (10, "invalid:startTime")),
        ({"endTime": "2042-01-01 25:00:01"}, (10, "invalid:endTime")),
        ({"endTime": "2042-01-01 12:00:00"}, (10, "end_before_start")),
        ({"inboundNumber": "nobody"}, (10, "invalid:inboundNumber")),
        ({"outboundNumber": "anonymous"}, (10, "invalid:outboundNumber")),
        ({"duration": "1.5"}, (10, "invalid:duration")),
    ],
)
def test_a_value_is_taken_to_the_letter(api: Api, changes: dict[str, Any], refusal: tuple[int, str]) -> None:
    assert api.request(SESSION, **changes).refusal == refusal


@pytest.mark.parametrize("word", ["anonymous", "Restricted", "UNKNOWN", "unavailable", "private"])
def test_a_withheld_caller_of_a_session_is_kept_as_given(api: Api, word: str) -> None:
    assert api.request(SESSION, inboundNumber=word).json["callSession"]["inboundNumber"] == word


@pytest.mark.parametrize(
    "status",
    ["ANSWER", "BUSY", "NOANSWER", "CANCEL", "CONGESTION", "CHANUNAVAIL", "DONTCALL", "TORTURE", "INVALIDARGS"],
)
def test_a_dial_status_is_answered_in_lower_case(api: Api, status: str) -> None:
    assert api.request(SESSION, dialStatus=status).json["callSession"]["dialStatus"] == status.lower()


def test_a_session_may_end_in_the_second_in_which_it_starts(api: Api) -> None:
    answer = api.request(SESSION, endTime="2042-01-01 12:00:01", duration=0)

    assert answer.json["callSession"]["duration"] == "0"


def test_a_session_has_the_price_of_its_moment_and_an_id_that_grows(api: Api) -> None:
    first = api.request(SESSION).json["callSession"]
    api.store.change("AGENTS_TABLE", {"refKey": {"S": "38"}}, "tpm", {"N": "120"})
    second = api.request(SESSION).json["callSession"]

    assert (first["tpm"], second["tpm"]) == ("90", "120")
    assert first["id"] == first["sessionId"] != second["id"]
    assert {item["id"] for item in api.store.items("CALL_SESSIONS_TABLE")} == {first["id"], second["id"]}


def test_phone_numbers_are_stored_and_answered_as_digits(api: Api) -> None:
    session = api.request(
        SESSION, inboundNumber="+31 6 1234-5678", dialedNumber="0031612345678", outboundNumber=31612345678
    ).json["callSession"]

    assert {session["inboundNumber"], session["dialedNumber"], session["outboundNumber"]} == {"31612345678"}


def test_the_record_of_a_call_has_all_that_was_sent(api: Api) -> None:
    sent = {"inboundNumber": "31600000001", "outboundNumber": "31600000002", "duration": 61, "dialStatus": "BUSY"}
    session = api.request(SESSION, **sent).json["callSession"]
    (stored,) = api.store.items("CALL_SESSIONS_TABLE")

    assert len(stored.pop("requestId")) == 32
    created = datetime.fromisoformat(stored.pop("created"))
    assert datetime.now(UTC) - created < timedelta(minutes=5)
    assert stored.pop("day") == created.astimezone(ZoneInfo("Europe/Amsterdam")).date().isoformat()
    assert stored == {
        "id": session["id"],
        "ref": "000038",
        "userId": "194",
        "dialedNumber": "31612345678",
        "inboundNumber": "31600000001",
        "outboundNumber": "31600000002",
        "dialStatus": "busy",
        "duration": "61",
        "startTime": "2042-01-01 12:00:01",
        "endTime": "2042-01-01 13:00:01",
        "tpm": "90",
    }


def test_a_call_is_the_same_whatever_the_leading_zeros_of_its_ref(api: Api) -> None:
    first = api.request(SESSION, idempotencyKey="call-1", ref="000038")
    again = api.request(SESSION, idempotencyKey="call-1", ref=38)

    assert again.body == first.body
    assert again.headers["idempotency-hit"] == "true"


def test_a_session_whose_id_is_taken_gets_another_and_both_are_kept(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = iter([1, 1, 1, 2])
    monkeypatch.setattr(ids, "new_id", lambda: next(made))
    first = service.send(SESSION, duration=1)
    second = service.send(SESSION, duration=2)

    assert [answer.json["callSession"]["id"] for answer in (first, second)] == ["1", "2"]
    stored = {item["id"]["N"]: item["duration"]["N"] for item in service.items("CALL_SESSIONS_TABLE")}
    assert stored == {"1": "1", "2": "2"}
