"""Every endpoint is there in full. What is missing fails one test, whose message says what to add and where.

The tests read files and make no table at import that could fail: a half-made endpoint must not hide its own message.
"""

from __future__ import annotations

import base64
import json
import re
from typing import Any

import pytest

from benchmarks import request, store_calls
from local import gateway, template
from local.template import PROJECT, Route
from paidline.api.endpoint import Endpoint, IdempotentRequest
from paidline.codes import Code
from tests.support import contract, golden, wire
from tests.support.api import Api

EVENTS = PROJECT / "events"
TESTS = PROJECT / "tests" / "endpoints"
README = (PROJECT / "README.md").read_text(encoding="utf-8")
CONTRACT = PROJECT / "docs" / "contract.md"


def resources(type_: str) -> dict[str, Any]:
    return {name: found for name, found in template.load()["Resources"].items() if found["Type"] == type_}


def stem_of(path: str) -> str:
    """The stem that a route's path gives: its words in lower case, without what all paths of its API have."""
    last = re.sub(r"^(/wp-json/\w+)?/v1/(json/)?", "", path)
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in last).replace("/", "_")


def name_of(stem: str) -> str:
    return "".join(word.capitalize() for word in stem.split("_"))


FOLDERS = sorted(path.parent.name for path in (PROJECT / "functions").glob("*/app.py"))
# A function that the stack only has under a condition serves pages, and is no endpoint.
PAGES = {
    name: found["Properties"] for name, found in resources("AWS::Serverless::Function").items() if "Condition" in found
}
FUNCTIONS = {
    name: found["Properties"] for name, found in resources("AWS::Serverless::Function").items() if name not in PAGES
}
# Those that are invoked through Lambda, without any event of API Gateway.
INVOKED = {name: found for name, found in FUNCTIONS.items() if "Events" not in found}
ROUTES = template.read().routes
DECLARED = {function["CodeUri"].removeprefix("functions/") for function in (FUNCTIONS | PAGES).values()}
# What is known by any name, so that one omission is not reported by everything that depends on it.
KNOWN = {*FOLDERS, *DECLARED, *(stem_of(route.path) for route in ROUTES)}
# Those at which the tests below can look more closely.
SERVED = [route for route in ROUTES if route.function.stem in FOLDERS and route.function.stem == stem_of(route.path)]
WITH_EVENT = [route for route in SERVED if (EVENTS / f"{route.function.stem}.json").exists()]
WITH_GOLDEN = [route for route in WITH_EVENT if route.function.stem in golden.FILES]
MESSAGES = {int(code): code.message for code in Code}
HOSTS = {endpoint.path.split("/")[2]: endpoint.host for endpoint in contract.REFERENCE}
# Paid calls and the wallboard are ours: every host serves them.
HOSTS["calls"] = HOSTS["wallboard"] = HOSTS["credsys"]
PREFIXES = {
    "ctb": "/wp-json/ctb/v1/",
    "credsys": "/wp-json/credsys/v1/",
    "calls": "/v1/calls/",
    "wallboard": "/v1/wallboard",
}

each_served = pytest.mark.parametrize("route", SERVED, ids=lambda route: route.function.stem)
each_with_event = pytest.mark.parametrize("route", WITH_EVENT, ids=lambda route: route.function.stem)
each_with_golden = pytest.mark.parametrize("route", WITH_GOLDEN, ids=lambda route: route.function.stem)


@pytest.fixture
def handler(route: Route, handlers: dict[str, Endpoint[Any]]) -> Endpoint[Any]:
    """The handler of a route. If there is none of its name, one test says so, and not all that need it."""
    found = handlers.get(route.function.stem)
    if found is None or found.name != route.function.stem:
        pytest.skip("reported by test_a_handler_is_an_endpoint_of_its_own_name_and_of_the_scope_of_its_path")
    return found


@pytest.mark.parametrize("endpoint", contract.REFERENCE, ids=lambda endpoint: endpoint.path)
def test_the_template_serves_every_route_of_the_api_reference(endpoint: contract.ReferenceEndpoint) -> None:
    paths = {stem_of(route.path): route.path for route in ROUTES}
    stem = stem_of(endpoint.path)

    # That it has no route, or its folder no function, is said below.
    assert paths.get(stem) == endpoint.path or (stem not in paths and stem in KNOWN), (
        f"template.yaml serves no POST {endpoint.path}, which the API reference documents."
    )


