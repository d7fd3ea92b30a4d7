"""Reading parameters from whatever a client sends."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import urlencode

import pytest

from paidline.api.request import read_headers, read_parameters
from paidline.errors import InvalidRequest

NAMES = ("ref", "status", "outboundNumber")


def read(body: str | bytes | None = None, query: str | None = None) -> dict[str, Any]:
    event: dict[str, Any] = {"isBase64Encoded": isinstance(body, bytes)}
    if body is not None:
        event["body"] = base64.b64encode(body).decode() if isinstance(body, bytes) else body
    if query is not None:
        event["rawQueryString"] = query
    return read_parameters(event, NAMES)


@pytest.mark.parametrize(
    ("body", "query"),
    [
        ('{"ref":"38"}', None),
        (b'{"ref":"38"}', None),
        ('\ufeff{"ref":"38"}', None),
        (b'\xef\xbb\xbf{"ref":"38"}', None),
        ('  \r\n{"ref":"38"}\r\n', None),
        ('{\n  "ref" : "38"\n}\n', None),
        ("ref=38", None),
        (b"ref=38", None),
        ("\ufeffref=38", None),
        ("a=&ref=38&b=", None),
        (None, "ref=38"),
        ("", "ref=38"),
        ("other=1", "ref=38"),
        ('{"REF":"38"}', None),
        ("Ref=38", None),
        ('{"ref":"38","Ref":"39"}', None),
        ('{"Ref":"39","ref":"38"}', None),
        ('{"ref":null,"Ref":"38"}', None),
        ('{"ref":"38"}', "ref=39"),
        ("ref=38", "ref=39"),
        ('{"Ref":"38"}', "ref=39"),
        ('{"ref":null}', "ref=38"),
        ('{"ref":"38","unknown":{"a":[1]}}', None),
    ],
)
def test_a_parameter_is_found_wherever_and_however_it_is_sent(body: str | bytes | None, query: str | None) -> None:
    assert read(body, query) == {"ref": "38"}


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ('{"ref": 000038}', {"ref": "000038"}),
        ('{"ref":000038,"status":"online"}', {"ref": "000038", "status": "online"}),
        ('{"ref":00}', {"ref": "00"}),
        ('{"ref"\n:\n000038\n}', {"ref": "000038"}),
        ('{"status": "x: 01, \\"y\\": 02}", "ref": 000038}', {"ref": "000038", "status": 'x: 01, "y": 02}'}),
        ('{"ref":38}', {"ref": 38}),
        ('{"ref":0}', {"ref": 0}),
    ],
)
def test_an_integer_with_leading_zeros_stands_for_its_digits(body: str, found: dict[str, Any]) -> None:
    assert read(body) == found


@pytest.mark.parametrize(
    "body",
    [
        "{",
        "{}}",
        '{"ref":"38",}',
        '{"ref":"38" "status":"online"}',
        "{'ref':'38'}",
        '{"ref":-000038}',
        '{"ref":0038.5}',
        '{"ref":00x38}',
        '{"ref":[000038]}',
        '{"ref":+38}',
        '{"ref":NaN}',
        '{"ref":Infinity}',
        '{"ref":-Infinity}',
        '{"ref":"a\nb"}',
        '{"ref":"38"} // comment',
        '{"ref":"38"}{"ref":"39"}',
        "[]",
        '[{"ref":"38"}]',
        '{"ref":' + "9" * 5000 + "}",
        '{"a":' * 10_000,
        "[" * 60_000,
        '{"a":"' + '\\"' * 30_000,
    ],
    ids=lambda body: body[:20],
)
def test_what_strict_json_refuses_is_refused(body: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        read(body)

    assert refused.value.reason == "invalid_json"


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        ({"body": "=", "isBase64Encoded": True}, "invalid_base64"),
        ({"body": "é", "isBase64Encoded": True}, "invalid_base64"),
        ({"body": base64.b64encode(b'{"ref":"\xff"}').decode(), "isBase64Encoded": True}, "invalid:ref"),
        ({"body": base64.b64encode(b"ref=38\xe9").decode(), "isBase64Encoded": True}, "invalid:ref"),
        ({"body": '{"ref":"\ud800"}'}, "invalid:ref"),
        ({"body": '{"ref":"\\ud800"}'}, "invalid:ref"),
        ({"body": "ref=%ff"}, "invalid:ref"),
        ({"body": "ref=%ed%a0%80"}, "invalid:ref"),
        ({"body": "REF=Jos%E9"}, "invalid:ref"),
        ({"body": "&".join(f"a{number}=1" for number in range(101))}, "invalid_form"),
        ({"rawQueryString": "ref=%ff"}, "invalid:ref"),
        ({"body": "a" * 65_537}, "body_too_large"),
        ({"body": "é" * 32_769}, "body_too_large"),
        ({"body": "{" + " " * 1_000_000 + "}"}, "body_too_large"),
        ({"body": base64.b64encode(b"a" * 65_537).decode(), "isBase64Encoded": True}, "body_too_large"),
    ],
)
def test_a_body_that_cannot_be_read_is_refused_with_its_reason(event: dict[str, Any], reason: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        read_parameters(event, NAMES)

    assert refused.value.reason == reason


@pytest.mark.parametrize(
    "body",
    ["", "{}", '{"ref":null}', '{"ref":""}', '{"ref":"  "}', "ref=", "ref=+", '"ref"', "38", "null", "r\u00e9f=38"],
)
def test_null_missing_and_blank_are_all_missing(body: str) -> None:
    assert read(body) == {}


BLANK = [None, "", "  ", "\t", "\u00a0"]


@pytest.mark.parametrize("blank", BLANK, ids=ascii)
@pytest.mark.parametrize("name", ["ref", "REF"])
@pytest.mark.parametrize("filled", ["ref=38", "Ref=38"])
def test_what_is_blank_in_the_body_is_looked_for_in_the_query(filled: str, name: str, blank: str | None) -> None:
    assert read(json.dumps({name: blank}), filled) == {"ref": "38"}
    assert read(urlencode({name: blank or ""}), filled) == {"ref": "38"}


@pytest.mark.parametrize("blank", BLANK, ids=ascii)
def test_what_is_blank_under_one_spelling_is_looked_for_under_another_in_any_order(blank: str | None) -> None:
    for names in (("ref", "Ref"), ("Ref", "ref"), ("REF", "Ref"), ("ref", "ref")):
        for values in ((blank, "38"), ("38", blank)):
            pairs = list(zip(names, values, strict=True))
            text = ",".join(f"{json.dumps(name)}:{json.dumps(value)}" for name, value in pairs)
            form = urlencode([(name, value or "") for name, value in pairs])

            assert read(f"{{{text}}}") == read(form) == read(None, form) == {"ref": "38"}


@pytest.mark.parametrize(
    ("body", "query"),
    [
        ("ref=38", "callerName=Jos%E9"),
        ("ref=38&callerName=Jos%E9", None),
        (b"ref=38&callerName=Jos\xe9", None),
        (b"Jos\xe9&ref=38", None),
        (b"Jos\xe9=1&ref=38", None),
        ("Jos%E9=1&ref=38", None),
        (b'{"callerName":"Jos\xe9","ref":"38"}', None),
        (b'{"Jos\xe9":1,"ref":"38"}', None),
        ('{"callerName":"\\ud800","ref":"38"}', None),
        ('{"callerName":"\ud800","ref":"38"}', None),
        (b"Jos\xe9", "ref=38"),
        ('{"ref":"38"}'.encode("utf-16"), "ref=38"),
    ],
)
def test_what_is_no_utf_8_does_not_matter_where_the_parameter_is_unknown(body: str | bytes, query: str | None) -> None:
    assert read(body, query) == {"ref": "38"}


def test_a_known_parameter_that_is_no_utf_8_does_not_matter_where_another_source_comes_before_it() -> None:
    assert read('{"ref":"38"}', "ref=%ff") == {"ref": "38"}


def test_the_longest_body_is_read() -> None:
    assert read('{"ref":"38"' + " " * (65_536 - 12) + "}") == {"ref": "38"}


def test_a_plus_in_a_form_is_a_blank_and_a_percent_code_its_character() -> None:
    assert read("ref=+38&status=a%2Bb") == {"ref": " 38", "status": "a+b"}


def test_the_last_of_a_repeated_parameter_counts() -> None:
    assert read("ref=37&ref=38") == read('{"ref":"37","ref":"38"}') == {"ref": "38"}


def test_header_names_are_read_in_any_case_and_none_are_needed() -> None:
    assert read_headers({"headers": {"Idempotency-Key": "k"}}) == {"idempotency-key": "k"}
    assert read_headers({}) == {}


@pytest.mark.parametrize("blank", BLANK, ids=ascii)
def test_a_blank_header_is_none_and_hides_none(blank: str | None) -> None:
    assert read_headers({"headers": {"Idempotency-Key": blank}}) == {}
    assert read_headers({"headers": {"Idempotency-Key": "k", "idempotency-key": blank}}) == {"idempotency-key": "k"}
    assert read_headers({"headers": {"Idempotency-Key": blank, "idempotency-key": "k"}}) == {"idempotency-key": "k"}
