"""Every documented endpoint is there in full: route, function, handler, policy, event, golden answers, README."""

from __future__ import annotations

import base64
import functools
import json
import re
import time
from typing import Any

import pytest
import yaml

from local import template
from local.template import PROJECT
from paidline.codes import Code
from paidline.edge.endpoint import Endpoint
from paidline.store.idempotency_keys import UsedKey
from tests.contract import golden
from tests.support import documented

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


@functools.cache
def document() -> dict[str, Any]:
    found: dict[str, Any] = yaml.load(template.TEMPLATE.read_text(encoding="utf-8"), Loader=template._Loader)
    return found


def resources() -> dict[str, Any]:
    found: dict[str, Any] = document()["Resources"]
    return found


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
def test_a_function_has_a_policy_and_a_log_group_of_its_own(path: str) -> None:
    declared = resources()
    properties = declared[SERVED[path].function.name]["Properties"]
    logs = declared[properties["LoggingConfig"]["LogGroup"]["Ref"]]

    assert properties["Policies"]
    assert logs["Type"] == "AWS::Logs::LogGroup"
    assert logs["Properties"]["RetentionInDays"]


def test_every_table_is_encrypted_restorable_and_protected() -> None:
    tables = [resource for resource in resources().values() if resource["Type"] == "AWS::DynamoDB::Table"]

    assert len(tables) == 9
    for table in tables:
        properties = table["Properties"]
        assert {table["DeletionPolicy"], table["UpdateReplacePolicy"]} == {"Retain"}
        assert properties["DeletionProtectionEnabled"] is True
        assert properties["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
        assert properties["SSESpecification"] == {"SSEEnabled": True}
        assert properties["BillingMode"] == "PAY_PER_REQUEST"


def test_used_keys_expire_by_the_attribute_that_they_are_written_with_in_seconds() -> None:
    expiry = resources()["IdempotencyKeysTable"]["Properties"]["TimeToLiveSpecification"]
    written = UsedKey("k", "r", "{}", int(time.time())).to_item()

    assert expiry["Enabled"] is True
    assert int(written[expiry["AttributeName"]]["N"]) == pytest.approx(time.time(), abs=300)
    others = {name for name, table in resources().items() if "TimeToLiveSpecification" in table.get("Properties", {})}
    assert others == {"IdempotencyKeysTable"}


def test_the_access_log_has_the_fields_that_the_docs_list_and_none_that_a_client_fills() -> None:
    settings = resources()["HttpApi"]["Properties"]["AccessLogSettings"]

    assert json.loads(settings["Format"]) == {
        "requestId": "$context.requestId",
        "functionRequestId": "$context.awsEndpointRequestId",
        "routeKey": "$context.routeKey",
        "status": "$context.status",
        "latency": "$context.responseLatency",
        "integrationError": "$context.integrationErrorMessage",
    }
    operations = (PROJECT / "docs" / "operations.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in operations for name in json.loads(settings["Format"]))


def test_every_parameter_of_the_template_is_in_the_docs_with_its_default() -> None:
    operations = (PROJECT / "docs" / "operations.md").read_text(encoding="utf-8")
    rows = [row.split("|")[1:3] for row in operations.splitlines() if row.startswith("| `")]
    told = {name: default.strip().strip("`") for names, default in rows for name in re.findall(r"`(\w+)`", names)}

    for name, parameter in document()["Parameters"].items():
        expected = {"": "none"}.get(parameter["Default"], str(parameter["Default"]))
        assert told[name] == ("see `template.yaml" if name == "MemorySize" else expected)


@pytest.mark.parametrize("side", ["Agents", "Credit"])
def test_a_custom_domain_has_its_own_name_and_certificate_and_leads_to_the_api(side: str) -> None:
    domain = resources()[f"{side}Domain"]
    mapping = resources()[f"{side}DomainMapping"]
    (configuration,) = domain["Properties"]["DomainNameConfigurations"]

    assert domain["Properties"]["DomainName"] == {"Ref": f"{side}DomainName"}
    assert configuration["CertificateArn"] == {"Ref": f"{side}CertificateArn"}
    assert mapping["Properties"] == {
        "ApiId": {"Ref": "HttpApi"},
        "DomainName": {"Ref": f"{side}Domain"},
        "Stage": {"Ref": "HttpApi.Stage"},
    }
    assert domain["Condition"] == mapping["Condition"] == f"Has{side}Domain"
    assert document()["Conditions"][f"Has{side}Domain"] == {"Not": [{"Equals": [{"Ref": f"{side}CertificateArn"}, ""]}]}
    assert document()["Outputs"][f"{side}DomainTarget"]["Value"] == {"GetAtt": f"{side}Domain.RegionalDomainName"}


@pytest.mark.parametrize(("processor", "layer"), [("arm64", "SharedLayerArm64"), ("x86_64", "SharedLayerX8664")])
def test_functions_get_the_layer_of_their_processor(processor: str, layer: str) -> None:
    condition = {"arm64": "IsArm64", "x86_64": "IsX8664"}[processor]
    built = resources()[layer]

    assert document()["Globals"]["Function"]["Layers"] == [
        {"If": ["IsArm64", {"Ref": "SharedLayerArm64"}, {"Ref": "SharedLayerX8664"}]}
    ]
    assert document()["Conditions"][condition] == {"Equals": [{"Ref": "Architecture"}, processor]}
    assert built["Condition"] == condition
    assert built["Properties"]["CompatibleArchitectures"] == [processor]
    assert built["Metadata"]["BuildArchitecture"] == processor


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
