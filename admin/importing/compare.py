"""Both systems side by side, before the switch: what a file has, and what the service has stored."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any, NamedTuple

from admin.importing.kind import Target, differences
from admin.importing.run import KINDS, Progress, Source, read
from admin.importing.staging import Staging

# What the two systems have to agree on at the switch.
_TOTALS = {"wallets": "tokens"}


class Difference(NamedTuple):
    """One field that differs. `here` is None if nothing is stored, `old` if the file has no such row."""

    name: str
    field: str
    old: Any
    here: Any


@dataclass
class Comparison:
    """Compares a source with a target; the counts are complete once all differences have been taken."""

    source: Source
    target: Target
    equal: int = 0
    different: int = 0
    missing: int = 0
    only_here: int = 0
    unreadable: int = 0
    old_total: int = 0
    total_here: int = 0

    @property
    def is_equal(self) -> bool:
        """Whether both sides have the same. What is only here counts: it is missing in a file that was cut off."""
        return not (self.different or self.missing or self.only_here or self.unreadable)

    @property
    def totalled_field(self) -> str:
        """The field that is added up on both sides, or ""."""
        return _TOTALS.get(self.source.noun, "")

    def differences(self, progress: Progress) -> Iterator[Difference]:
        """Yield all differences. Raises InputError."""
        kind, total = KINDS[self.source.noun], self.totalled_field
        with closing(Staging()) as staging:
            read(self.source, self.target.zone, staging, progress)
            staging.add_stored(kind.stored(self.target))
            progress.begin("compare", staging.count())
            for reject in staging.rejects():
                self.unreadable += 1
                yield Difference(f"row {reject.row}", reject.field, reject.reason, None)
            for staged in staging.staged():
                progress.advance(1)
                here, old = kind.sides(staged)
                self.old_total += old.get(total, 0)
                self.total_here += here.get(total, 0)
                if staged.stored is None:
                    self.missing += 1
                    yield Difference(staged.identity, "", "present", None)
                    continue
                before, after = differences(here, old)
                self.different += bool(after)
                self.equal += not after
                for field, value in after.items():
                    yield Difference(staged.identity, field, value, before[field])
            for identity, item in staging.stored_only():
                if not kind.is_erased(item):
                    self.only_here += 1
                    yield Difference(identity, "", None, "present")
