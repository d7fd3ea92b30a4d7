"""The OpenAPI document, built from the template's routes, the request models, the codes, and the golden answers."""

from __future__ import annotations

import json
from typing import Any

import yaml

from local import gateway, template
from local.template import PROJECT, Route
from openapi import answers, contract_page, parameters, reasons, samples
from paidline.api.endpoint import Endpoint, IdempotentRequest
from paidline.codes import Code
from paidline.domain.authentication import Scope
from paidline.version import VERSION
from tests.support import contract, golden

FILE = PROJECT / "functions" / "pages" / "openapi.yaml"

Schema = dict[str, Any]

_FORM = "application/x-www-form-urlencoded"
_TAGS = {
    Scope.AGENTS: ("Chattabai", "Agents: status, calls and profiles."),
    Scope.CREDIT: ("Credit System", "Wallets of prepaid tokens."),
    Scope.CALLS: ("Paid calls", "A paid call in two requests, with synchronisation and quotes."),
    Scope.WALLBOARD: ("Wallboard", "Data for the wallboard."),
}
# The owner's API reference spells this one field in two ways, at this one endpoint.
_OTHER_SPELLINGS = {"update_status_by_line_sharing": {"outboundNumber": "outboundnumber"}}
# A model's validator requires one of these, which no field of it says.
_EITHER = {"CallsQuoteRequest": ("inboundNumber", "pin")}
# Each with the message of API Gateway's own answer.
_INTERNAL_ERROR = ("The service failed, or the answer is too large for Lambda.", "Internal Server Error")
_UNAVAILABLE = (
    "DynamoDB did not answer in time, or too many functions run at once. The request may be retried.",
    "Service Unavailable",
)
_OWN_SERVER = {"url": "/", "description": "The service that serves this file."}
_DESCRIPTION = """\
The backend of a paid-advice phone service.

**Requests.** The body is JSON or form data, whatever its Content-Type, and at most 65,536 bytes and 100 form fields.
A parameter that the body lacks is read from the query string; a URL of more than 8,000 bytes may be refused with HTTP
414. The letter case of names does not matter, blanks around a value are ignored, and `null` or a blank value counts as
absent. Unknown parameters are ignored. An integer with leading zeros, such as `"ref": 000038`, is read as its digits.

**Authentication.** Every request carries an `authenticationHash`, which grants access to one of Chattabai, the Credit
System, paid calls and the wallboard.

**Answers.** A refusal is HTTP 200 with an error `code`; it has changed nothing, and the header `x-error-reason` says
what was wrong. Refusals of paid calls have the key `reason` as well. Every answer is one line of ASCII; all but the
lists are shorter than 1,024 bytes. A request is answered within 4 seconds. After a 503 the change has happened once or
not at all, so retry it with an idempotency key.

**Limits.** Above 200 requests a second on a route, the answer is HTTP 429; above 20 on
`getWalletByDialedNumberAndPin`, `calls/begin` and `calls/quote`, because they can be used to guess PINs. The operator
may change both. After 30 wrong PINs in a minute on a service number, PINs that were not right before are refused
until the minute is over.

**Marks.** `x-personal-data` marks fields that identify a person, `x-secret` those that grant access. Neither is ever
logged.
"""


def build() -> dict[str, Any]:
    """Build the document."""
    routes = [(route, gateway.load_handler(route.function)) for route in template.read().routes]
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Paidline",
            "version": VERSION,
            "description": _DESCRIPTION,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [_OWN_SERVER],
        # A hash in the body grants access, which OpenAPI's security schemes cannot express.
        "security": [],
        "tags": [{"name": name, "description": description} for name, description in _TAGS.values()],
        "paths": {route.path: {"post": _operation(route, handler)} for route, handler in routes},
        "components": {
            "schemas": {
                **parameters.components(),
                **{_refusal_name(code): answers.refusal(code) for code in reasons.codes()},
                "CallFailed": answers.refusal(Code.FAILED, reasons.of_server_errors()),
            },
            "parameters": {
                "IdempotencyKey": {
                    "name": "Idempotency-Key",
                    "in": "header",
                    "description": "Makes retries safe: however often the request is sent with this key, it counts "
                    "once. Takes precedence over the parameter `idempotencyKey`. Kept for 30 days.",
                    "schema": {"type": "string", "pattern": "^[A-Za-z0-9_.:@/+-]{1,255}$"},
                    "example": "pbx1-1732377600.42",
                }
            },
            "headers": {
                "IdempotencyHit": {
                    "description": "Present if this is the stored answer to an earlier request with the same key.",
                    "schema": {"const": "true"},
                },
                "ServerErrorReason": {
                    "description": "What went wrong. API Gateway's own answer lacks it.",
                    "schema": {"enum": reasons.of_server_errors()},
                },
            },
            "responses": {
                "TooLarge": _gateways("The body exceeds API Gateway's limit of 10 MB.", "Request Entity Too Large"),
                "TooMany": _gateways("Too many requests on this route.", "Too Many Requests"),
                "InternalError": _server_error(*_INTERNAL_ERROR),
                "Unavailable": _server_error(*_UNAVAILABLE),
                "CallInternalError": _server_error(*_INTERNAL_ERROR, "internal_error"),
                "CallUnavailable": _server_error(*_UNAVAILABLE, "store_unavailable"),
            },
        },
    }


