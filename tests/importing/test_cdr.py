"""Asterisk's call detail records: which calls they settle and how, what is refused, and that no file crashes it."""

from __future__ import annotations

import csv
import io
import tracemalloc
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from admin.importing.cdr import Counts, Settlement, settlements
from admin.importing.sources import InputError
from admin.importing.staging import Reject
from paidline.domain.types import DialStatus

OPENED = 1_764_072_000
ID = f"pbx1-{OPENED - 2}.42"
START, END = "2025-11-25 12:59:58", "2025-11-25 13:01:31"
# Made two seconds before the call began, answered ten seconds after that, ended 83 s later.
TALK: dict[str, str] = {
    "accountcode": "",
    "src": "31688006395",
    "dst": "14620905014",
    "dcontext": "from-trunk",
    "clid": '"Ann ""A"" B" <31688006395>',
    "channel": "PJSIP/trunk-1",
    "dstchannel": "PJSIP/trunk-2",
    "lastapp": "Dial",
    "lastdata": "PJSIP/31612345678@trunk,30,L(600000)",
    "start": START,
    "answer": "2025-11-25 13:00:08",
    "end": END,
    "duration": "93",
    "billsec": "83",
    "disposition": "ANSWERED",
    "amaflags": "DOCUMENTATION",
    "uniqueid": ID,
    "userfield": "",
}


def call(**changes: Any) -> dict[str, Any]:
    stored = {"callId": ID, "state": "expired", "opened": "2025-11-25T12:00:00.400000Z", "tpm": 90}
    return {**stored, "billingIncrements": "1/1", **changes}


def lines(*records: dict[str, str]) -> str:
    """As cdr_csv writes them."""
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(
        [value for value in record.values() if value is not None] for record in records
    )
    return out.getvalue()


def read(folder: Path, content: str | bytes, *calls: dict[str, Any]) -> tuple[list[Settlement | Reject], Counts]:
    path = folder / "Master.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    counts = Counts()
    unsettled = {one["callId"]: one for one in calls or (call(),)}
    return list(settlements(path, unsettled, counts)), counts


def test_a_record_settles_its_call_by_its_billable_seconds(tmp_path: Path) -> None:
    outcomes, counts = read(tmp_path, lines(TALK))

    assert outcomes == [Settlement(1, ID, "expired", DialStatus.ANSWER, 83, START, END, 125)]
    assert (counts.records, counts.rejected, counts.calls_without_record) == (1, 0, 0)


def test_the_price_is_that_of_the_calls_increments(tmp_path: Path) -> None:
    outcomes, _ = read(tmp_path, lines(TALK), call(billingIncrements="60/60"))

    assert isinstance(outcomes[0], Settlement)
    assert outcomes[0].price == 180


def test_records_of_other_calls_count_for_nothing_and_calls_without_a_record_are_counted(tmp_path: Path) -> None:
    outcomes, counts = read(tmp_path, lines(TALK | {"uniqueid": "pbx1-1764071000.1"}))

    assert (outcomes, counts.records, counts.calls_without_record) == ([], 1, 1)


@pytest.mark.parametrize(
    ("disposition", "status"),
    [
        ("NO ANSWER", DialStatus.NOANSWER),
        ("BUSY", DialStatus.BUSY),
        ("CONGESTION", DialStatus.CONGESTION),
        ("FAILED", DialStatus.CHANUNAVAIL),
    ],
)
def test_a_call_that_was_not_answered_is_no_talk(tmp_path: Path, disposition: str, status: DialStatus) -> None:
    outcomes, _ = read(tmp_path, lines(TALK | {"disposition": disposition}))

    assert outcomes == [Settlement(1, ID, "expired", status, 0, START, END, 0)]


def test_the_other_records_that_asterisk_writes_of_a_call_are_no_talk(tmp_path: Path) -> None:
    rung = TALK | {"disposition": "NO ANSWER", "dstchannel": "PJSIP/trunk-3", "billsec": "0"}
    after = TALK | {"dstchannel": "", "lastapp": "Hangup", "duration": "0", "billsec": "0"}
    outcomes, _ = read(tmp_path, lines(rung, TALK, after))

    assert outcomes == [Settlement(2, ID, "expired", DialStatus.ANSWER, 83, START, END, 125)]


def test_a_voicemail_after_an_agent_who_did_not_answer_is_no_talk(tmp_path: Path) -> None:
    rung = TALK | {"disposition": "NO ANSWER", "billsec": "0"}
    voicemail = TALK | {"dstchannel": "", "lastapp": "VoiceMail"}
    outcomes, _ = read(tmp_path, lines(rung, voicemail))

    assert outcomes == [Settlement(1, ID, "expired", DialStatus.NOANSWER, 0, START, END, 0)]


def test_of_two_talks_of_one_call_none_is_guessed(tmp_path: Path) -> None:
    outcomes, counts = read(tmp_path, lines(TALK, TALK))

    assert outcomes == [Reject(2, "uniqueid", "is another talk of the call in row 1")]
    assert counts.rejected == 1


