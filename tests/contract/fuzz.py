"""Sends very many requests made from the OpenAPI file to a local gateway, and checks each answer against the file.

`make fuzz`. Schemathesis takes a tenth of a second to make a request. Here it makes only some for each path, valid and
invalid; all others are put together from their values, those of the documented requests, and random bytes.

Settings: REQUESTS, SEED, CASES (Schemathesis makes so many valid and so many invalid ones for each path), and MINUTES,
after which it stops even if not all are sent.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import sys
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

import jsonschema_rs
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import Case, GenerationMode

from local import engine, template
from local.server import MAX_REQUEST_LINE_BYTES
from tests.support import serve
from tests.support.openapi import DOCUMENT
from tests.support.store import Store

LISTS = {"getProfileData", "getStatusLog", "wallboard"}
_KEY = "Idempotency-Key"
_JSON, _FORM = "application/json", "application/x-www-form-urlencoded"
_CLIENTS = 4
_TIMEOUT_S = 30
# A new connection goes to an idle process of the gateway; all that were opened at the start went to the same one.
_REQUESTS_PER_CONNECTION = 100
_EVERY = 10_000
_SHOWN = 20

Document = dict[str, Any]


@dataclass(frozen=True)
class Request:
    """A POST as it is sent."""

    path: str
    query: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Corpus:
    """What requests are made from: bodies by path, and the values that each field has in any of them."""

    documented: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    generated: dict[str, list[Any]] = field(default_factory=lambda: defaultdict(list))
    values: dict[str, list[Any]] = field(default_factory=lambda: defaultdict(list))
    keys: list[str] = field(default_factory=lambda: ["pbx1-1732377600.42"])

    def add(self, path: str, body: Any, *, is_documented: bool = False) -> None:
        """Take a body and its values."""
        if is_documented:
            self.documented[path].append(body)
        else:
            self.generated[path].append(body)
        if isinstance(body, dict):
            for name, value in body.items():
                self.values[name].append(value)


def corpus(document: Document, cases: int, first_seed: int) -> Corpus:
    """Take the documented requests, and let Schemathesis make `cases` valid and as many invalid ones for each path."""
    made = Corpus()
    schema = schemathesis.openapi.from_dict(document)
    for path, item in document["paths"].items():
        for example in item["post"]["requestBody"]["content"][_JSON]["examples"].values():
            made.add(path, example["value"], is_documented=True)
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE) if cases else ():
            for case in _generate(schema[path]["POST"].as_strategy(generation_mode=mode), cases, first_seed):
                if case.media_type == _JSON:
                    made.add(path, case.body)
                keys = [str(case.headers[_KEY])] if case.headers and _KEY in case.headers else []
                made.keys += [key for key in keys if key.isascii() and key.isprintable()]
    return made


def _generate(strategy: Any, count: int, first_seed: int) -> list[Case[Any]]:
    found: list[Case[Any]] = []

    @seed(first_seed)
    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=strategy)
    def collect(case: Case[Any]) -> None:
        found.append(case)

    collect()
    return found


class Maker:
    """Makes requests from a corpus, the same ones for the same seed."""

    def __init__(self, corpus: Corpus, number: int) -> None:
        self._corpus = corpus
        self._paths = list(corpus.documented)
        self._names = list(corpus.values)
        self._random = random.Random(number)

    def make(self) -> Request:
        """Make the next request."""
        path = self._random.choice(self._paths)
        body: Any = self._random.choice(self._corpus.documented[path])
        if self._happens(0.2):
            body = self._random.choice(self._corpus.generated[path] or [body])
        if not isinstance(body, dict):
            return Request(path, "", {"content-type": _JSON}, self._bytes(_as_json(body)))
        fields = [
            (self._name(name), self._value(name, value)) for name, value in body.items() if not self._happens(0.03)
        ]
        while self._happens(0.1):
            # Another field, or the same one again.
            name = self._random.choice(self._names)
            fields.insert(self._random.randrange(len(fields) + 1), (name, self._value(name, "")))
        headers = {_KEY: self._random.choice(self._corpus.keys)} if self._happens(0.1) else {}
        return self._encode(path, fields, headers)

    def _encode(self, path: str, fields: list[tuple[str, Any]], headers: dict[str, str]) -> Request:
        in_query = [pair for pair in fields if self._happens(0.5)] if self._happens(0.1) else []
        if len(_request_line(path, _as_form(in_query))) > MAX_REQUEST_LINE_BYTES:
            in_query = []
        in_body = [pair for pair in fields if pair not in in_query]
        if self._happens(0.3):
            body, kind = _as_form(in_body).encode(), _FORM
        else:
            # By hand, because a name may come twice.
            body = b"{" + b",".join(_as_json(name) + b":" + _as_json(value) for name, value in in_body) + b"}"
            kind = _JSON
        return Request(path, _as_form(in_query), {"content-type": kind, **headers}, self._bytes(body))

    def _name(self, name: str) -> str:
        return self._random.choice([name.lower(), name.upper(), name.swapcase()]) if self._happens(0.1) else name

    def _value(self, name: str, value: Any) -> Any:
        # With another hash, little else is looked at.
        if self._happens(0.02 if name == "authenticationHash" else 0.25):
            value = self._random.choice(self._corpus.values[name])
        if self._happens(0.02):
            value = self._random.choice(self._corpus.values[self._random.choice(self._names)])
        # PBXs write numbers as text, and scripts text as numbers.
        if self._happens(0.1) and isinstance(value, str) and value.isdecimal() and value.isascii() and len(value) < 20:
            return int(value)
        return str(value) if self._happens(0.1) and isinstance(value, int) else value

    def _bytes(self, body: bytes) -> bytes:
        if not self._happens(0.03) or not body:
            return body
        start = self._random.randrange(len(body))
        cut = self._random.randrange(3)
        return body[:start] + self._random.randbytes(self._random.randrange(4)) + body[start + cut :]

    def _happens(self, probability: float) -> bool:
        return self._random.random() < probability


def _target(path: str, query: str) -> str:
    return f"{path}?{query}" if query else path


def _request_line(path: str, query: str) -> str:
    return f"POST {_target(path, query)} HTTP/1.1"


def _as_json(value: Any) -> bytes:
    return json.dumps(value, default=str).encode()


def _as_form(fields: list[tuple[str, Any]]) -> str:
    pairs = [(name, value if isinstance(value, str) else json.dumps(value, default=str)) for name, value in fields]
    return urlencode(pairs, errors="surrogatepass")


class Checker:
    """What the file says about answers, with every schema compiled once."""

    def __init__(self, document: Document) -> None:
        self._responses: dict[tuple[str, int], dict[str, Any]] = {}
        self._bodies: dict[tuple[str, int], jsonschema_rs.Draft202012Validator] = {}
        self._headers: dict[tuple[str, int], dict[str, jsonschema_rs.Draft202012Validator]] = {}

        def compiled(schema: Document) -> jsonschema_rs.Draft202012Validator:
            return jsonschema_rs.Draft202012Validator({**schema, "components": document["components"]})

        def resolved(entry: Document) -> Document:
            if "$ref" not in entry:
                return entry
            _, _, kind, name = entry["$ref"].split("/")
            found: Document = document["components"][kind][name]
            return found

        for path, item in document["paths"].items():
            for status, entry in item["post"]["responses"].items():
                response, cell = resolved(entry), (path, int(status))
                self._responses[cell] = response
                self._bodies[cell] = compiled(response["content"][_JSON]["schema"])
                self._headers[cell] = {
                    name: compiled(resolved(header)["schema"]) for name, header in response.get("headers", {}).items()
                }

    def problem(self, path: str, status: int, headers: http.client.HTTPMessage, body: bytes) -> str:
        """Say what is wrong with an answer; "" if nothing is."""
        cell = (path, status)
        if status >= http.HTTPStatus.INTERNAL_SERVER_ERROR:
            return f"a server error: {headers.get('x-error-reason')}"
        if cell not in self._responses:
            return "the status is not documented"
        if headers.get_content_type() != _JSON:
            return "the content type is not documented"
        if b"\n" in body or not body.isascii():
            return "not one line of ASCII"
        if path.rpartition("/")[2] not in LISTS and len(body) >= 1_024:
            return "too long"
        for name, validator in self._headers[cell].items():
            if name in headers and not validator.is_valid(headers[name]):
                return f"the header {name} is not valid: {headers[name]}"
        content = json.loads(body)
        error = next(self._bodies[cell].iter_errors(content), None)
        return f"the body is not valid: {error.message}" if error else _reason_problem(content, headers)


def _reason_problem(content: Any, headers: http.client.HTTPMessage) -> str:
    """Say whether a refusal lacks its reason, or a success has one: no schema can connect a header with the body."""
    refused = isinstance(content, dict) and content.get("status") == 0
    reason = headers.get("x-error-reason")
    if refused != (reason is not None):
        return "a refusal without a reason" if refused else f"a success with a reason: {reason}"
    if refused and content.get("reason", reason) != reason:
        return f"two reasons: {reason} and {content['reason']}"
    return ""


@dataclass
class Tally:
    """The outcome of the requests; shared by the clients."""

    answers: Counter[tuple[str, int]] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def sent(self) -> int:
        """The number of requests sent, with or without an answer."""
        return self.answers.total()


def run(
    base_url: str, document: Document, made: Corpus, requests: int, first_seed: int, end: float = float("inf")
) -> Tally:
    """Send requests from a few clients at once, many over each connection; stop at `end` (monotonic seconds)."""
    tally = Tally()
    checker = Checker(document)
    shares = [requests // _CLIENTS + (number < requests % _CLIENTS) for number in range(_CLIENTS)]
    threads = [
        threading.Thread(target=_send, args=(base_url, checker, Maker(made, first_seed + number), share, tally, end))
        for number, share in enumerate(shares)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return tally


def _send(base_url: str, checker: Checker, maker: Maker, count: int, tally: Tally, end: float) -> None:
    started = time.monotonic()
    with closing(http.client.HTTPConnection(urlsplit(base_url).netloc, timeout=_TIMEOUT_S)) as connection:
        for number in range(count):
            if time.monotonic() > end:
                return
            if number % _REQUESTS_PER_CONNECTION == 0:
                # The next request opens another one.
                connection.close()
            request = maker.make()
            code, problem = _ask(connection, checker, request)
            with tally.lock:
                tally.answers[request.path, code] += 1
                if problem:
                    tally.failures.append(f"{problem}\n  {request}")
                    # At once, because a run may be stopped before its end.
                    if len(tally.failures) <= _SHOWN:
                        print(tally.failures[-1], flush=True)
                if tally.sent % _EVERY == 0:
                    rate = tally.sent / (time.monotonic() - started)
                    print(f"{tally.sent:,} sent, {len(tally.failures)} failures, {rate:.0f} a second", flush=True)


def _ask(connection: http.client.HTTPConnection, checker: Checker, request: Request) -> tuple[int, str]:
    """Send a request; return the code in its answer, 0 if there is none, and what is wrong with it."""
    try:
        connection.request("POST", _target(request.path, request.query), request.body, request.headers)
        answer = connection.getresponse()
        body = answer.read()
        problem = checker.problem(request.path, answer.status, answer.headers, body)
        code = json.loads(body).get("code", 0) if body.startswith(b"{") else 0
    except (OSError, http.client.HTTPException, ValueError) as error:
        connection.close()
        return 0, f"no answer that can be read: {error!r}"
    return code, f"{problem}\n  {body[:300]!r}" if problem else ""


@contextmanager
def _gateway() -> Iterator[str]:
    with engine.start() as running:
        Store(engine.client(running.endpoint), template.read()).load_example()
        with serve.running(running.endpoint) as address:
            yield address


def main() -> None:
    """Print the failures, what was answered, and how many requests were sent; exit with 1 if any failed."""
    requests, first_seed, cases = (int(os.environ.get(name) or value) for name, value in _DEFAULTS.items())
    minutes = float(os.environ.get("MINUTES") or "inf")
    started = time.monotonic()
    made = corpus(DOCUMENT, cases, first_seed)
    generated = sum(map(len, made.generated.values()))
    print(f"{generated:,} cases made by Schemathesis in {time.monotonic() - started:.0f} s", flush=True)
    with _gateway() as base_url:
        started = time.monotonic()
        tally = run(base_url, DOCUMENT, made, requests, first_seed, started + 60 * minutes)
        seconds = time.monotonic() - started
    by_path: dict[str, Counter[int]] = defaultdict(Counter)
    for (path, code), count in sorted(tally.answers.items()):
        by_path[path][code] += count
    for path, codes in by_path.items():
        print(f"{path}: " + ", ".join(f"{count:,} with code {code}" for code, count in codes.items()))
    print(f"{tally.sent:,} requests, {len(tally.failures)} failures, {tally.sent / seconds:.0f} a second")
    sys.exit(bool(tally.failures))


_DEFAULTS = {"REQUESTS": 1_000_000, "SEED": 1, "CASES": 30}

if __name__ == "__main__":
    main()
