"""The OpenAPI file is what the code and the golden answers make of it, and its examples are what it says they are."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from typing import Any

import jsonschema_rs
import pytest
import yaml

from local import template
from openapi import document, parameters
from paidline.api.endpoint import Request
from paidline.domain.types import AgentStatus, DialStatus
from tests.support import golden
from tests.support.openapi import DOCUMENT, TEXT

OPERATIONS = {path: item["post"] for path, item in DOCUMENT["paths"].items()}


def contents() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every media type object of the file, with a name."""
    for path, operation in OPERATIONS.items():
        for media_type, content in operation["requestBody"]["content"].items():
            yield f"{path} request {media_type}", content
        for media_type, content in operation["responses"]["200"]["content"].items():
            yield f"{path} answer {media_type}", content
    for name, response in DOCUMENT["components"]["responses"].items():
        for media_type, content in response["content"].items():
            yield f"{name} {media_type}", content


EXAMPLES = [
    (f"{name} {example}", content["schema"], found["value"])
    for name, content in contents()
    for example, found in content["examples"].items()
]


def validator(schema: dict[str, Any]) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator({**schema, "components": DOCUMENT["components"]})


def test_generating_the_file_again_gives_the_same_file() -> None:
    assert document.to_yaml(document.build()) == TEXT, (
        "functions/pages/openapi.yaml is out of date: run `make openapi`."
    )


def test_every_route_is_in_the_file_and_nothing_else() -> None:
    assert OPERATIONS.keys() == {route.path for route in template.read().routes}


@pytest.mark.parametrize(("name", "schema", "value"), EXAMPLES, ids=[name for name, *_ in EXAMPLES])
def test_an_example_matches_its_schema(name: str, schema: dict[str, Any], value: Any) -> None:
    validator(schema).validate(value)


@pytest.mark.parametrize("case", golden.CASES, ids=lambda case: case.name)
def test_a_golden_answer_and_its_reason_are_in_the_file(case: golden.Case) -> None:
    success = OPERATIONS[case.path]["responses"]["200"]
    values = [example["value"] for example in success["content"]["application/json"]["examples"].values()]

    # With a sample of each value that differs each time.
    masked = [golden.masked(case.stem, json.dumps(value, separators=(",", ":"))) for value in values]
    assert json.loads(case.answer) in map(json.loads, masked)
    if case.reason is not None:
        assert case.reason in success["headers"]["x-error-reason"]["schema"]["enum"]


@pytest.mark.parametrize("case", golden.SUCCESSES, ids=lambda case: case.name)
def test_an_answer_with_a_key_more_does_not_match_its_schema(case: golden.Case) -> None:
    schema = OPERATIONS[case.path]["responses"]["200"]["content"]["application/json"]["schema"]
    answer = yaml.safe_load(case.answer)
    changed = [{**answer[0], "x": "y"}] if isinstance(answer, list) else {**answer, "x": "y"}

    assert not validator(schema).is_valid(changed)


def test_personal_and_secret_fields_are_marked_in_requests_and_answers() -> None:
    operation = OPERATIONS["/wp-json/credsys/v1/json/getWalletByDialedNumberAndInboundNumber"]
    sent = operation["requestBody"]["content"]["application/json"]["schema"]["properties"]
    success = operation["responses"]["200"]["content"]["application/json"]["schema"]["anyOf"][0]
    wallet = success["properties"]["wallet"]["properties"]

    assert sent["authenticationHash"]["x-secret"] is True
    assert {name for name, found in sent.items() if "x-personal-data" in found} == {"inboundNumber"}
    assert {name for name, found in wallet.items() if "x-personal-data" in found} == {"pin", "email", "phoneNumber"}


def test_a_parameter_type_without_a_schema_is_an_error_that_names_it() -> None:
    class Odd(Request):
        """A request with a parameter of no known type."""

        amount: float

    with pytest.raises(parameters.UndescribedType, match=r"Odd\.amount"):
        parameters.fields(Odd)


def test_a_local_time_of_every_date_that_exists_matches_its_schema_and_no_other() -> None:
    times = validator(DOCUMENT["components"]["schemas"]["LocalTime"])
    first, last = date(1999, 1, 1).toordinal(), date(2031, 12, 31).toordinal()
    days = {date.fromordinal(number).isoformat() for number in range(first, last + 1)}
    written = {
        f"{year}-{month:02}-{day:02}" for year in range(1999, 2032) for month in range(1, 14) for day in range(33)
    }

    assert {day for day in written if times.is_valid(f"{day} 23:59:59")} == days
    for day, exists in {"1900-02-29": False, "0000-01-01": False, "0400-02-29": True, "2030-10-31": True}.items():
        assert times.is_valid(f"{day} 00:00:00") is exists


@pytest.mark.parametrize(("limit", "is_valid"), [("1000", True), ("001", True), ("1001", False), ("0", False)])
def test_a_limit_matches_its_schema_where_the_service_takes_it(limit: str, is_valid: bool) -> None:
    assert validator(DOCUMENT["components"]["schemas"]["Limit"]).is_valid(limit) is is_valid


def test_a_quote_needs_a_number_or_a_pin() -> None:
    sent = OPERATIONS["/v1/calls/quote"]["requestBody"]["content"]["application/json"]
    valid = next(iter(sent["examples"].values()))["value"]
    neither = {name: value for name, value in valid.items() if name not in ("inboundNumber", "pin")}

    assert validator(sent["schema"]).is_valid({**neither, "pin": "695334"})
    assert not validator(sent["schema"]).is_valid(neither)


def test_every_request_field_is_described_where_its_name_does_not_say_it_all() -> None:
    components = DOCUMENT["components"]["schemas"]
    for path, operation in OPERATIONS.items():
        for name, found in operation["requestBody"]["content"]["application/json"]["schema"]["properties"].items():
            described = found.get("description") or components[found["$ref"].rpartition("/")[2]]["description"]
            assert not described.startswith('A "String"'), f"{path} {name}"

    for status in AgentStatus:
        assert f"`{status}`" in components["StatusName"]["description"]
    for dial_status in DialStatus:
        assert f"`{dial_status}`" in components["DialStatusName"]["description"]


@pytest.mark.parametrize(("status", "message"), [("500", "Internal Server Error"), ("503", "Service Unavailable")])
def test_api_gateways_own_server_errors_are_documented(status: str, message: str) -> None:
    for operation in OPERATIONS.values():
        name = operation["responses"][status]["$ref"].rpartition("/")[2]
        schema = DOCUMENT["components"]["responses"][name]["content"]["application/json"]["schema"]

        assert validator(schema).is_valid({"message": message})
