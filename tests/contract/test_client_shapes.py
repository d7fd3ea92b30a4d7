"""The ways in which clients send a request: each must get the same answer as the documented request."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import quote_plus, urlencode

import pytest

from tests.support import contract, golden
from tests.support.contract import Parameters

_JSON = {"content-type": "application/json"}
_FORM = {"content-type": "application/x-www-form-urlencoded"}
_STRING_OR_INT = {
    "ref",
    "outboundNumber",
    "inboundNumber",
    "dialedNumber",
    "duration",
    "pin",
    "tokens",
}


@dataclass(frozen=True)
class Sent:
    """A request: query string, body, headers."""

    body: bytes | None
    headers: dict[str, str] = field(default_factory=dict)
    query: str = ""


def _json(parameters: Parameters, **headers: str) -> Sent:
    return Sent(json.dumps(parameters).encode(), {name.replace("_", "-"): value for name, value in headers.items()})


def _plus_numbers(parameters: Parameters) -> Sent:
    """A form that nobody escaped: the `+` before each value arrives as a blank."""
    return Sent("&".join(f"{name}=+{value.replace(' ', '+')}" for name, value in parameters.items()).encode(), _FORM)


def _form_and_query(parameters: Parameters) -> Sent:
    (name, first), *others = parameters.items()
    return Sent(urlencode(others).encode(), _FORM, f"{name}={quote_plus(first)}")


def _integers(parameters: Parameters) -> Sent:
    return _json({name: int(value) if name in _STRING_OR_INT else value for name, value in parameters.items()}, **_JSON)


SHAPES: dict[str, Callable[[Parameters], Sent]] = {
    "JSON": lambda parameters: _json(parameters, **_JSON),
    "JSON labelled as form": lambda parameters: _json(parameters, **_FORM),
    "no Content-Type": _json,
    "form": lambda parameters: Sent(urlencode(parameters).encode(), _FORM),
    "query": lambda parameters: Sent(None, query=urlencode(parameters)),
    "form and query": _form_and_query,
    "base64 event": lambda parameters: _json(parameters, content_type="application/octet-stream"),
    "BOM": lambda parameters: Sent(b"\xef\xbb\xbf" + json.dumps(parameters).encode(), _JSON),
    "charset": lambda parameters: _json(parameters, content_type="application/json; charset=utf-8"),
    "pretty-printed": lambda parameters: Sent(json.dumps(parameters, indent=4).encode() + b"\r\n", _JSON),
    "+ numbers": _plus_numbers,
    "integers": _integers,
}


@pytest.mark.parametrize("case", golden.SUCCESSES, ids=lambda case: case.stem)
@pytest.mark.parametrize("shape", SHAPES)
def test_a_request_in_this_shape_is_answered_as_the_documented_one(
    case: golden.Case, shape: str, base_url: str
) -> None:
    sent = SHAPES[shape](contract.parsed(case.body))

    reply = golden.post(base_url, f"{case.path}?{sent.query}" if sent.query else case.path, sent.body, sent.headers)

    golden.check(case, reply)
