"""Statements and reports: what they sum up, of which days, and how they are drawn."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.support.command_line import CommandLine

ZONE = ZoneInfo("Europe/Amsterdam")
CALL, TAKE, GIVE = "session_call_create_by_ref", "subtract_tokens_from_wallet", "add_tokens_to_wallet"


def _today() -> str:
    return datetime.now(ZONE).date().isoformat()


@pytest.fixture
def busy(paidline: CommandLine) -> CommandLine:
    """The command line after a recorded call, a debit, a purchase and a correction, all of today."""
    begun = (datetime.now(ZONE) - timedelta(seconds=61)).strftime("%Y-%m-%d %H:%M:%S")
    now = datetime.now(ZONE).strftime("%Y-%m-%d %H:%M:%S")
    paidline.api.request(CALL, startTime=begun, endTime=now, duration=60, dialStatus="ANSWER")
    paidline.api.request(TAKE, tokens=100)
    paidline.api.request(GIVE, tokens=30)
    paidline.type("wallet", "adjust", "1288", "6254", "--amount", "-1", "--reason", "goodwill")
    return paidline


def test_a_statement_names_what_happened_in_a_callers_words(busy: CommandLine) -> None:
    busy.type("wallet", "refund", "1288", "6254", "--seq", "2", "--reason", "dead line")
    lines = busy.rows("statement", "6254")

    assert [(line["what"], line["tokens"]) for line in lines] == [
        ("Opening balance", 1971),
        ("Call charged", -100),
        ("Tokens bought", 30),
        ("Correction: goodwill", -1),
        ("Refund of entry 2", 100),
    ]
    assert busy.type("statement", "6254").startswith("Statement of wallet 6254, times in Europe/Amsterdam")


def test_a_statement_of_a_paid_call_shows_what_it_cost_and_not_what_it_held(paidline: CommandLine) -> None:
    assert paidline.api.request("calls_begin").reason is None
    assert [line["what"] for line in paidline.rows("statement", "6254")] == ["Opening balance"]
    paidline.api.request("calls_end", callId="pbx1-1764072000.43")

    lines = [(line["what"], line["tokens"]) for line in paidline.rows("statement", "6254")]
    assert lines == [("Opening balance", 1971), ("Call charged", -92)]


@pytest.mark.parametrize("words", [("statement", "nosuch"), ("ledger", "show", "nosuch")], ids=" ".join)
def test_an_unknown_wallet_is_one_sentence_and_nothing_else(paidline: CommandLine, words: tuple[str, ...]) -> None:
    assert paidline.refused(*words) == "There is no wallet nosuch."


def test_a_wallet_without_movements_in_a_period_is_not_unknown(paidline: CommandLine) -> None:
    assert paidline.type("ledger", "show", "6254", "--day", "2000-01-01") == "Nothing found.\n"


def test_tokens_are_summed_up_per_application_and_day(busy: CommandLine) -> None:
    (row,) = busy.rows("report", "tokens", "--day", _today())

    assert (row["applicationId"], row["day"]) == ("1288", _today())
    assert (row["added"], row["taken"], row["byOperators"]) == (30, -100, -1)
    assert row["net"] == row["opened"] + 30 - 100 - 1
    assert busy.rows("report", "tokens", "--to", "2000-01-01") == []


def test_time_per_status_adds_up_to_the_day_so_far(busy: CommandLine) -> None:
    busy.api.request("update_status_by_ref", ref="38", status="pause")
    (row,) = busy.rows("report", "status-time", "--agent", "38")

    assert row["day"] == _today()
    assert row["unknown"] + row.get("pause", 0) <= 24 * 60 * 60
    assert {other["ref"] for other in busy.rows("report", "status-time")} == {"000038", "000968", "02"}


def test_hours_are_counted_drawn_and_written_as_a_page(busy: CommandLine, tmp_path: Path) -> None:
    rows = busy.rows("report", "hours", "--from", (datetime.now(ZONE) - timedelta(days=1)).date().isoformat())
    assert sum(row["calls"] for row in rows) == sum(row["answered"] for row in rows) == 1
    assert (sum(row["minutes"] for row in rows), sum(row["tokensTaken"] for row in rows)) == (1, 101)

    drawn = busy.type("report", "hours", "--day", _today())
    assert "tokensTaken" in drawn
    assert "█" in drawn

    page = tmp_path / "hours.html"
    assert busy.type("report", "hours", "--html", str(page)) == f"Wrote {page}.\n"
    text = page.read_text(encoding="utf-8")
    assert text.count("<svg") == 3
    assert "<h2>Tokens taken per hour, at most 101</h2>" in text
    assert "http" not in text


def test_a_page_that_cannot_be_written_is_one_sentence(busy: CommandLine, tmp_path: Path) -> None:
    absent = tmp_path / "absent" / "hours.html"
    assert (
        busy.refused("report", "hours", "--html", str(absent)) == f"{absent} cannot be used: No such file or directory."
    )


@pytest.mark.parametrize(
    ("days", "sentence"),
    [
        (("--day", "2026-11-25", "--to", "2026-11-26"), "Choose either --day or --from and --to."),
        (("--from", "2026-11-26", "--to", "2026-11-25"), "--from is after --to."),
        (("--day", "0001-01-01"), "A day must lie between"),
        (("--to", "2026-11-25"), "Name the first day too: --from."),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_days_that_contradict_each_other_are_refused(
    paidline: CommandLine, days: tuple[str, ...], sentence: str
) -> None:
    assert sentence in paidline.refused("report", "hours", *days)