@pytest.mark.parametrize("stem", FOLDERS)
def test_a_folder_in_functions_has_its_function_in_the_template(stem: str) -> None:
    assert stem in DECLARED, (
        f"template.yaml has no function for functions/{stem}: add the resource {name_of(stem)} with its CodeUri, route "
        "and policy, like its neighbours."
    )


@pytest.mark.parametrize("name", [*FUNCTIONS, *PAGES])
def test_a_function_in_the_template_has_its_handler_in_functions(name: str) -> None:
    folder = (FUNCTIONS | PAGES)[name]["CodeUri"]

    assert (PROJECT / folder / "app.py").exists(), (
        f"template.yaml has the function {name}, but there is no {folder}/app.py: add it, like its neighbours, or "
        "correct CodeUri."
    )


@pytest.mark.parametrize("name", sorted(FUNCTIONS.keys() - INVOKED.keys()))
def test_a_function_in_the_template_has_one_route_and_it_is_a_post_or_one_other_event(name: str) -> None:
    methods = [route.method for route in ROUTES if route.function.name == name]
    others = [event["Type"] for event in FUNCTIONS[name]["Events"].values() if event["Type"] != "HttpApi"]

    assert methods == ["POST"] or (not methods and others in (["Schedule"], ["CloudWatchLogs"])), (
        f"The function {name} in template.yaml has the routes {methods}: give it one in Events, with Method: POST and "
        "its path, or a schedule, or a subscription to the log."
    )


@pytest.mark.parametrize("function", template.read().log_subscribers, ids=lambda function: function.name)
def test_a_function_that_reads_the_log_has_an_event_a_policy_and_tests(function: template.Function) -> None:
    name, stem = function.name, function.stem

    assert name == name_of(stem), f"The function of functions/{stem} in template.yaml is called {name_of(stem)}."
    assert (EVENTS / f"{stem}.json").exists(), f"events/{stem}.json is missing: add a batch for `sam local invoke`."
    assert FUNCTIONS[name].get("Policies"), f"The function {name} has no Policies: allow exactly the calls it makes."
    assert any((PROJECT / "tests" / stem).glob("test_*.py")), f"{name} has no tests: add them in tests/{stem}."


@pytest.mark.parametrize("name", INVOKED)
def test_a_function_without_a_route_has_an_event_a_policy_tests_and_a_page(name: str) -> None:
    stem = INVOKED[name]["CodeUri"].removeprefix("functions/")

    assert name == name_of(stem), f"The function of functions/{stem} in template.yaml is called {name_of(stem)}."
    assert (EVENTS / f"{stem}.json").exists(), f"events/{stem}.json is missing: add a payload for `sam local invoke`."
    assert INVOKED[name].get("Policies"), f"The function {name} has no Policies: allow exactly the calls it makes."
    assert any((PROJECT / "tests" / stem).glob("test_*.py")), f"{name} has no tests: add them in tests/{stem}."
    assert (PROJECT / "docs" / f"{stem}-api.md").exists(), f"docs/{stem}-api.md is missing: say what {name} takes."


@pytest.mark.parametrize("name", PAGES)
def test_a_function_of_pages_only_gets_and_has_an_event_tests_and_rows_in_the_docs(name: str) -> None:
    stem = PAGES[name]["CodeUri"].removeprefix("functions/")
    routes = [route for route in template.read().optional_routes if route.function.name == name]
    operations = (PROJECT / "docs" / "operations.md").read_text(encoding="utf-8")

    assert name == name_of(stem), f"The function of functions/{stem} in template.yaml is called {name_of(stem)}."
    assert routes, f"{name} in template.yaml has no route."
    assert {route.method for route in routes} == {"GET"}, f"A page of {name} in template.yaml is read with GET."
    assert (EVENTS / f"{stem}.json").exists(), f"events/{stem}.json is missing: add a GET for `sam local invoke`."
    assert any((PROJECT / "tests" / stem).glob("test_*.py")), f"{name} has no tests: add them in tests/{stem}."
    assert "Policies" not in PAGES[name], f"{name} in template.yaml has Policies, but pages are files."
    for route in routes:
        page = "/".join(route.path.split("/")[:2])
        assert f"`{page}`" in operations, f"docs/operations.md does not say what {page} shows."


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.path)
def test_one_stem_runs_through_path_folder_and_function(route: Route) -> None:
    stem = stem_of(route.path)

    assert route.path.startswith(tuple(PREFIXES.values())), (
        f"{route.path} in template.yaml belongs to no API: begin it with {' or '.join(PREFIXES.values())}."
    )
    assert route.function.stem == stem, (
        f"The folder of {route.path} is functions/{route.function.stem}, but its path gives the stem {stem}: rename "
        f"the folder to functions/{stem}, and CodeUri in template.yaml."
    )
    assert route.function.name == name_of(stem), (
        f"The function of {route.path} in template.yaml is called {route.function.name}: call it {name_of(stem)}."
    )


