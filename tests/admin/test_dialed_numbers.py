"""Service numbers of operators."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support import wire
from tests.support.admin import Admin
from tests.support.service import BY_PIN, Service

NEW = {"dialedNumber": "31900000001", "applicationId": "1288", "companyName": "Company"}
NUMBER = {"dialedNumber": "31900000001"}


def test_a_service_number_works_as_soon_as_it_is_created(admin: Admin, service: Service) -> None:
    before = service.send(BY_PIN, **NUMBER).refusal
    created = admin.do("dialedNumber.create", **{**NEW, "dialedNumber": "+31 900-000001"})

    assert created == {**NUMBER, "applicationId": "1288", "version": 0}
    assert before == (30, "unknown_dialed_number")
    assert service.send(BY_PIN, **NUMBER).tokens == 100


def test_a_service_number_is_shown_changed_and_removed(admin: Admin, service: Service) -> None:
    admin.do("dialedNumber.create", **NEW)
    admin.do("dialedNumber.change", **NUMBER, companyName="Other")
    admin.do("dialedNumber.change", **NUMBER, applicationId=1289)
    shown = admin.do("dialedNumber.show", dialedNumber="0031900000001")
    removed = admin.do("dialedNumber.remove", **NUMBER, version=2)

    assert shown == {**NUMBER, "applicationId": "1289", "companyName": "Other", "version": 2}
    assert removed == {**NUMBER, "applicationId": "1289"}
    assert admin.fail("dialedNumber.show", **NUMBER) == ("not_found", "dialedNumber")
    assert len(service.items("DIALED_NUMBERS_TABLE")) == 1


def test_a_service_number_is_not_created_twice(admin: Admin) -> None:
    admin.do("dialedNumber.create", **NEW)

    assert admin.fail("dialedNumber.create", **{**NEW, "companyName": "Other"}) == ("already_exists", "dialedNumber")
    assert admin.do("dialedNumber.show", **NUMBER)["companyName"] == "Company"


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"dialedNumber": "anonymous"}, "dialedNumber"),
        ({"applicationId": ""}, "applicationId"),
        ({"companyName": "é" * 43}, "companyName"),
        ({"company": "C"}, "company"),
    ],
)
def test_a_malformed_value_is_refused_by_its_field(storeless: Admin, arguments: dict[str, Any], field: str) -> None:
    assert storeless.fail("dialedNumber.create", **{**NEW, **arguments}) == ("invalid_request", field)


@pytest.mark.parametrize("command", ["dialedNumber.change", "dialedNumber.remove"])
def test_a_command_for_another_version_or_for_nothing_is_refused(admin: Admin, command: str) -> None:
    nothing = admin.fail(command, **NUMBER)
    admin.do("dialedNumber.create", **NEW)
    admin.do("dialedNumber.change", **NUMBER, companyName="Other")

    assert nothing == ("not_found", "dialedNumber")
    assert admin.fail(command, **NUMBER, version=0) == ("conflict", "version")
    with wire.before("TransactWriteItems", lambda: admin.do("dialedNumber.change", **NUMBER, companyName="Rival")):
        assert admin.fail(command, **NUMBER, version=1) == ("conflict", "version")
    assert admin.do("dialedNumber.show", **NUMBER)["companyName"] == "Rival"
