"""Service numbers."""

from typing import Any

from paidline.domain.types import PhoneNumber
from paidline.errors import ItemNotFound
from paidline.management.changes import Done, Invocation, Plan, carry_out, check_version
from paidline.management.values import BillingIncrements, DialedNumberEntry, Id, Model, ShownText, Version
from paidline.store import dialed_numbers
from paidline.store.dialed_numbers import PER_SECOND, DialedNumber

_TAKEN = {"dialedNumber": "This service number exists already."}


class ShowDialedNumber(Model):
    """The service number."""

    dialed_number: PhoneNumber


class ChangeDialedNumber(ShowDialedNumber):
    """The service number, and what changes."""

    application_id: Id = ""
    company_name: ShownText = ""
    billing_increments: BillingIncrements = PER_SECOND
    version: Version | None = None


class RemoveDialedNumber(ShowDialedNumber):
    """The service number, and the version that may be removed."""

    version: Version | None = None


def create(arguments: DialedNumberEntry, invocation: Invocation) -> Done:
    """Add a service number. Raises AlreadyExists."""
    dialed = new_dialed_number(arguments)
    plan = Plan({"dialedNumber": dialed_numbers.create(dialed)}, _changed(dialed), _TAKEN)
    return carry_out(invocation, lambda: plan)


def show(arguments: ShowDialedNumber, invocation: Invocation) -> Done:
    """Return a service number. Raises ItemNotFound."""
    dialed = _find(arguments.dialed_number)
    shown = {"companyName": dialed.company_name, "billingIncrements": dialed.billing_increments}
    return Done({**_changed(dialed), **shown})


def change(arguments: ChangeDialedNumber, invocation: Invocation) -> Done:
    """Give a service number another application, name or increments. Raises ItemNotFound or VersionConflict."""

    def plan() -> Plan:
        before = _find(arguments.dialed_number)
        check_version(before.version, arguments.version)
        after = before._replace(
            **arguments.given("application_id", "company_name", "billing_increments"), version=before.version + 1
        )
        return Plan({"change": dialed_numbers.change(before, after)}, _changed(after))

    return carry_out(invocation, plan)


def remove(arguments: RemoveDialedNumber, invocation: Invocation) -> Done:
    """Remove a service number. Raises ItemNotFound or VersionConflict."""

    def plan() -> Plan:
        before = _find(arguments.dialed_number)
        check_version(before.version, arguments.version)
        result = {"dialedNumber": before.dialed_number, "applicationId": before.application_id}
        return Plan({"remove": dialed_numbers.remove(before)}, result)

    return carry_out(invocation, plan)


def new_dialed_number(entry: DialedNumberEntry) -> DialedNumber:
    """Return a new service number."""
    return DialedNumber(
        entry.dialed_number,
        entry.application_id,
        entry.company_name,
        billing_increments=entry.billing_increments,
    )


def _find(dialed_number: str) -> DialedNumber:
    found = dialed_numbers.get(dialed_number, consistent=True)
    if found is None:
        raise ItemNotFound("There is no such service number.", "dialedNumber")
    return found


def _changed(dialed: DialedNumber) -> dict[str, Any]:
    return {
        "dialedNumber": dialed.dialed_number,
        "applicationId": dialed.application_id,
        "version": dialed.version,
    }