@each_served
def test_a_handler_is_an_endpoint_of_its_own_name_and_of_the_scope_of_its_path(route: Route) -> None:
    file = f"functions/{route.function.stem}/app.py"
    source = (PROJECT / file).read_text(encoding="utf-8")
    assert re.search(r"^def lambda_handler\(", source, flags=re.M), f"{file} has no lambda_handler: define it."

    handler: object = gateway.load_handler(route.function)
    assert type(handler) is Endpoint, f"lambda_handler in {file} is no endpoint: decorate it with @endpoint."
    assert handler.name == route.function.stem, (
        f'@endpoint in {file} says "{handler.name}": its name is the folder\'s, "{route.function.stem}".'
    )
    scope = route.path.split("/")[2]
    assert handler.scope == scope, (
        f"@endpoint in {file} says {handler.scope!s}, but its path {route.path} is opened by hashes of the scope "
        f"{scope}: take that Scope."
    )


@each_served
def test_an_endpoint_has_an_event(route: Route) -> None:
    assert (EVENTS / f"{route.function.stem}.json").exists(), (
        f"events/{route.function.stem}.json is missing: copy a neighbour of the same API, and change the path (it "
        "stands there four times), the body and its content-length."
    )


@pytest.mark.parametrize("stem", sorted(path.stem for path in EVENTS.glob("*.json")))
def test_an_event_belongs_to_an_endpoint(stem: str) -> None:
    assert stem in KNOWN, (
        f"events/{stem}.json belongs to no function: add functions/{stem} and its function in template.yaml, or delete "
        "the event."
    )


@each_with_event
def test_an_event_is_a_documented_request_as_api_gateway_delivers_it(route: Route) -> None:
    file = f"events/{route.function.stem}.json"
    event = contract.event(route.function.stem)
    context = event["requestContext"]
    length = str(len(event["body"].encode()))

    assert (event["version"], context["stage"], event["isBase64Encoded"]) == ("2.0", "$default", False), file
    assert {event["rawPath"], context["http"]["path"]} == {route.path}, f"rawPath and http.path of {file}"
    assert {event["routeKey"], context["routeKey"]} == {route.key}, f"both routeKeys of {file}"
    assert {event["headers"]["host"], context["domainName"]} == {HOSTS[route.path.split("/")[2]]}, (
        f"host and domainName of {file} are those of the API that its path belongs to."
    )
    assert event["headers"]["content-type"] == "application/json", file
    assert event["headers"]["content-length"] == length, f"content-length of {file} is {length}, as long as its body."
    assert all(name == name.lower() for name in event["headers"]), file
    assert len(base64.b64decode(context["requestId"])) == 11, file


def test_the_ref_that_is_not_valid_json_is_in_its_event_to_the_letter() -> None:
    assert '"ref": 000038,' in contract.body("update_status_by_ref")


@each_served
def test_an_endpoint_has_golden_answers(route: Route) -> None:
    assert (TESTS / route.function.stem / "golden.yaml").exists(), (
        f"{golden.file(route.function.stem)} is missing: copy a neighbour's, and say how the request of "
        f"events/{route.function.stem}.json is answered and which DynamoDB calls that costs."
    )


@pytest.mark.parametrize("stem", sorted(path.parent.name for path in TESTS.glob("*/golden.yaml")))
def test_golden_answers_are_well_formed_and_belong_to_an_endpoint(stem: str) -> None:
    assert stem not in golden.MALFORMED, (
        f"{golden.file(stem)} is not as tests/support/golden.py describes it: {golden.MALFORMED[stem]}."
    )
    assert stem in KNOWN, (
        f"{golden.file(stem)} belongs to no function: add functions/{stem} and its function in template.yaml, or "
        f"delete tests/endpoints/{stem}."
    )


@each_with_golden
def test_golden_answers_have_a_success(route: Route) -> None:
    file = golden.file(route.function.stem)
    success = golden.FILES[route.function.stem].success

    assert success is not None, f"{file} has no success: add the `success`, with its code and answer."
    assert success.reason is None, f"The success of {file} has a reason: only refusals have one."


