"""docs/contract.md agrees with the service: paths, fields, codes, messages, reasons and examples."""

from __future__ import annotations

import re
from typing import Any

import pytest

from local import template
from openapi import contract_page
from openapi.contract_page import PAGE, SECTIONS, rows
from paidline.api.endpoint import Endpoint
from paidline.codes import Code
from tests.support import golden

ROUTES = {route.path: route.function.stem for route in template.read().routes}
by_path = pytest.mark.parametrize("path", ROUTES)


def test_it_has_a_section_for_each_endpoint_and_no_other() -> None:
    assert SECTIONS.keys() == ROUTES.keys()


@by_path
def test_it_lists_the_fields_that_the_endpoint_takes_in_the_order_of_their_checks(
    path: str, handlers: dict[str, Endpoint[Any]]
) -> None:
    fields = handlers[ROUTES[path]].model.model_fields.values()
    listed = rows(SECTIONS[path], "field | type | required")

    assert [(name.strip("`"), required == "yes") for name, _, required in listed] == [
        (field.alias, field.is_required()) for field in fields
    ]


@by_path
def test_it_lists_the_codes_that_the_endpoint_answers_with_their_messages(path: str) -> None:
    listed = {int(code): message for code, message, _ in rows(SECTIONS[path], "code | message | when")}
    answered = {case.code for case in golden.CASES if case.stem == ROUTES[path]}
    if path.endswith("getProfileData"):
        # A bare array has no code, and only the optional ref can be unknown.
        answered = answered - {20} | {200}

    assert listed == {code: code.message for code in Code if code in answered}


@by_path
def test_its_example_is_the_golden_answer(path: str) -> None:
    example = contract_page.example(path)
    success = next(case for case in golden.CASES if case.stem == ROUTES[path] and case.reason is None)
    if path.endswith("getProfileData"):
        assert set(re.findall(r'"\w+":"[^"]*"', example)) <= set(re.findall(r'"\w+":"[^"]*"', success.answer))
    else:
        assert golden.masked(success.stem, example) == success.answer


@pytest.mark.parametrize("case", golden.CASES, ids=lambda case: case.name)
def test_it_lists_the_reason_of_each_golden_answer_under_its_code(case: golden.Case) -> None:
    listed = {code: reasons for code, reasons in rows(PAGE, "code | reasons") if "HTTP 50" not in code}
    listed["30"] = listed.pop("30, HTTP 200")

    if case.reason is not None:
        reason = re.sub(r"^(missing|invalid):\w+", r"\1:<field>", case.reason) if case.code == 10 else case.reason
        assert f"`{reason}`" in listed[str(case.code)]
