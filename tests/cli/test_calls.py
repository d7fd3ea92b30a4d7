"""`paidline calls` as an operator types it, on the service that `make run` serves."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from admin.cli.main import run
from admin.cli.trace import written_by
from admin.reports.tables import Tables
from admin.reports.times import Period
from tests.importing.conftest import ZONE
from tests.importing.test_cdr import TALK, lines
from tests.support.api import Api
from tests.support.paid_calls import HELD, LIVE, NEW, PBX

BEGIN, END, SYNC, UPDATE = "calls_begin", "calls_end", "calls_sync", "update_status_by_ref"
NUMBER, PIN = "31688006395", "695334"


@pytest.fixture
def api(engine_api: Api, gateway: str, monkeypatch: pytest.MonkeyPatch) -> Api:
    """The service, with the call of the documented request begun beside the live one."""
    monkeypatch.setenv("PAIDLINE_URL", gateway)
    monkeypatch.setenv("PAIDLINE_OPERATOR", "tester")
    monkeypatch.setenv("CALL_SYNC_GRACE_S", "0")
    assert engine_api.request(BEGIN).reason is None
    return engine_api


@pytest.fixture
def expired(api: Api) -> Api:
    """The same, when it has expired."""
    assert api.request(SYNC, callIds=LIVE).json["expiredCalls"] == "1"
    return api


def listed(capfd: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, Any]]:
    capfd.readouterr()
    assert run(["calls", *arguments, "--json"]) == 0
    return [json.loads(line) for line in capfd.readouterr().out.splitlines()]


def test_open_calls_are_listed_with_what_they_hold_and_masked(api: Api, capfd: pytest.CaptureFixture[str]) -> None:
    live, new = listed(capfd, "open")
    revealed = listed(capfd, "open", "--reveal")[1]

    assert (live["callId"], live["held"], new["callId"], new["pbx"]) == (LIVE, HELD, NEW, PBX)
    assert (new["ref"], new["walletId"], new["applicationId"]) == ("000038", "6254", "1288")
    assert (new["inboundNumber"], revealed["inboundNumber"]) == ("****395", NUMBER)
    assert PIN not in json.dumps([live, new, revealed])
    assert new["opened"] < new["deadline"]
    api.request(END, callId=NEW)
    assert [call["callId"] for call in listed(capfd, "open")] == [LIVE]


@pytest.mark.parametrize(
    ("option", "found"),
    [
        (("--agent", "38"), [LIVE, NEW]),
        (("--agent", "968"), []),
        (("--wallet", "6254"), [NEW]),
        (("--pbx", "pbx1"), [LIVE, NEW]),
        (("--pbx", "pbx2"), []),
        (("--agent", "0038", "--wallet", "6255", "--pbx", "pbx1"), [LIVE]),
    ],
)
def test_calls_are_chosen_by_agent_wallet_and_pbx(
    api: Api, capfd: pytest.CaptureFixture[str], option: tuple[str, ...], found: list[str]
) -> None:
    assert [call["callId"] for call in listed(capfd, "open", *option)] == found
    api.request(SYNC, callIds=None)
    assert [call["callId"] for call in listed(capfd, "expired", *option)] == found


def test_calls_of_all_pbxs_are_listed_and_a_hundred_and_more_of_them(
    api: Api, capfd: pytest.CaptureFixture[str]
) -> None:
    from tests.support.paid_calls import live_call

    many = [live_call()._replace(call_id=f"c{number}", pbx="pbx9").to_item() for number in range(230)]
    api.store.put_all("CALLS_TABLE", many)
    api.store.put("PBXS_TABLE", {"pbx": {"S": "pbx9"}})

    assert len(listed(capfd, "open")) == 232
    assert len(listed(capfd, "open", "--pbx", "pbx9")) == 230


def test_an_expired_call_is_listed_until_it_is_settled(expired: Api, capfd: pytest.CaptureFixture[str]) -> None:
    (call,) = listed(capfd, "expired")
    assert (call["callId"], call["inboundNumber"], "deadline" in call) == (NEW, "****395", False)

    settle = ["settle", NEW, "--pbx", PBX, "--seconds", "61", "--reason", "caller agrees"]
    (settled,) = listed(capfd, *settle)
    assert (settled["tokensCharged"], settled["tokens"]) == (92, 1879)
    assert listed(capfd, *settle) == [settled]
    assert listed(capfd, "expired") == []
    assert [session["duration"] for session in listed(capfd, "list", "--caller", NUMBER)] == [61]
    assert run(["ledger", "verify"]) == 0


def test_an_expired_call_can_be_ended_late_instead(expired: Api, capfd: pytest.CaptureFixture[str]) -> None:
    expired.request(END, callId=NEW)

    assert listed(capfd, "expired") == []
    assert run(["calls", "settle", NEW, "--pbx", PBX, "--seconds", "61", "--reason", "r"]) == 2
    assert "has been ended otherwise" in capfd.readouterr().err


def test_an_open_call_is_not_settled_by_hand(api: Api, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["calls", "settle", NEW, "--pbx", PBX, "--seconds", "61", "--reason", "r"]) == 2
    assert "The call is open" in capfd.readouterr().err


def _record(call_id: str, **changes: str) -> dict[str, str]:
    return TALK | {"uniqueid": call_id, "duration": "70", "billsec": "61"} | changes


def _begin_now(api: Api, sequence: int) -> str:
    """Begin a call of a channel that was made two seconds ago."""
    api.request(UPDATE, ref="38", status="online")
    call_id = f"pbx1-{int(time.time()) - 2}.{sequence}"
    assert api.request(BEGIN, callId=call_id, maxSeconds=600).reason is None
    return call_id


def test_call_detail_records_settle_what_is_open_or_expired_and_a_second_run_settles_nothing(
    api: Api, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    api.request(END, callId=NEW)
    gone = _begin_now(api, 1)
    api.request(SYNC, callIds=LIVE)
    still_open = _begin_now(api, 2)
    file = tmp_path / "Master.csv"
    other = _record("pbx1-1764000000.9")
    file.write_text(lines(other, _record(NEW), _record(gone), _record(still_open, disposition="BUSY", billsec="0")))
    before = api.store.contents()

    dry = listed(capfd, "import-cdr", str(file), "--pbx", PBX, "--dry-run")
    assert api.store.contents() == before
    done = listed(capfd, "import-cdr", str(file), "--pbx", PBX)
    assert [(row["row"], row["callId"], row["state"], row["price"]) for row in dry] == [
        (3, gone, "expired", 92),
        (4, still_open, "open", 0),
    ]
    assert [(row["callId"], row["dialStatus"], row["tokensCharged"]) for row in done] == [
        (gone, "ANSWER", 92),
        (still_open, "BUSY", 0),
    ]
    assert api.store.item("AGENTS_TABLE", ref="000038")["status"] == "online"
    entry = api.store.item("WALLET_LEDGER_TABLE", callId=gone, kind="charge")
    assert (entry["operator"], entry["reason"]) == ("tester", "CDR of the PBX")

    before = api.store.contents()
    assert run(["calls", "import-cdr", str(file), "--pbx", PBX]) == 0
    assert "Settled: 0. Rejected: 0. Calls without a record: 1." in capfd.readouterr().out
    assert api.store.contents() == before
    assert run(["ledger", "verify"]) == 0


def test_a_call_that_another_pbx_began_with_the_same_id_is_left_alone(
    expired: Api, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "Master.csv"
    file.write_text(lines(_record(NEW)))

    assert listed(capfd, "import-cdr", str(file), "--pbx", "pbx2") == []
    assert expired.store.item("CALLS_TABLE", callId=NEW)["state"] == "expired"


def test_what_the_service_refuses_is_a_reject_of_its_row_and_the_exit_code_1(
    expired: Api, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    # The clock went back during the call.
    file = tmp_path / "Master.csv"
    call_id = _begin_now(expired, 1)
    file.write_text("broken\n" + lines(_record(call_id, end="2025-11-25 12:01:31")))

    assert run(["calls", "import-cdr", str(file), "--pbx", PBX, "--csv"]) == 1
    printed = capfd.readouterr()
    assert "has fewer cells than a call detail record" in printed.out
    assert "The end is before the start." in printed.out
    assert "Settled: 0. Rejected: 2." in printed.err
    assert expired.store.item("CALLS_TABLE", callId=call_id)["state"] == "open"


def test_a_file_without_unique_ids_is_one_sentence_and_the_exit_code_2(
    expired: Api, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "Master.csv"
    file.write_text(lines({name: value for name, value in TALK.items() if name not in ("uniqueid", "userfield")}))

    assert run(["calls", "import-cdr", str(file), "--pbx", PBX, "--json"]) == 2
    printed = capfd.readouterr()
    assert "set loguniqueid=yes in the section [csv] of cdr.conf" in printed.err
    assert len(printed.err.splitlines()) == 1


def test_a_settled_call_is_a_charge_and_not_a_correction_in_reports(
    expired: Api, capfd: pytest.CaptureFixture[str]
) -> None:
    run(["calls", "settle", NEW, "--pbx", PBX, "--seconds", "61", "--reason", "caller agrees"])
    capfd.readouterr()
    run(["report", "tokens", "--json"])
    rows = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    run(["statement", "6254", "--json"])
    statement = [json.loads(line) for line in capfd.readouterr().out.splitlines()]

    assert sum(row["taken"] for row in rows) == -92
    assert sum(row["byOperators"] for row in rows) == 0
    assert [line["what"] for line in statement] == ["Opening balance", "Call charged"]


def _kinds(api: Api, identifier: str) -> list[tuple[str, str]]:
    found = written_by(Tables(api.store.client, os.environ), identifier, Period(ZONE))
    return sorted((row["kind"], str(row["content"].get("kind", row["content"].get("status", "")))) for row in found)


def test_a_trace_of_a_call_shows_it_and_all_that_its_requests_wrote(api: Api) -> None:
    api.request(END, callId=NEW)

    whole = [
        ("call", ""),
        ("ledger entry", "charge"),
        ("ledger entry", "hold"),
        ("paid call", ""),
        ("status change", "inConversation"),
        ("status change", "online"),
    ]
    call = api.store.item("CALLS_TABLE", callId=NEW)
    assert _kinds(api, NEW) == whole
    assert _kinds(api, call["requestId"]) == whole
    assert _kinds(api, call["ending"]["requestId"]["S"]) == whole


def test_a_trace_of_an_expiry_shows_the_call_and_what_was_released(expired: Api) -> None:
    expiry = expired.store.item("WALLET_LEDGER_TABLE", callId=NEW, kind="release")["requestId"]

    assert (
        _kinds(expired, expiry)
        == _kinds(expired, NEW)
        == [
            ("ledger entry", "hold"),
            ("ledger entry", "release"),
            ("paid call", ""),
            ("status change", "inConversation"),
            ("status change", "online"),
        ]
    )


def test_a_trace_masks_the_caller(api: Api, capfd: pytest.CaptureFixture[str]) -> None:
    capfd.readouterr()
    assert run(["trace", NEW, "--json"]) == 0
    printed = capfd.readouterr().out

    assert "paid call" in printed
    assert not [text for text in (NUMBER, PIN) if text in printed]
