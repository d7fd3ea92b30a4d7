"""The documented requests through AWS's own local tools, and the functions from the layer as it is deployed."""

from __future__ import annotations

import json
from typing import Any

import botocore.session
import pytest

from local import engine, sam, template
from tests.support import golden
from tests.support.store import Store

# The contract's request is for the log of an agent who has none; its golden answer shows another agent's.
_NO_ROWS = '{"status":1,"message":"success","code":20,"data":[]}'


@pytest.mark.parametrize("case", golden.CASES, ids=lambda case: case.name)
def test_a_documented_request_gets_its_golden_answer(case: golden.Case, base_url: str) -> None:
    golden.check(case, golden.send(case, base_url))


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("case", golden.SUCCESSES, ids=lambda case: case.stem)
def test_an_event_file_gets_its_golden_answer(case: golden.Case, reachable_engine: engine.Engine) -> None:
    (function,) = (route.function.name for route in template.read().routes if route.function.stem == case.stem)
    answer = json.loads(sam.invoke(reachable_engine, function, f"events/{case.stem}.json"))
    assert answer["statusCode"] == 200
    assert golden.masked(case.stem, answer["body"]) == (_NO_ROWS if case.edits else case.answer)


def test_the_admin_function_is_invoked_by_the_sdk_through_start_lambda(lambda_url: str) -> None:
    client: Any = botocore.session.Session().create_client(
        "lambda",
        region_name="eu-west-1",
        endpoint_url=lambda_url,
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )
    event = (template.PROJECT / "events" / "admin.json").read_bytes()
    answer = json.load(client.invoke(FunctionName="Admin", Payload=event)["Payload"])

    assert answer["result"]["walletId"] == "6254"


@pytest.mark.usefixtures("store")
def test_the_admin_functions_event_file_shows_a_wallet(reachable_engine: engine.Engine) -> None:
    answer = json.loads(sam.invoke(reachable_engine, "Admin", "events/admin.json"))

    assert answer["result"]["walletId"] == "6254"


def test_the_function_that_counts_refusals_counts_those_of_its_event_file(
    store: Store, reachable_engine: engine.Engine
) -> None:
    answer = json.loads(sam.invoke(reachable_engine, "CountRefusals", "events/count_refusals.json"))

    assert answer == {"refusals": 1}
    assert store.item("REFUSALS_TABLE", day="2025-11-25")["unknown_ref"] == "1"
