"""The document's ten successes and thirty-five failures: requests, golden answers, and how to compare them.

Knows neither pytest nor who serves, so that the same cases run against any address. A case's request is the
document's own, to the letter, with at most the edits that provoke its answer. What the answers show is in
answers/<stem>/<code>.json, with `*` for an id that is ours. The example data must be loaded before each case.
"""

from __future__ import annotations

import http.client
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tests.support import documented

_ANSWERS = Path(__file__).parent / "answers"
_TIMEOUT_S = 30
_WRONG_HASH = "0000000000000000000000000000000000000000000000000000000000000000"


@dataclass(frozen=True)
class Case:
    """One answer of the document: the endpoint, the code, the edits of the documented request, `x-error-reason`."""

    stem: str
    code: int
    edits: tuple[tuple[str, str], ...] = ()
    reason: str | None = None

    @property
    def name(self) -> str:
        """The case in one word."""
        return f"{self.stem}-{self.code}"

    @property
    def path(self) -> str:
        """Where the request goes."""
        return str(documented.event(self.stem)["rawPath"])

    @property
    def headers(self) -> dict[str, str]:
        """The documented headers."""
        sent = documented.event(self.stem)["headers"]
        return {name: sent[name] for name in ("accept", "content-type")}

    @property
    def body(self) -> str:
        """The documented body after the edits, each of which must find its place."""
        body = documented.body(self.stem)
        for old, new in self.edits:
            assert old in body, f"{self.name}: {old} is not in the documented request"
            body = body.replace(old, new)
        return body

    @property
    def answer(self) -> str:
        """The golden answer."""
        return (_ANSWERS / self.stem / f"{self.code}.json").read_text(encoding="ascii").removesuffix("\n")


@dataclass(frozen=True)
class Reply:
    """What came back. Header names are in lower case: hosts differ in theirs."""

    status: int
    headers: dict[str, str]
    body: bytes


def send(case: Case, base_url: str) -> Reply:
    """Send a case's request to the service at an address such as http://127.0.0.1:3000."""
    return post(base_url, case.path, case.body.encode(), case.headers)


def post(base_url: str, path: str, body: bytes | None, headers: dict[str, str]) -> Reply:
    """Send any request, with no header but the given ones and what HTTP itself wants."""
    address = urlsplit(base_url).netloc
    connection = http.client.HTTPConnection(address, timeout=_TIMEOUT_S)
    try:
        connection.request("POST", path, body=body, headers=headers)
        response = connection.getresponse()
        found = {name.lower(): value for name, value in response.getheaders()}
        return Reply(response.status, found, response.read())
    finally:
        connection.close()


def check(case: Case, reply: Reply) -> None:
    """Raise AssertionError where a reply is not the golden answer, byte for byte but for ids that are ours."""
    assert reply.status == 200
    assert masked(case.stem, reply.body) == case.answer
    assert reply.headers["content-type"] == "application/json; charset=UTF-8"
    assert reply.headers.get("x-error-reason") == case.reason


def masked(stem: str, body: bytes) -> str:
    """An answer with `*` for each id that is ours; only a new call session has such ids."""
    text = body.decode("ascii")
    if stem != "session_call_create_by_ref":
        return text
    return re.sub(r'"(id|sessionId)":"\d+"', r'"\1":"*"', text)


def _cases(stem: str, *cases: Case) -> tuple[Case, ...]:
    unauthorized = ((documented.parameters(stem)["authenticationHash"], _WRONG_HASH),)
    return (*cases, Case(stem, 40, unauthorized, "unauthorized"))


def _wallet_cases(stem: str, missing: str, *failed: Case) -> tuple[Case, ...]:
    return _cases(stem, Case(stem, 20), Case(stem, 10, ((f'"{missing}"', '"x"'),), f"missing:{missing}"), *failed)


_UNKNOWN_REF = (("000038", "999999"),)

CASES = (
    *_cases(
        "get_status_by_ref",
        Case("get_status_by_ref", 202),
        Case("get_status_by_ref", 10, (('"ref"', '"x"'),), "missing:ref"),
        Case("get_status_by_ref", 200, _UNKNOWN_REF, "unknown_ref"),
    ),
    *_cases(
        "update_status_by_ref",
        Case("update_status_by_ref", 20),
        Case("update_status_by_ref", 10, (('"status"', '"x"'),), "missing:status"),
        Case("update_status_by_ref", 200, _UNKNOWN_REF, "unknown_ref"),
        Case("update_status_by_ref", 218, (('"online"', '"busy"'),), "invalid:status"),
    ),
    *_cases(
        "update_status_by_line_sharing",
        Case("update_status_by_line_sharing", 20),
        Case("update_status_by_line_sharing", 10, (('"outboundNumber"', '"x"'),), "missing:outboundNumber"),
        Case("update_status_by_line_sharing", 221, (("31612345678", "31600000000"),), "unknown_outbound_number"),
        Case("update_status_by_line_sharing", 218, (('"online"', '"busy"'),), "invalid:status"),
        Case("update_status_by_line_sharing", 222, (("31612345678", "31612345679"),), "line_not_shared"),
    ),
    *_cases(
        "get_status_log",
        # The document asks for agent 000038 and shows a row of agent 000968: asked is who is shown.
        Case("get_status_log", 20, (("000038", "000968"),)),
        Case("get_status_log", 10, (('"ref"', '"x"'),), "missing:ref"),
        Case("get_status_log", 200, _UNKNOWN_REF, "unknown_ref"),
        Case("get_status_log", 218, (('"ref"', '"status": "busy", "ref"'),), "invalid:status"),
    ),
    *_cases(
        "session_call_create_by_ref",
        Case("session_call_create_by_ref", 403),
        Case("session_call_create_by_ref", 10, (('"duration"', '"x"'),), "missing:duration"),
        Case("session_call_create_by_ref", 200, _UNKNOWN_REF, "unknown_ref"),
        Case(
            "session_call_create_by_ref",
            307,
            (('"dialedNumber" : "31612345678"', '"dialedNumber" : "31600000000"'),),
            "unknown_dialed_number",
        ),
        Case("session_call_create_by_ref", 311, (('"ANSWER"', '"ANSWERED"'),), "invalid:dialStatus"),
    ),
    *_cases(
        "get_profile_data",
        Case("get_profile_data", 20),
        Case("get_profile_data", 10, (('"authenticationHash"', '"x"'),), "missing:authenticationHash"),
    ),
    *_wallet_cases(
        "get_wallet_by_dialed_number_and_pin",
        "pin",
        Case("get_wallet_by_dialed_number_and_pin", 30, (("695334", "111111"),), "unknown_pin"),
    ),
    *_wallet_cases(
        "get_wallet_by_dialed_number_and_inbound_number",
        "inboundNumber",
        Case(
            "get_wallet_by_dialed_number_and_inbound_number",
            30,
            (("31688006395", "31600000000"),),
            "unknown_inbound_number",
        ),
    ),
    *_wallet_cases(
        "subtract_tokens_from_wallet",
        "tokens",
        Case("subtract_tokens_from_wallet", 30, (('"100"', '"1972"'),), "insufficient_tokens"),
    ),
    *_wallet_cases(
        "add_tokens_to_wallet",
        "tokens",
        Case("add_tokens_to_wallet", 30, (('"100"', '"999999999999"'),), "too_many_tokens"),
    ),
)
