"""The documented requests from the real curl, with the options that the PBXs' own libcurl has."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass

import pytest

from local import template
from tests.support import contract, golden
from tests.support.golden import Case
from tests.support.store import Contents, Store

_CURL = shutil.which("curl")

pytestmark = pytest.mark.skipif(_CURL is None, reason="curl is not installed")

_ASTERISK = ("--user-agent", "asterisk-libcurl-agent/1.0")
_FREESWITCH = ("--user-agent", "freeswitch-curl/1.0", "--location", "--max-redirs", "10")
_AS_JSON = ("--header", "Content-Type: application/json")

CLIENTS = {
    "Asterisk by default": _ASTERISK,
    "Asterisk with httpheader": (*_ASTERISK, *_AS_JSON),
    "mod_curl by default": _FREESWITCH,
    "mod_curl with content-type": (*_FREESWITCH, *_AS_JSON),
    "libcurl without a content type": ("--header", "Content-Type:"),
    "libcurl that closes the connection": ("--header", "Connection: close"),
    "libcurl with HTTP/1.0": ("--http1.0",),
    "libcurl that waits for 100 Continue": ("--header", "Expect: 100-continue"),
    "libcurl that accepts gzip": ("--compressed",),
}

# Later answers would show the tokens that are added, and the agent and tokens that a paid call takes.
_SHOWN_LATER = ("add_tokens_to_wallet-20", "calls_begin", "calls_end")
# And the wallboard shows what all others have changed.
_IN_A_ROW = [case for case in golden.CASES if not case.name.startswith((*_SHOWN_LATER, "wallboard"))]


@dataclass(frozen=True)
class _CurlReply:
    body: str
    new_connections: int


@pytest.fixture(name="url")
def _url(gateway: str, example_on_engine: tuple[Store, Contents]) -> str:
    """Where the service answers, with the example data behind it."""
    store, example = example_on_engine
    store.restore(example)
    return gateway


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("case", golden.SUCCESSES, ids=lambda case: case.stem)
def test_documented_request_of_this_client_gets_the_golden_answer(case: Case, client: str, url: str) -> None:
    (answer,) = _curl([case], CLIENTS[client], url)

    assert golden.masked(case.stem, answer.body) == case.answer


@pytest.mark.parametrize("client", ["Asterisk by default", "Asterisk with httpheader", "mod_curl by default"])
def test_documented_requests_in_a_row_share_one_kept_connection(client: str, url: str) -> None:
    answers = _curl(_IN_A_ROW, CLIENTS[client], url)

    assert _bodies(answers) == [case.answer for case in _IN_A_ROW]
    assert [answer.new_connections for answer in answers] == [1] + [0] * (len(_IN_A_ROW) - 1)


@pytest.mark.parametrize("client", ["libcurl that closes the connection", "libcurl with HTTP/1.0"])
def test_documented_requests_in_a_row_each_have_a_connection_of_their_own(client: str, url: str) -> None:
    answers = _curl(_IN_A_ROW, CLIENTS[client], url)

    assert _bodies(answers) == [case.answer for case in _IN_A_ROW]
    assert [answer.new_connections for answer in answers] == [1] * len(_IN_A_ROW)


def test_every_call_of_the_curl_example_succeeds(url: str) -> None:
    script = template.PROJECT / "examples" / "curl" / "ten-calls.sh"
    environment = {**os.environ, "AGENTS_URL": url, "CREDIT_URL": url}

    said = subprocess.run([str(script)], env=environment, check=True, capture_output=True, text=True).stdout

    answers = [json.loads(line) for line in said.splitlines()[1::2]]
    assert len(answers) == len(contract.REFERENCE)
    assert all(isinstance(answer, list) or answer["status"] == 1 for answer in answers)


def _curl(cases: list[Case], options: tuple[str, ...], url: str) -> list[_CurlReply]:
    """Sends the cases one after the other from one curl process."""
    assert _CURL is not None
    command = [_CURL, "--disable"]
    for number, case in enumerate(cases):
        command += ["--next"] if number else []
        command += ["--silent", "--show-error", "--fail", "--max-time", "30", "--write-out", "\\n%{num_connects}\\n"]
        command += [*options, "--data-raw", case.body, url + case.path]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    return [_CurlReply(body, int(count)) for body, count in zip(said[::2], said[1::2], strict=True)]


def _bodies(answers: list[_CurlReply]) -> list[str]:
    return [golden.masked(case.stem, answer.body) for case, answer in zip(_IN_A_ROW, answers, strict=True)]
