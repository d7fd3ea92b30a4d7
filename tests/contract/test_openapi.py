"""The gateway answers as the OpenAPI file says, whatever is sent: requests are made from the file and at random.

The tests send some 1,900 that Schemathesis derives from the examples and each value's limits, the same each time, and
150 at random, or as many as FUZZ_REQUESTS says. `make fuzz` sends very many that fuzz.py puts together.
"""

from __future__ import annotations

import copy
import os
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis import Case
from schemathesis.checks import CheckFunction
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.support import contract
from tests.support.openapi import DOCUMENT

_LISTS = {"getProfileData", "getStatusLog", "wallboard"}
_CHECKS: list[CheckFunction] = [
    schemathesis.checks.not_a_server_error,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
]
_REQUESTS = int(os.environ.get("FUZZ_REQUESTS", "150"))

schema = schemathesis.openapi.from_dict(copy.deepcopy(DOCUMENT))
_PER_PATH = max(1, _REQUESTS // len(schema.raw_schema["paths"]))


@schema.parametrize()
@settings(
    max_examples=_PER_PATH,
    deadline=None,
    derandomize="FUZZ_REQUESTS" not in os.environ,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_an_answer_is_documented_valid_and_one_short_line(case: Case[Any], base_url: str) -> None:
    response = case.call(base_url=base_url)

    case.validate_response(response, checks=_CHECKS)
    assert b"\n" not in response.content
    assert response.content.isascii()
    if case.operation.path.rpartition("/")[2] not in _LISTS:
        assert len(response.content) < 1_024


def test_the_fuzzer_sends_requests_to_every_path() -> None:
    assert {found.ok().path for found in schema.get_all_operations() if isinstance(found, Ok)} == set(
        schema.raw_schema["paths"]
    )


def test_a_refusal_that_is_not_documented_is_noticed(base_url: str) -> None:
    raw = copy.deepcopy(DOCUMENT)
    path = "/wp-json/ctb/v1/json/getStatusByRef"
    answer = raw["paths"][path]["post"]["responses"]["200"]["content"]["application/json"]["schema"]
    answer["anyOf"] = [choice for choice in answer["anyOf"] if not choice.get("$ref", "").endswith("Refusal200")]
    operation = schemathesis.openapi.from_dict(raw)[path]["POST"]
    body: Any = {
        "authenticationHash": contract.AGENTS_HASH,
        "ref": "999999",
    }
    case = operation.Case(body=body, media_type="application/json")

    with pytest.raises(FailureGroup, match="schema"):
        case.validate_response(case.call(base_url=base_url), checks=_CHECKS)
