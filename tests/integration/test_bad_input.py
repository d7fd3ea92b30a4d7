"""Whatever is sent gets an answer of the contract, is never our fault, and changes something only if it succeeds."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import quote_from_bytes, urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support import contract, golden, wire
from tests.support.api import Api
from tests.support.contract import Event

EXAMPLES = settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    # No example minds what the successes before it have changed.
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
ENVELOPES = {
    stem: {case.code: case.answer for case in golden.CASES if case.stem == stem and case.reason}
    for stem in contract.STEMS
}
# An extension of ours: the profile of one agent, who may be unknown.
ENVELOPES["get_profile_data"] |= {200: ENVELOPES["get_status_by_ref"][200]}
COUNTS_A_WRONG_PIN = {("dynamodb:UpdateItem", "WrongPinsTable")}
MANY = 20_000

HOSTILE: st.SearchStrategy[Any] = st.sampled_from(
    [
        "",
        " ",
        "\x00",
        "38\x00",
        "\ud800",
        "\udfff38",
        "\u202e38",
        "\u0663\u0668",
        "9" * 5_000,
        "-1",
        "1e400",
        "NaN",
        "0x26",
        "' OR 1=1 --",
        "${jndi:ldap://x}",
        "2024-02-30 12:00:00",
        "9999-99-99 99:99:99",
        "anonymous",
        "online",
        10**40,
        -(10**40),
        -1,
        0,
        1.5,
        1e300,
        float("inf"),
        float("nan"),
        True,
        None,
        [],
        {},
        [[[]]],
        {"S": "38"},
    ]
)
ANY_JSON = st.recursive(
    HOSTILE | st.text(max_size=20) | st.integers() | st.floats(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


def assert_within_the_contract(api: Api, stem: str, event: Event) -> None:
    with wire.recorded() as calls:
        answer = api.send(stem, event)

    assert answer.status == 200
    if answer.reason is None:
        return
    envelope = ENVELOPES[stem][answer.code]
    # Paid calls say the reason in the body too.
    assert answer.body == re.sub(r'"reason":"[^"]+"', f'"reason":"{answer.reason}"', envelope)
    # What was never sent cannot have changed anything. Only wrong PINs are counted.
    assert {call.operation for call in calls if call.permissions != COUNTS_A_WRONG_PIN} <= wire.READS


@pytest.mark.parametrize("stem", contract.STEMS)
def test_any_parameter_values_get_an_answer_of_the_contract(api: Api, stem: str) -> None:
    names = [*contract.parameters(stem), "idempotencyKey", "limit", "before", "fields", "status", "ref"]

    @EXAMPLES
    @given(changes=st.dictionaries(st.sampled_from(names), HOSTILE | ANY_JSON, min_size=1))
    def check(changes: dict[str, Any]) -> None:
        parameters = {**contract.parameters(stem), **changes}
        assert_within_the_contract(api, stem, contract.event_with(stem, parameters))

    check()


@pytest.mark.parametrize("stem", contract.STEMS)
def test_any_bytes_as_body_or_query_get_an_answer_of_the_contract(api: Api, stem: str) -> None:
    @EXAMPLES
    @given(noise=st.binary(max_size=80), place=st.integers(0, 200), query=st.binary(max_size=20))
    def check(noise: bytes, place: int, query: bytes) -> None:
        body = contract.body(stem).encode()
        spoilt = contract.event_with(stem, body[:place] + noise + body[place + len(noise) :])
        spoilt["rawQueryString"] = quote_from_bytes(query, safe="=&%;+")
        assert_within_the_contract(api, stem, spoilt)
        assert_within_the_contract(api, stem, contract.event_with(stem, noise))

    check()


@pytest.mark.parametrize("stem", contract.STEMS)
def test_any_form_gets_an_answer_of_the_contract(api: Api, stem: str) -> None:
    text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
    names = list(contract.parameters(stem))

    @EXAMPLES
    @given(changes=st.dictionaries(st.sampled_from(names) | text, text))
    def check(changes: dict[str, str]) -> None:
        body = urlencode({**contract.parameters(stem), **changes}).encode()
        assert_within_the_contract(api, stem, contract.event_with(stem, body))

    check()


@pytest.mark.parametrize("stem", contract.STEMS)
@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"a" * 1_048_576, "body_too_large"),
        (b'{"ref":"' + b"3" * 1_048_576 + b'"}', "body_too_large"),
        (b"[" * MANY, "invalid_json"),
        (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, "invalid_json"),
        (b'{"ref":"' + b'\\"' * MANY, "invalid_json"),
        (b'{"ref":' + b"9" * MANY + b"}", "invalid_json"),
        (b'{"ref":"\x00"}', "invalid_json"),
        (b'{"authenticationHash":"\xff\xfe"}', "invalid:authenticationHash"),
        (b"authenticationHash=%ff", "invalid:authenticationHash"),
        (b"\xff\xfe{\x00}\x00", "missing:authenticationHash"),
        (b"\x1f\x8b\x08", "missing:authenticationHash"),
        (b"%00=%ff", "missing:authenticationHash"),
        (b"a=1&" * 200, "invalid_form"),
        (b"\x00" * 100, "missing:authenticationHash"),
        (b"null", "missing:authenticationHash"),
        (b'"text"', "missing:authenticationHash"),
        (b"<xml/>", "missing:authenticationHash"),
    ],
    ids=lambda value: ascii(value)[:24],
)
def test_a_body_that_cannot_be_used_is_an_invalid_request(api: Api, stem: str, body: bytes, reason: str) -> None:
    with wire.recorded() as calls:
        answer = api.call(stem, body)

    assert answer.refusal == (10, reason)
    assert not calls


@pytest.mark.parametrize("stem", contract.STEMS)
@pytest.mark.parametrize("where", ["query", "form", "JSON"])
def test_an_unknown_parameter_in_latin_1_does_not_matter(api: Api, stem: str, where: str) -> None:
    parameters = contract.parameters(stem)
    event = contract.event(stem)
    if where == "query":
        event["rawQueryString"] = "callerName=Jos%E9"
    elif where == "form":
        event = contract.event_with(stem, f"{urlencode(parameters)}&callerName=Jos%E9".encode())
    else:
        event = contract.event_with(
            stem, json.dumps({**parameters, "callerName": "José"}, ensure_ascii=False).encode("latin-1")
        )

    assert api.send(stem, event).reason is None


@pytest.mark.parametrize("stem", contract.STEMS)
def test_nested_as_deep_as_json_can_be_read_an_unknown_parameter_does_not_matter(api: Api, stem: str) -> None:
    deep: Any = []
    for _ in range(300):
        deep = [deep]

    answer = api.call(stem, json.dumps({**contract.parameters(stem), "unknown": deep}))

    assert answer.reason is None
