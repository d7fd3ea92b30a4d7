"""One import, from a file to the tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from admin.importing import mapping, rejects, status_log, writer
from admin.importing.agents import Agents
from admin.importing.dialed_numbers import DialedNumbers
from admin.importing.kind import Change, Counts, Entry, Kind, Options, Target, blame
from admin.importing.mapping import Mapping
from admin.importing.sources import InputError, Values
from admin.importing.staging import Record, Reject, Staging
from admin.importing.wallets import Wallets

T = TypeVar("T")
Check = Callable[[Values, ZoneInfo], Entry]

KINDS: dict[str, Kind] = {"agents": Agents(), "wallets": Wallets(), "dialed-numbers": DialedNumbers()}
STATUS_LOG = "status-log"
_ROWS_AT_ONCE = 1000


def fields(noun: str) -> tuple[str, ...]:
    """Return the names of the fields that a file of this kind may give."""
    return status_log.FIELDS if noun == STATUS_LOG else KINDS[noun].fields


@dataclass(frozen=True)
class Source:
    """What is imported: a file, perhaps with wp_usermeta beside it, and which columns become which fields."""

    noun: str
    path: Path
    mapping: Mapping | None = None
    meta: Path | None = None


class Progress:
    """Hears how far a run is. This one tells nobody."""

    def begin(self, step: str, total: int | None) -> None:
        """Begin a step of so many rows, if that is known."""

    def advance(self, rows: int) -> None:
        """Go on."""


@dataclass(frozen=True)
class Run:
    """One import of a source into a target. `is_dry` writes nothing."""

    source: Source
    target: Target
    options: Options = field(default_factory=Options)
    progress: Progress = field(default_factory=Progress)
    is_dry: bool = False

    def run(self, reject_file: Path, show: Callable[[Change | Reject], None] = lambda _: None) -> Counts:
        """Import what can be imported, and write the rest to the file of rejects.

        `show` hears every change before it is written, and every reject. Raises InputError, StoreTooBusy, and what the
        SDK raises; run again, it goes on where it stopped.
        """
        with closing(Staging()) as staging:
            counts = read(self.source, self.target.zone, staging, self.progress)
            if self.source.noun == STATUS_LOG:
                changes = self._log_changes(staging, counts)
            else:
                changes = self._changes(staging, KINDS[self.source.noun], counts, show)
            self._write(staging, changes, counts)
            for reject in staging.rejects():
                show(reject)
            counts.rejected = staging.count_rejects()
            if not self.is_dry:
                rejects.write(reject_file, self.source, staging)
            return counts

    def _changes(
        self, staging: Staging, kind: Kind, counts: Counts, show: Callable[[Change | Reject], None]
    ) -> Iterator[Change]:
        find_clashes(staging, kind, self.target)
        for staged in staging.staged():
            planned = kind.plan(staged, self.target, self.options)
            if isinstance(planned, Change):
                show(planned)
                yield planned
                continue
            if planned is None:
                counts.unchanged += 1
            else:
                staging.reject([planned])
            self.progress.advance(1)

    def _log_changes(self, staging: Staging, counts: Counts) -> Iterator[Change]:
        counts.unchanged += staging.drop_copies()
        _reject_repeated(staging)
        for planned in status_log.plan(staging, self.target):
            if isinstance(planned, Change):
                yield planned
                continue
            if planned is None:
                counts.unchanged += 1
            else:
                staging.reject([planned])
            self.progress.advance(1)

    def _write(self, staging: Staging, changes: Iterator[Change], counts: Counts) -> None:
        self.progress.begin("compare" if self.is_dry else "write", staging.count())

        def write(group: list[Change]) -> list[Change]:
            return [] if self.is_dry else writer.write_changes(self.target.client, group)

        for group, failed in writer.in_parallel(write, writer.transactions(changes)):
            staging.reject(Reject(change.row, "", "was changed in the service at the same time") for change in failed)
            new = sum(change.is_new for change in group if change not in failed)
            counts.new += new
            counts.changed += len(group) - len(failed) - new
            self.progress.advance(len(group))


def _required(noun: str) -> tuple[tuple[str, ...], ...]:
    return status_log.REQUIRED if noun == STATUS_LOG else KINDS[noun].required


def read(source: Source, zone: ZoneInfo, staging: Staging, progress: Progress) -> Counts:
    """Read and check all rows of a source into the staging database. Raises InputError."""
    check: Check = status_log.check if source.noun == STATUS_LOG else KINDS[source.noun].check
    known = set(fields(source.noun))
    counts = Counts()
    mapping.check_columns(source.mapping, source.path, _required(source.noun))
    if source.mapping and source.meta:
        staging.add_meta(mapping.read_meta(source.meta, source.mapping))
    progress.begin("read", None)
    is_empty = True
    refused: list[Reject] = []

    def checked() -> Iterator[tuple[int, str, Record, dict[str, str]]]:
        nonlocal is_empty
        for row in mapping.rows(source.path, source.mapping, staging.find_meta):
            is_empty = False
            progress.advance(1)
            counts.ignored_fields |= row.values.keys() - known
            values = {name: value for name, value in row.values.items() if name in known}
            result = Reject(row.number, "", row.fault) if row.fault else _check(row.number, values, check, zone)
            if isinstance(result, Reject):
                refused.append(result)
            else:
                yield row.number, *result

    for part in _in_parts(checked(), _ROWS_AT_ONCE):
        staging.add_entries(part)
        staging.reject(refused)
        refused.clear()
    if is_empty:
        raise InputError(f"{source.path} has no rows to read.")
    staging.reject(refused)
    staging.index()
    return counts


def _check(number: int, values: Values, check: Check, zone: ZoneInfo) -> Entry | Reject:
    try:
        return check(values, zone)
    except ValidationError as error:
        return Reject(number, *blame(error))


def find_clashes(staging: Staging, kind: Kind, target: Target) -> None:
    """Read what is stored, and reject all rows that clash with it or with each other."""
    staging.add_stored(kind.stored(target))
    _reject_repeated(staging)
    staging.reject(
        Reject(row, field, f"is the same as in row {other}") for row, field, other in list(staging.claimed_twice())
    )
    staging.reject(
        Reject(row, field, f"is that of {other}, which is stored") for row, field, other in staging.claimed_of_others()
    )
    staging.reject(list(kind.clashes(staging)))


def _reject_repeated(staging: Staging) -> None:
    staging.reject(Reject(row, "", f"is another row for what row {other} is for") for row, other in staging.repeated())


def _in_parts(entries: Iterable[T], size: int) -> Iterator[list[T]]:
    entries = iter(entries)
    while part := list(islice(entries, size)):
        yield part
