"""Every documented endpoint is there in full: route, function, handler, policy, event, golden answers, README."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from local import template
from local.template import PROJECT
from paidline.codes import Code
from paidline.edge.endpoint import Endpoint
from tests.support import documented, golden

# The headings of the document, in its order: path, host.
AGENTS_HOST = "chattabai.nme.mobi"
CREDIT_HOST = "dev.creditsysteem.com"
ROUTES = {
    "/wp-json/ctb/v1/json/getStatusByRef": AGENTS_HOST,
    "/wp-json/ctb/v1/json/updateStatusByRef": AGENTS_HOST,
    "/wp-json/ctb/v1/json/updateStatusByLineSharing": AGENTS_HOST,
    "/wp-json/ctb/v1/json/getStatusLog": AGENTS_HOST,
    "/wp-json/ctb/v1/session/call/create/byRef": AGENTS_HOST,
    "/wp-json/ctb/v1/json/getProfileData": AGENTS_HOST,
    "/wp-json/credsys/v1/json/getWalletByDialedNumberAndPin": CREDIT_HOST,
    "/wp-json/credsys/v1/json/getWalletByDialedNumberAndInboundNumber": CREDIT_HOST,
    "/wp-json/credsys/v1/json/subtractTokensFromWallet": CREDIT_HOST,
    "/wp-json/credsys/v1/json/addTokensToWallet": CREDIT_HOST,
}
SERVED = {route.path: route for route in template.read().routes}


def stem_of(path: str) -> str:
    """The stem that a route's path gives: its words in lower case."""
    last = path.removeprefix("/wp-json/ctb/v1/").removeprefix("/wp-json/credsys/v1/").removeprefix("json/")
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in last).replace("/", "_")


def resources(type_: str) -> dict[str, Any]:
    return {name: found for name, found in template.load()["Resources"].items() if found["Type"] == type_}


def test_the_template_serves_the_documented_routes_and_no_others() -> None:
    assert {(route.method, route.path) for route in SERVED.values()} == {("POST", path) for path in ROUTES}


def test_there_is_a_folder_for_each_function_and_no_other() -> None:
    folders = {path.parent.name for path in (PROJECT / "functions").glob("*/app.py")}

    assert folders == {route.function.stem for route in SERVED.values()} == {stem_of(path) for path in ROUTES}


@pytest.mark.parametrize("path", ROUTES)
def test_one_stem_runs_through_route_function_handler_and_event(path: str, handlers: dict[str, Endpoint[Any]]) -> None:
    function = SERVED[path].function
    stem = stem_of(path)

    assert function.stem == stem
    assert function.name == "".join(word.capitalize() for word in stem.split("_"))
    assert handlers[stem].name == stem
    assert stem in documented.STEMS


def test_every_handler_is_an_endpoint(handlers: dict[str, Endpoint[Any]]) -> None:
    assert handlers.keys() == {stem_of(path) for path in ROUTES}
    assert all(type(handler) is Endpoint for handler in handlers.values())


@pytest.mark.parametrize("path", ROUTES)
def test_an_endpoint_opens_to_the_scope_of_its_path(path: str, handlers: dict[str, Endpoint[Any]]) -> None:
    assert handlers[stem_of(path)].scope == path.split("/")[2]


@pytest.mark.parametrize("path", ROUTES)
def test_an_event_is_a_documented_request_as_api_gateway_delivers_it(path: str) -> None:
    event = documented.event(stem_of(path))
    context = event["requestContext"]

    assert (event["version"], context["stage"], event["isBase64Encoded"]) == ("2.0", "$default", False)
    assert {event["rawPath"], context["http"]["path"]} == {path}
    assert {event["routeKey"], context["routeKey"]} == {f"POST {path}"}
    assert {event["headers"]["host"], context["domainName"]} == {ROUTES[path]}
    assert event["headers"]["content-type"] == "application/json"
    assert event["headers"]["content-length"] == str(len(event["body"].encode()))
    assert all(name == name.lower() for name in event["headers"])
    assert len(base64.b64decode(context["requestId"])) == 11


def test_the_document_s_ref_that_is_no_json_stands_in_its_event_to_the_letter() -> None:
    assert '"ref": 000038,' in documented.body("update_status_by_ref")


@pytest.mark.parametrize("path", ROUTES)
def test_a_function_has_a_policy_of_its_own(path: str) -> None:
    assert resources("AWS::Serverless::Function")[SERVED[path].function.name]["Properties"]["Policies"]


def test_all_functions_write_to_one_log_group() -> None:
    functions = resources("AWS::Serverless::Function").values()
    shared = template.load()["Globals"]["Function"]["LoggingConfig"]["LogGroup"]["Ref"]

    assert shared in resources("AWS::Logs::LogGroup")
    assert not any("LoggingConfig" in function["Properties"] for function in functions)


def test_every_log_group_keeps_its_lines_for_as_long_as_the_parameter_says() -> None:
    groups = resources("AWS::Logs::LogGroup")
    kept = {name: group["Properties"].get("RetentionInDays") for name, group in groups.items()}

    assert kept == {name: {"Ref": "LogRetentionDays"} for name in groups}


def test_every_table_is_encrypted_restorable_and_protected() -> None:
    tables = resources("AWS::DynamoDB::Table").values()

    assert len(tables) == 9
    for table in tables:
        properties = table["Properties"]
        assert {table["DeletionPolicy"], table["UpdateReplacePolicy"]} == {"Retain"}
        assert properties["DeletionProtectionEnabled"] is True
        assert properties["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
        assert properties["SSESpecification"] == {"SSEEnabled": True}
        assert properties["BillingMode"] == "PAY_PER_REQUEST"


@pytest.mark.parametrize("path", ROUTES)
def test_an_endpoint_has_golden_answers_and_each_answer_has_its_case(path: str) -> None:
    stem = stem_of(path)
    files = {int(file.stem) for file in (PROJECT / "tests" / "contract" / "answers" / stem).glob("*.json")}

    assert files == {case.code for case in golden.CASES if case.stem == stem}


def test_every_code_has_a_golden_answer_with_its_message() -> None:
    answered = {case.code: json.loads(case.answer) for case in golden.CASES if case.name != "get_profile_data-20"}

    assert {code: answer["message"] for code, answer in answered.items()} == {int(code): code.message for code in Code}


@pytest.mark.parametrize("path", ROUTES)
def test_the_readme_has_the_endpoint(path: str) -> None:
    assert path in (PROJECT / "README.md").read_text(encoding="utf-8")