def to_yaml(document: dict[str, Any]) -> str:
    """Write a document as the file has it."""
    head = "# Generated by `make openapi` from the code and the golden answers: change those instead.\n"
    return head + yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=False, width=120)


class _Dumper(yaml.SafeDumper):
    """Writes equal parts out each time, and texts of several lines as blocks."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    # Quoted, because YAML 1.2 reads 000038 as a number and PyYAML, which is 1.1, would not quote it.
    style = "|" if "\n" in text else "'" if text[:1].isdigit() else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def _operation(route: Route, handler: Any) -> Schema:
    assert isinstance(handler, Endpoint)
    stem = route.function.stem
    cases = [case for case in golden.CASES if case.stem == stem]
    (success,) = (case for case in cases if case.reason is None)
    idempotent = issubclass(handler.model, IdempotentRequest)
    is_call = handler.scope is Scope.CALLS
    kind = "Call" if is_call else ""
    return {
        "operationId": _camel(stem),
        "summary": _summary(route),
        "description": f"{contract_page.notes(route.path)}\n\n{_codes_table(stem, handler.model, cases)}",
        "tags": [_TAGS[handler.scope][0]],
        "servers": _servers(route.path),
        **({"parameters": [{"$ref": "#/components/parameters/IdempotencyKey"}]} if idempotent else {}),
        "requestBody": {"required": True, "content": _request_content(route, handler.model, cases)},
        "responses": {
            "200": {
                "description": f"A success ({success.code}) or a refusal.",
                "headers": _headers(stem, handler.model, cases),
                "content": {
                    "application/json": {
                        "schema": {
                            "anyOf": [
                                answers.success(json.loads(success.answer)),
                                *(_refusal(stem, handler, code) for code in _refused(cases)),
                            ]
                        },
                        "examples": {
                            _example_name(case): {
                                "summary": _example_summary(case),
                                "value": json.loads(_shown(case)),
                            }
                            for case in cases
                        },
                    }
                },
            },
            "413": {"$ref": "#/components/responses/TooLarge"},
            "429": {"$ref": "#/components/responses/TooMany"},
            "500": {"$ref": f"#/components/responses/{kind}InternalError"},
            "503": {"$ref": f"#/components/responses/{kind}Unavailable"},
        },
        "x-codeSamples": samples.of(success, idempotent=idempotent),
    }


def _shown(case: golden.Case) -> str:
    """Return a golden answer, with a sample of each value that differs each time."""
    is_masked = case.reason is None and golden.FILES[case.stem].mask
    return contract_page.example(case.path) if is_masked else case.answer


def _servers(path: str) -> list[Schema]:
    hosts = [endpoint.host for endpoint in contract.REFERENCE if endpoint.path == path]
    return [_OWN_SERVER, *({"url": f"https://{host}", "description": "The API reference's host."} for host in hosts)]


def _refusal(stem: str, handler: Endpoint[Any], code: Code) -> Schema:
    if handler.scope is Scope.CALLS:
        return answers.refusal(code, reasons.of(stem, handler.model, code))
    return {"$ref": f"#/components/schemas/{_refusal_name(code)}"}


def _request_content(route: Route, model: Any, cases: list[golden.Case]) -> Schema:
    examples = {_example_name(case): (_example_summary(case), contract.parsed(case.body)) for case in cases}
    other = _OTHER_SPELLINGS.get(route.function.stem, {})
    if other:
        (success,) = (case for case in cases if case.reason is None)
        spelled = {other.get(name, name): value for name, value in contract.parsed(success.body).items()}
        examples["other_spelling"] = ("A success, with the field's other spelling", spelled)
    # What is refused as invalid does not match the schema, so only what is read is an example of it.
    examples = {name: found for name, found in examples.items() if not name.startswith("10_")}
    schema = _request_schema(model, other, contract_page.fields(route.path))
    return {
        "application/json": {
            "schema": schema,
            "examples": {name: {"summary": summary, "value": value} for name, (summary, value) in examples.items()},
        },
        _FORM: {
            "schema": schema,
            "examples": {
                name: {"summary": summary, "value": {key: str(entry) for key, entry in value.items()}}
                for name, (summary, value) in examples.items()
            },
        },
    }


def _request_schema(model: Any, other: dict[str, str], descriptions: dict[str, str]) -> Schema:
    properties: dict[str, Schema] = {}
    required = []
    either = [{"required": [name]} for name in _EITHER.get(model.__name__, ())]
    aliases = {field.alias: field for field in model.model_fields.values()}
    for name, type_name in parameters.fields(model).items():
        field = aliases[name]
        reference = {"$ref": f"#/components/schemas/{type_name}", **_described(type_name, descriptions[name])}
        reference |= answers.marks(name)
        default = {"default": field.default} if isinstance(field.default, str | int) else {}
        properties[name] = {**reference, **default}
        if name in other:
            properties[other[name]] = {**reference, "deprecated": True}
            either = [{"required": [name]}, {"required": [other[name]]}]
        elif field.is_required():
            required.append(name)
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        **({"anyOf": either} if either else {}),
    }


def _described(type_name: str, more: str) -> Schema:
    """Return a description in place of the type's own, which it begins with, where there is more to say."""
    if not more:
        return {}
    # "Text" says nothing about a hash.
    own = "" if type_name == "Text" else parameters.components()[type_name]["description"]
    return {"description": f"{own} {more}".strip()}


