"""The OpenAPI file is what the code and the golden answers make of it, and its examples are what it says they are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
import yaml

from local import template
from openapi import document, parameters
from paidline.api.endpoint import Request
from tests.support import golden

TEXT = document.FILE.read_text(encoding="ascii")
DOCUMENT: dict[str, Any] = yaml.safe_load(TEXT)
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

    assert yaml.safe_load(case.answer) in values
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