@each_with_golden
@pytest.mark.parametrize("code", [Code.REQUEST_INVALID, Code.UNAUTHORIZED], ids=lambda code: str(int(code)))
def test_golden_answers_have_a_request_that_is_invalid_and_one_that_is_unauthorized(route: Route, code: Code) -> None:
    assert code in {refusal.code for refusal in golden.FILES[route.function.stem].refusals}, (
        f"{golden.file(route.function.stem)} has no answer of code {code:d} ({code.message}), which every endpoint "
        "has: add it to `refusals`, with the edits that provoke it."
    )


@each_with_golden
def test_golden_answers_have_different_codes_and_each_refusal_its_reason(route: Route) -> None:
    file = golden.file(route.function.stem)
    cases = [case for case in golden.CASES if case.stem == route.function.stem]
    names = [case.name for case in cases]

    assert len(set(names)) == len(names), f"{file} has two answers of one name: {names}."
    for refusal in golden.FILES[route.function.stem].refusals:
        assert refusal.reason, f"The refusal {refusal.code} of {file} has no reason: add what x-error-reason says."


@pytest.mark.parametrize("case", golden.CASES, ids=lambda case: case.name)
def test_the_edits_of_a_golden_request_find_their_place(case: golden.Case) -> None:
    assert case.body


@pytest.mark.parametrize("case", golden.CASES, ids=lambda case: case.name)
def test_a_golden_answer_has_its_code_and_message(case: golden.Case) -> None:
    assert case.code in MESSAGES, f"{golden.file(case.stem)}: there is no code {case.code} in paidline/codes.py."
    answer = json.loads(case.answer)

    # A bare array has neither.
    if isinstance(answer, dict):
        assert (answer["code"], answer["message"]) == (case.code, MESSAGES[case.code]), (
            f"{golden.file(case.stem)}: the answer of {case.code} has another code or message than paidline/codes.py."
        )


def test_every_code_has_a_golden_answer() -> None:
    assert {case.code for case in golden.CASES} >= MESSAGES.keys(), (
        "Each code of paidline/codes.py is the answer of some endpoint's golden.yaml in tests/endpoints."
    )


def contract_section(path: str) -> str:
    """The section of docs/contract.md that is headed by the path, or nothing."""
    text = CONTRACT.read_text(encoding="utf-8")
    return text.partition(f"`POST {path}`\n")[2].partition("\n### ")[0].partition("\n## ")[0]


@each_served
def test_the_contract_has_a_section_for_an_endpoint(route: Route) -> None:
    assert contract_section(route.path), (
        f"docs/contract.md has no section for {route.path}: add one headed ### `POST {route.path}`, with its fields, "
        "an answer and its codes."
    )


@pytest.mark.parametrize("case", golden.CASES, ids=lambda case: case.name)
def test_the_contract_names_the_code_of_a_golden_answer(case: golden.Case) -> None:
    section = contract_section(case.path)

    if section and case.code in MESSAGES and isinstance(json.loads(case.answer), dict):
        assert f"\n| {case.code} |" in section, (
            f"{golden.file(case.stem)} answers {case.code}, which docs/contract.md does not name for {case.path}: add "
            "the row to its table of codes, or correct the golden answer."
        )


@each_with_golden
def test_golden_answers_promise_the_store_calls(route: Route) -> None:
    promised = golden.FILES[route.function.stem].store_calls

    assert promised is not None, (
        f"{golden.file(route.function.stem)} promises no store calls: add `store_calls`, with the DynamoDB operations "
        "of a `following` request and those that a process's first request adds (`first_adds`)."
    )


@each_with_golden
def test_golden_answers_say_whether_an_endpoint_takes_an_idempotency_key(route: Route, handler: Endpoint[Any]) -> None:
    takes = issubclass(handler.model, IdempotentRequest)

    assert golden.FILES[route.function.stem].takes_idempotency_key == takes, (
        f"{golden.file(route.function.stem)} has to say `takes_idempotency_key: {str(takes).lower()}`, as the request "
        f"in functions/{route.function.stem}/app.py is {'a' if takes else 'no'} IdempotentRequest."
    )


