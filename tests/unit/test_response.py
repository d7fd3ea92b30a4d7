"""Answers as PHP wrote them, in API Gateway's form."""

from __future__ import annotations

import base64
import gzip
import random
from pathlib import Path
from typing import Any

import pytest

from paidline.api.response import Response, envelope, failure, to_json, to_payload
from paidline.codes import Code
from paidline.errors import InvalidRequest, ServerError

LONG = "x" * 2_000


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ({"a": 1, "b": "2"}, '{"a":1,"b":"2"}'),
        ("é€😀", '"\\u00e9\\u20ac\\ud83d\\ude00"'),
        ("https://a/b", '"https:\\/\\/a\\/b"'),
        ('a"b\\c', '"a\\"b\\\\c"'),
        ("\b\f\n\r\t", '"\\b\\f\\n\\r\\t"'),
        ("\x00\x1f", '"\\u0000\\u001f"'),
        ("<>&'", '"<>&\'"'),
        ([], "[]"),
        ({}, "{}"),
        ("a: b, c", '"a: b, c"'),
    ],
)
def test_json_is_written_as_php_does(value: Any, written: str) -> None:
    assert to_json(value) == written


def php_table() -> dict[str, str]:
    """What PHP's json_encode makes of some five thousand characters; json_encode.php tells how it was written."""
    lines = (Path(__file__).parent / "php" / "json_encode.tsv").read_text(encoding="ascii").split("\n")
    rows = [line.split("\t") for line in lines if line and not line.startswith("#")]
    return {chr(int(point, 16)): written for point, written in rows}


def test_every_character_is_written_as_php_wrote_it() -> None:
    table = php_table()
    differing = {hex(ord(character)) for character, written in table.items() if to_json(character) != written}

    assert not differing
    assert len(table) > 5_000
    assert {chr(point) for point in range(0x100)} <= table.keys()


def test_characters_beside_each_other_are_written_as_php_wrote_them() -> None:
    # Before a DEL a backslash must not be taken for one that escapes it, and text that looks like its escape stays.
    table = php_table()
    texts = ["\x7f\x7f", "\\\x7f", "\\\\\x7f", "\\u007f", "\\\\u007f", "\x7f\\u007f/", '"\x7f"', "u007f\x7f"]

    for text in texts:
        assert to_json(text) == f'"{"".join(table[character][1:-1] for character in text)}"'


def test_a_success_opens_with_status_message_and_code_and_keeps_the_given_order() -> None:
    assert envelope(Code.SUCCESS, z=1, a=2) == '{"status":1,"message":"success","code":20,"z":1,"a":2}'


def test_a_failure_has_three_keys_and_its_reason_in_a_header() -> None:
    response = to_payload(failure(InvalidRequest("missing:ref")), None)

    assert response == {
        "statusCode": 200,
        "headers": {"content-type": "application/json; charset=UTF-8", "x-error-reason": "missing:ref"},
        "body": '{"status":0,"message":"request data is invalid","code":10}',
        "isBase64Encoded": False,
    }


@pytest.mark.parametrize(
    "accepted", ["gzip", "deflate, gzip;q=0.5, br", "*", "GZIP", "*;q=0, gzip", "br;q=1,gzip ; q=1"]
)
def test_a_long_answer_is_compressed_where_the_client_takes_it(accepted: str) -> None:
    response = to_payload(Response(LONG), accepted)

    assert response["isBase64Encoded"]
    assert response["headers"]["content-encoding"] == "gzip"
    assert response["headers"]["vary"] == "accept-encoding"
    assert gzip.decompress(base64.b64decode(response["body"])).decode() == LONG


@pytest.mark.parametrize(
    "accepted", [None, "", "identity", "br", "gzip;q=0", "gzip; q=0.000", "*;q=0", "gzip;q=0, *", "xgzip"]
)
def test_a_long_answer_is_sent_as_it_is_where_the_client_does_not_ask_for_gzip(accepted: str | None) -> None:
    response = to_payload(Response(LONG), accepted)

    assert (response["body"], response["isBase64Encoded"]) == (LONG, False)
    assert response["headers"].keys() == {"content-type"}


def test_a_short_answer_is_never_compressed() -> None:
    assert not to_payload(Response("x" * 1_023), "gzip")["isBase64Encoded"]


def test_an_answer_over_lambdas_limit_is_compressed_unless_the_client_refuses() -> None:
    response = to_payload(Response("x" * 7_000_000), None)

    assert response["isBase64Encoded"]


@pytest.mark.parametrize("body", ["x" * 5_900_000, '"' * 3_000_000, "\\" * 3_000_000])
def test_an_answer_over_lambdas_limit_is_a_fault_where_the_client_refuses_gzip(body: str) -> None:
    with pytest.raises(ServerError) as raised:
        to_payload(Response(body), "identity")

    assert raised.value.reason == "answer_too_large"


def test_an_answer_that_is_too_long_even_compressed_is_a_fault() -> None:
    noise = random.Random(0).randbytes(4_000_000).hex()

    with pytest.raises(ServerError) as raised:
        to_payload(Response(noise + noise[::-1]), "gzip")

    assert raised.value.reason == "answer_too_large"
