"""Service numbers."""

from typing import Any

from paidline.domain.types import PhoneNumber
from paidline.errors import ItemNotFound
from paidline.management.changes import Done, Invocation, Plan, carry_out, check_version
from paidline.management.values import DialedNumberEntry, Id, Model, ShownText, Version
from paidline.store import dialed_numbers
from paidline.store.dialed_numbers import DialedNumber

_TAKEN = {"dialedNumber": "This service number exists already."}


class ShowDialedNumber(Model):
    """The service number."""

    dialed_number: PhoneNumber


class ChangeDialedNumber(ShowDialedNumber):
    """The service number, and what changes."""

    application_id: Id = ""
    company_name: ShownText = ""
    version: Version | None = None


class RemoveDialedNumber(ShowDialedNumber):
    """The service number, and the version that may be removed."""

    version: Version | None = None


def create(arguments: DialedNumberEntry, invocation: Invocation) -> Done:
    """Add a service number. Raises AlreadyExists."""
    dialed = DialedNumber(arguments.dialed_number, arguments.application_id, arguments.company_name)
    plan = Plan({"dialedNumber": dialed_numbers.create(dialed)}, _changed(dialed), _TAKEN)
    return carry_out(invocation, lambda: plan)


def show(arguments: ShowDialedNumber, invocation: Invocation) -> Done:
    """Return a service number. Raises ItemNotFound."""
    dialed = _find(arguments.dialed_number)
    return Done({**_changed(dialed), "companyName": dialed.company_name})


def change(arguments: ChangeDialedNumber, invocation: Invocation) -> Done:
    """Give a service number another application or company name. Raises ItemNotFound or VersionConflict."""

    def plan() -> Plan:
        before = _find(arguments.dialed_number)
        check_version(before.version, arguments.version)
        after = before._replace(**arguments.given("application_id", "company_name"), version=before.version + 1)
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