def test_a_record_that_names_no_agents_channel_is_not_taken_for_a_talk(tmp_path: Path) -> None:
    outcomes, _ = read(tmp_path, lines(TALK | {"dstchannel": ""}))

    assert outcomes == [Reject(1, "dstchannel", "is blank: the record does not say whether an agent was called")]


@pytest.mark.parametrize(("billsec", "is_talk"), [("90", True), ("91", False), ("93", False)])
def test_seconds_since_before_the_call_began_are_not_taken_for_talk(
    tmp_path: Path, billsec: str, is_talk: bool
) -> None:
    # Answered one second after the call began, in the same second, and before.
    outcomes, _ = read(tmp_path, lines(TALK | {"billsec": billsec}))

    assert isinstance(outcomes[0], Settlement) is is_talk
    if not is_talk:
        assert outcomes == [Reject(1, "billsec", "counts from before the call began, so it is more than the talk")]


def test_a_unique_id_without_a_time_does_not_tell_when_the_caller_was_answered(tmp_path: Path) -> None:
    outcomes, _ = read(tmp_path, lines(TALK | {"uniqueid": "c-1"}), call(callId="c-1"))

    assert outcomes == [Reject(1, "uniqueid", "has no time, so when the caller was answered is not known")]


def test_a_file_without_unique_ids_is_refused_with_the_option_to_set(tmp_path: Path) -> None:
    without = {name: value for name, value in TALK.items() if name not in ("uniqueid", "userfield")}

    with pytest.raises(InputError, match=r"has no uniqueid: set loguniqueid=yes in the section \[csv\] of cdr\.conf"):
        read(tmp_path, lines(without, without))


def test_records_from_before_the_option_was_set_are_counted(tmp_path: Path) -> None:
    without = {name: value for name, value in TALK.items() if name not in ("uniqueid", "userfield")}
    outcomes, counts = read(tmp_path, lines(without, TALK))

    assert len(outcomes) == counts.without_unique_id == 1
    assert isinstance(outcomes[0], Settlement)


@pytest.mark.parametrize(
    ("line", "field", "reason"),
    [
        ('"a","b\n', "", "is not a line of CSV"),
        ('"a","b"\n', "", "has fewer cells than a call detail record"),
        (lines(TALK | {"billsec": "-1"}), "billsec", "is not a whole number"),
        (lines(TALK | {"duration": "9" * 30}), "duration", "is not a whole number"),
        (lines(TALK | {"disposition": "MAYBE"}), "disposition", "is not one of ANSWERED"),
        (lines(TALK | {"start": "yesterday"}), "start", "is not YYYY-MM-DD"),
        (lines(TALK | {"end": ""}), "end", "is not YYYY-MM-DD"),
    ],
)
def test_a_broken_line_is_a_reject_and_spoils_no_other(tmp_path: Path, line: str, field: str, reason: str) -> None:
    outcomes, counts = read(tmp_path, line + "\n" + lines(TALK))

    reject, settled = outcomes
    assert isinstance(reject, Reject)
    assert (reject.row, reject.field) == (1, field)
    assert reject.reason.startswith(reason)
    assert isinstance(settled, Settlement)
    assert (settled.row, counts.rejected) == (3, 1)


def test_a_callers_name_in_another_encoding_does_not_matter(tmp_path: Path) -> None:
    outcomes, _ = read(tmp_path, lines(TALK).replace("Ann", "André").encode("latin-1"))

    assert isinstance(outcomes[0], Settlement)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read: No such file or directory"):
        list(settlements(tmp_path / "absent.csv", {}, Counts()))


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    def peak(count: int) -> int:
        path = tmp_path / "Master.csv"
        with path.open("w") as file:
            for number in range(count):
                file.write(lines(TALK | {"uniqueid": f"pbx1-{OPENED}.{number}"}))
        tracemalloc.start()
        assert not list(settlements(path, {ID: call()}, Counts()))
        size = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return size

    peak(10)
    assert peak(3000) < 2 * peak(300)


CELLS = st.text(max_size=12) | st.sampled_from([*TALK.values(), "0", "-1", "9" * 12, '"', "\x00", "NO ANSWER"])


@st.composite
def records(draw: st.DrawFn) -> str:
    """Lines that are almost those of a CDR."""
    rows = draw(st.lists(st.lists(st.sampled_from(list(TALK)), max_size=4, unique=True), max_size=4))
    changed = [TALK | {name: draw(CELLS) for name in row} for row in rows]
    return lines(*changed) + draw(st.text(max_size=20))


def _settles(content: bytes) -> None:
    """Read a file; whatever is in it, only InputError may be raised, and nothing is charged twice."""
    with TemporaryDirectory() as folder, suppress(InputError):
        outcomes, counts = read(Path(folder), content)
        settled = [outcome.call_id for outcome in outcomes if isinstance(outcome, Settlement)]
        assert settled in ([], [ID])
        assert counts.rejected == len(outcomes) - len(settled)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=200))
@example(b"\x00" * 20)
@example(b'"' + b"x" * 200_000 + b'"\n')
def test_no_bytes_crash_it(content: bytes) -> None:
    _settles(content)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(records())
def test_no_records_crash_it(content: str) -> None:
    _settles(content.encode("utf-8", "surrogatepass"))
