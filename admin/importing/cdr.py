"""Call detail records of an Asterisk, which settle the paid calls that are open or have expired.

The file is `Master.csv` of cdr_csv, a line for each record and no header. It is read as a stream: only records of
calls that are to be settled are kept, and a line that is broken, as by a loss of power, spoils no other.
"""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from admin.importing.kind import blame
from admin.importing.sources import InputError
from admin.importing.staging import Reject
from paidline.domain.calls.prices import Increments, price
from paidline.domain.types import DialStatus, Duration, LocalTime

_COLUMNS = (
    *("accountcode", "src", "dst", "dcontext", "clid", "channel", "dstchannel", "lastapp", "lastdata"),
    *("start", "answer", "end", "duration", "billsec", "disposition", "amaflags", "uniqueid"),
)
_DIAL_STATUSES = {
    "ANSWERED": DialStatus.ANSWER,
    "NO ANSWER": DialStatus.NOANSWER,
    "BUSY": DialStatus.BUSY,
    "CONGESTION": DialStatus.CONGESTION,
    "FAILED": DialStatus.CHANUNAVAIL,
}
# The second at which the channel was made, in epoch seconds, after the system's name if it has one.
_UNIQUE_ID = re.compile(r"(?:.*-)?([0-9]{9,11})\.[0-9]+")

Call = Mapping[str, Any]


def _dial_status(value: str) -> DialStatus:
    if value not in _DIAL_STATUSES:
        raise ValueError(f"not one of {', '.join(_DIAL_STATUSES)}")
    return _DIAL_STATUSES[value]


class Record(BaseModel):
    """What counts of a record, and its line. `duration` is all of it, `billsec` since the caller was answered."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    row: int
    uniqueid: str
    dstchannel: str
    start: LocalTime
    end: LocalTime
    duration: Duration
    billsec: Duration
    disposition: Annotated[DialStatus, BeforeValidator(_dial_status)]


class Settlement(NamedTuple):
    """How a call is settled. Times are the PBX's, `duration` is in billable seconds, `price` in tokens."""

    row: int
    call_id: str
    state: str
    dial_status: DialStatus
    duration: int
    start_time: str
    end_time: str
    price: int


@dataclass
class Counts:
    """What was read; complete once all outcomes have been taken."""

    records: int = 0
    rejected: int = 0
    settled: int = 0
    without_unique_id: int = 0
    calls_without_record: int = 0


def settlements(path: Path, unsettled: Mapping[str, Call], counts: Counts) -> Iterator[Settlement | Reject]:
    """Yield the lines that cannot be read, then how each of the calls is settled, or why it cannot be.

    `unsettled` are the PBX's calls by their ids. Raises InputError.
    """
    found = defaultdict[str, list[Record]](list)
    for read in _records(path, counts):
        if isinstance(read, Reject):
            counts.rejected += 1
            yield read
        elif read.uniqueid in unsettled:
            found[read.uniqueid].append(read)
    if counts.without_unique_id and not counts.records:
        raise InputError(f"{path} has no uniqueid: set loguniqueid=yes in the section [csv] of cdr.conf.")
    counts.calls_without_record = len(unsettled) - len(found)
    for call_id, records in found.items():
        outcome = _settlement(unsettled[call_id], records)
        counts.rejected += isinstance(outcome, Reject)
        yield outcome


def _records(path: Path, counts: Counts) -> Iterator[Record | Reject]:
    try:
        # Only a caller's name is ever in another encoding, and does not count.
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
            for row, line in enumerate(file, 1):
                cells = _cells(line)
                if cells is None:
                    yield Reject(row, "", "is not a line of CSV")
                elif not cells:
                    continue
                elif len(cells) == len(_COLUMNS) - 1:
                    counts.without_unique_id += 1
                elif len(cells) < len(_COLUMNS):
                    yield Reject(row, "", "has fewer cells than a call detail record")
                else:
                    counts.records += 1
                    yield _record(row, cells)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from error


def _cells(line: str) -> list[str] | None:
    try:
        return next(csv.reader([line], strict=True), [])
    except csv.Error:
        return None


def _record(row: int, cells: list[str]) -> Record | Reject:
    try:
        return Record.model_validate({**dict(zip(_COLUMNS, cells, strict=False)), "row": row})
    except ValidationError as error:
        return Reject(row, *blame(error))


def _settlement(call: Call, records: list[Record]) -> Settlement | Reject:
    """Return how a call is settled. Asterisk writes several records of a call, of which at most one is the talk."""
    called = [record for record in records if record.dstchannel]
    talks = [record for record in called if record.disposition is DialStatus.ANSWER]
    if len(talks) > 1:
        return Reject(talks[1].row, "uniqueid", f"is another talk of the call in row {talks[0].row}")
    if talks:
        return _too_long(call, talks[0]) or _settled(call, talks[0], talks[0].billsec)
    record = (called or records)[-1]
    if record.disposition is DialStatus.ANSWER:
        return Reject(record.row, "dstchannel", "is blank: the record does not say whether an agent was called")
    return _settled(call, record, 0)


def _too_long(call: Call, talk: Record) -> Reject | None:
    """Return a reject if billsec counts more than the talk, because the caller's channel was answered before.

    It is answered by the dialplan if a PIN is asked for, say. The talk begins after the call has, and the time zone of
    the PBX does not matter, since its unique ids contain epoch seconds.
    """
    made = _UNIQUE_ID.fullmatch(talk.uniqueid)
    if made is None:
        return Reject(talk.row, "uniqueid", "has no time, so when the caller was answered is not known")
    answered = int(made[1]) + talk.duration - talk.billsec
    if answered > int(datetime.fromisoformat(call["opened"]).timestamp()):
        return None
    return Reject(talk.row, "billsec", "counts from before the call began, so it is more than the talk")


def _settled(call: Call, record: Record, duration: int) -> Settlement:
    return Settlement(
        row=record.row,
        call_id=call["callId"],
        state=call["state"],
        dial_status=record.disposition,
        duration=duration,
        start_time=record.start,
        end_time=record.end,
        price=price(duration, call["tpm"], Increments.parse(call["billingIncrements"])),
    )
