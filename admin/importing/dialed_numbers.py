"""Service numbers: which application a dialed number belongs to."""

from __future__ import annotations

import os
from collections.abc import Iterator
from zoneinfo import ZoneInfo

from admin.importing.kind import Change, Entry, Item, Options, Target, differences, pages
from admin.importing.sources import Values
from admin.importing.staging import Reject, Staged, Staging
from paidline.management.values import DialedNumberEntry
from paidline.store import dialed_numbers
from paidline.store.dialed_numbers import DialedNumber


class DialedNumbers:
    """Service numbers."""

    name = "dialedNumber"
    fields = ("dialedNumber", "applicationId", "companyName", "billingIncrements")
    required = (("dialedNumber",), ("applicationId",), ("companyName",))

    def check(self, values: Values, zone: ZoneInfo) -> Entry:
        """Check a row by itself. Raises ValidationError."""
        entry = DialedNumberEntry.model_validate(values)
        return Entry(entry.dialed_number, entry.model_dump(exclude_unset=True), {})

    def stored(self, target: Target) -> Iterator[tuple[str, Item, dict[str, str]]]:
        """Yield all service numbers. One Scan per megabyte."""
        for item in pages(target, os.environ["DIALED_NUMBERS_TABLE"]):
            yield item["dialedNumber"]["S"], item, {}

    def is_erased(self, item: Item) -> bool:
        """Return False: nothing is left of what is removed."""
        return False

    def clashes(self, staging: Staging) -> Iterator[Reject]:
        """Yield nothing: service numbers are independent of each other."""
        yield from ()

    def sides(self, staged: Staged) -> tuple[Item, Item]:
        """Return the fields as they are stored, and as they are in the file."""
        if staged.stored is None:
            return {}, _fields(DialedNumber(**staged.entry))
        before = DialedNumber.from_item(staged.stored)
        return _fields(before), _fields(before._replace(**staged.entry))

    def plan(self, staged: Staged, target: Target, options: Options) -> Change | Reject | None:
        """Compare a number with what is stored. One that belongs to another application is never moved."""
        if staged.stored is None:
            wanted = DialedNumber(**staged.entry)
            operation = dialed_numbers.create(wanted)
            return Change(staged.row, wanted.dialed_number, {}, _fields(wanted), [operation])
        before = DialedNumber.from_item(staged.stored)
        wanted = before._replace(**staged.entry)
        if before.application_id != wanted.application_id:
            return Reject(staged.row, "applicationId", f"the number belongs to application {before.application_id}")
        old, new = differences(*self.sides(staged))
        if not new:
            return None
        after = wanted._replace(version=before.version + 1)
        return Change(staged.row, wanted.dialed_number, old, new, [dialed_numbers.change(before, after)])


def _fields(dialed: DialedNumber) -> Item:
    return {
        "applicationId": dialed.application_id,
        "companyName": dialed.company_name,
        "billingIncrements": dialed.billing_increments,
    }
