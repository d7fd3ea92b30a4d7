"""Golden requests and answers: what tests/endpoints/<stem>/golden.yaml says, and how to compare a reply with it.

Knows neither pytest nor who serves, so that the same cases run against any address. A case's request is that of the
endpoint's event, to the letter, with at most the edits that provoke its answer. The example data must be loaded before
each case. A file that cannot be read makes no cases: it is in MALFORMED, and tests/unit/test_completeness.py says why.
"""

from __future__ import annotations

import http.client
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from local.template import PROJECT
from tests.support import contract
from tests.support.reply import Reply

_FOLDER = PROJECT / "tests" / "endpoints"
_TIMEOUT_S = 30


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class StoreCalls(_Strict):
    """The DynamoDB calls of the documented request, and those that a process's first request adds to them."""

    following: list[str]
    first_adds: list[str]


class GoldenAnswer(_Strict):
    """A code, the edits of the documented request that provoke it, `x-error-reason`, and the answer as one line."""

    code: int
    edits: dict[str, str] = {}
    reason: str | None = None
    answer: str


class GoldenFile(_Strict):
    """A golden.yaml.

    Only a complete one passes the tests: here everything may be missing, so that one of them can say what is.
    `mask` maps fields whose values are ours and differ each time to their form, a regular expression: `*` in the
    answers.
    `further_requests` are changes of the documented parameters that use what the policy allows beyond the documented
    request. `rare_permissions` are those that only a fault makes use of, as `action table`.
    """

    store_calls: StoreCalls | None = None
    takes_idempotency_key: bool = False
    mask: dict[str, str] = {}
    further_requests: list[dict[str, Any]] = []
    rare_permissions: list[str] = []
    success: GoldenAnswer | None = None
    refusals: list[GoldenAnswer] = []


@dataclass(frozen=True)
class Case:
    """One golden answer; without a `reason` it is the endpoint's success."""

    stem: str
    code: int
    edits: tuple[tuple[str, str], ...] = ()
    reason: str | None = None
    answer: str = ""
    # Paid calls have many reasons for one code.
    is_one_of_many: bool = False

    @property
    def name(self) -> str:
        """The case in one word."""
        return f"{self.stem}-{self.code}-{self.reason}" if self.is_one_of_many else f"{self.stem}-{self.code}"

    @property
    def path(self) -> str:
        """Where the request goes."""
        return str(contract.event(self.stem)["rawPath"])

    @property
    def headers(self) -> dict[str, str]:
        """The documented headers."""
        sent = contract.event(self.stem)["headers"]
        return {name: sent[name] for name in ("accept", "content-type")}

    @property
    def body(self) -> str:
        """The documented body after the edits, each of which must find its place."""
        body = contract.body(self.stem)
        for old, new in self.edits:
            assert old in body, f"{file(self.stem)}, code {self.code}: events/{self.stem}.json does not contain {old}"
            body = body.replace(old, new)
        return body


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
        return Reply(response.status, found, response.read().decode())
    finally:
        connection.close()


def check(case: Case, reply: Reply) -> None:
    """Raise AssertionError where a reply is not the golden answer, byte for byte but for values that are ours."""
    assert reply.status == 200
    assert masked(case.stem, reply.body) == case.answer
    assert reply.headers["content-type"] == "application/json; charset=UTF-8"
    assert reply.reason == case.reason


def masked(stem: str, body: str) -> str:
    """An answer with `*` for each value that is ours and differs each time."""
    for name, form in FILES[stem].mask.items():
        body = re.sub(rf'"{name}":"{form}"', f'"{name}":"*"', body, flags=re.ASCII)
    return body


def file(stem: str) -> str:
    """Where an endpoint's golden answers are, for messages."""
    return f"tests/endpoints/{stem}/golden.yaml"


class _StoreCallsByStem(dict[str, tuple[list[str], int]]):
    def __missing__(self, stem: str) -> tuple[list[str], int]:
        raise AssertionError(f"{file(stem)} promises no store calls: add `store_calls` there.")


def _read(paths: Iterable[Path]) -> tuple[dict[str, GoldenFile], dict[str, str]]:
    files: dict[str, GoldenFile] = {}
    malformed: dict[str, str] = {}
    for path in paths:
        stem = path.parent.name
        try:
            files[stem] = GoldenFile.model_validate(yaml.safe_load(path.read_text(encoding="ascii")))
        except ValidationError as error:
            problems = [f"{'.'.join(map(str, found['loc'])) or 'all'}: {found['msg']}" for found in error.errors()]
            malformed[stem] = "; ".join(problems)
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            malformed[stem] = str(error)
    return files, malformed


def _cases(stem: str, content: GoldenFile) -> list[Case]:
    answers = [answer for answer in (content.success, *content.refusals) if answer is not None]
    codes = Counter(answer.code for answer in answers)
    return [
        Case(stem, answer.code, tuple(answer.edits.items()), answer.reason, answer.answer, codes[answer.code] > 1)
        for answer in answers
    ]


FILES, MALFORMED = _read(sorted(_FOLDER.glob("*/golden.yaml")))
# Those of endpoints that cannot be asked are reported as such, not once for each of their cases.
CASES = tuple(case for stem, content in FILES.items() if stem in contract.STEMS for case in _cases(stem, content))
SUCCESSES = tuple(case for case in CASES if case.reason is None)
# What a following request costs, and how many look-ups the first one adds.
STORE_CALLS = _StoreCallsByStem(
    (stem, (content.store_calls.following, len(content.store_calls.first_adds)))
    for stem, content in FILES.items()
    if content.store_calls is not None
)
WITH_IDEMPOTENCY_KEY = sorted(
    stem for stem, content in FILES.items() if content.takes_idempotency_key and stem in contract.STEMS
)