def permissions(properties: dict[str, Any]) -> set[str]:
    """What a function's policies allow, as `action table`, or `action table/index/name`."""

    def listed(value: Any) -> list[Any]:
        # The stack's own table, where a restored one may take its place.
        if isinstance(value, dict) and "If" in value:
            return [value["If"][2]]
        return value if isinstance(value, list) else [value]

    return {
        f"{action} {re.sub(r'[$]{|}|[.]Arn', '', next(iter(resource.values())))}"
        for policy in properties.get("Policies", [])
        for statement in policy["Statement"]
        for action in listed(statement["Action"])
        for resource in listed(statement["Resource"])
    }


@each_served
def test_a_function_has_a_policy_of_its_own(route: Route) -> None:
    assert FUNCTIONS[route.function.name].get("Policies"), (
        f"The function {route.function.name} in template.yaml has no Policies: allow exactly the DynamoDB calls that "
        "it makes, like its neighbours."
    )


@each_with_golden
def test_a_policy_allows_what_the_function_does_and_nothing_else(
    api: Api, route: Route, handler: Endpoint[Any]
) -> None:
    name, stem = route.function.name, route.function.stem
    promised = golden.FILES[stem]
    repeated = [{"idempotencyKey": "k"}] * 2 if issubclass(handler.model, IdempotentRequest) else []
    with wire.recorded() as calls:
        answers = [api.request(stem, **changes) for changes in ({}, *promised.further_requests, *repeated)]
    if answers[0].reason is not None:
        pytest.skip("the documented request is refused, so it shows no calls: reported with the golden answers")
    used = {f"{action} {target}" for call in calls for action, target in call.permissions}
    allowed = permissions(FUNCTIONS[name]) or used

    missing = used - allowed
    wider = allowed - used - set(promised.rare_permissions)

    assert not missing, (
        f"{name} needs {', '.join(sorted(missing))}, which its policy in template.yaml does not allow: add it there."
    )
    assert not wider, (
        f"The policy of {name} in template.yaml allows {', '.join(sorted(wider))}, which no request uses: take it out, "
        f"or add the request that uses it to `further_requests` in {golden.file(stem)}."
    )


@each_served
def test_the_readme_has_the_endpoint(route: Route) -> None:
    assert f"| `{route.path}` | `{route.function.stem}` |" in README, (
        "README.md, Endpoints: add the row "
        f"| `{route.path}` | `{route.function.stem}` | {FUNCTIONS[route.function.name].get('Description', '…')} |"
    )


@pytest.mark.parametrize("path", re.findall(r"^\| `(/(?:wp-json|v1)/\S+)` \|", README, flags=re.M))
def test_the_readme_has_no_endpoint_that_does_not_exist(path: str) -> None:
    assert stem_of(path) in KNOWN, f"README.md, Endpoints: there is no {path}; take the row out, or add the endpoint."


@each_served
def test_an_endpoint_has_tests_of_its_own(route: Route) -> None:
    stem = route.function.stem
    assert any((TESTS / stem).glob("test_*.py")), (
        f"{stem} has no tests of its own: add tests/endpoints/{stem}/test_{stem}.py with what its golden answers do "
        "not show: its rules, their order and their bounds."
    )


@each_with_event
def test_the_table_of_store_calls_has_the_endpoint(route: Route) -> None:
    assert f"| {route.function.stem}, following |" in store_calls.TABLE.read_text(encoding="utf-8"), (
        f"docs/store-calls.md has no rows for {route.function.stem}: run `make store-calls`, which writes them."
    )


@each_with_event
def test_a_benchmark_request_can_be_made_of_an_event(route: Route, handler: Endpoint[Any]) -> None:
    assert request.parameters(handler, 7)


def test_every_table_is_known_to_the_functions() -> None:
    variables = template.load()["Globals"]["Function"]["Environment"]["Variables"]
    tables = [value for name, value in variables.items() if name.endswith("_TABLE")]
    known = {(value["If"][2] if "If" in value else value)["Ref"] for value in tables}

    assert resources("AWS::DynamoDB::Table").keys() == known


@pytest.mark.parametrize("name", resources("AWS::DynamoDB::Table"))
def test_a_table_is_encrypted_restorable_and_protected(name: str) -> None:
    table = resources("AWS::DynamoDB::Table")[name]
    properties = table["Properties"]

    assert {table["DeletionPolicy"], table["UpdateReplacePolicy"]} == {"Retain"}
    assert properties["DeletionProtectionEnabled"] is True
    assert properties["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert properties["SSESpecification"]["SSEEnabled"] is True
    assert properties["BillingMode"] == "PAY_PER_REQUEST"