def _headers(stem: str, model: Any, cases: list[golden.Case]) -> Schema:
    found = [reason for code in _refused(cases) for reason in reasons.of(stem, model, code)]
    repeats = "idempotent_response" in (PROJECT / "functions" / stem / "app.py").read_text(encoding="utf-8")
    return {
        "x-error-reason": {
            "description": "What was wrong; only refusals have it.",
            "schema": {"enum": list(dict.fromkeys(found))},
        },
        **({"idempotency-hit": {"$ref": "#/components/headers/IdempotencyHit"}} if repeats else {}),
    }


def _codes_table(stem: str, model: Any, cases: list[golden.Case]) -> str:
    rows = [f"| {case.code} | {_code(case).message} | |" for case in cases if case.reason is None]
    for code in _refused(cases):
        found = ", ".join(f"`{reason}`" for reason in reasons.of(stem, model, code))
        rows.append(f"| {int(code)} | {code.message} | {found} |")
    return "\n".join(["| code | message | `x-error-reason` |", "|---|---|---|", *rows, ""])


def _refused(cases: list[golden.Case]) -> list[Code]:
    return sorted({_code(case) for case in cases if case.reason is not None})


def _gateways(description: str, message: str) -> Schema:
    """Return an answer that is API Gateway's own."""
    return {
        "description": f"{description} This is API Gateway's own answer.",
        "content": {
            "application/json": {
                "schema": _gateways_body(message),
                "examples": {"answer": {"summary": message, "value": {"message": message}}},
            }
        },
    }


def _gateways_body(message: str) -> Schema:
    return {"type": "object", "properties": {"message": {"const": message}}, "required": ["message"]}


def _server_error(description: str, message: str, reason: str = "") -> Schema:
    """Return a server error, or the answer that API Gateway gives in place of a function that fails or is throttled."""
    example = {"status": 0, "message": Code.FAILED.message, "code": int(Code.FAILED)}
    name = "CallFailed" if reason else _refusal_name(Code.FAILED)
    return {
        "description": description,
        "headers": {"x-error-reason": {"$ref": "#/components/headers/ServerErrorReason"}},
        "content": {
            "application/json": {
                "schema": {"anyOf": [{"$ref": f"#/components/schemas/{name}"}, _gateways_body(message)]},
                "examples": {
                    "failed": {"summary": "failed", "value": {**example, **({"reason": reason} if reason else {})}},
                    "gateway": {"summary": "API Gateway's own answer", "value": {"message": message}},
                },
            }
        },
    }


def _example_name(case: golden.Case) -> str:
    return f"{case.code}_success" if case.reason is None else f"{case.code}_{case.reason.replace(':', '_')}"


def _example_summary(case: golden.Case) -> str:
    return f"{case.code}, {_code(case).message}" + (f" ({case.reason})" if case.reason else "")


def _code(case: golden.Case) -> Code:
    return next(code for code in Code if code == case.code)


def _refusal_name(code: Code) -> str:
    return f"Refusal{int(code)}"


def _camel(stem: str) -> str:
    first, *others = stem.split("_")
    return first + "".join(word.capitalize() for word in others)


def _summary(route: Route) -> str:
    described = template.load()["Resources"][route.function.name]["Properties"]["Description"]
    text = str(described).partition(": ")[2] or str(described)
    return text[0].upper() + text[1:].removesuffix(".")
