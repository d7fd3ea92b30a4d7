"""The layer after trimming: it says so when an upgrade of a package needs what is cut off."""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from urllib3.util.url import parse_url

from local import engine, template
from local.gateway import set_environment
from tests.support import contract
from tests.support.store import Store

LAYER = template.PROJECT / "layers" / "shared"
STEMS = contract.STEMS

# A function in a process of its own, as in Lambda; its event is sent twice, to meet what the store says to a repeat.
FUNCTION = """
import gc, json, sys
import app

assert gc.isenabled()

class Context:
    aws_request_id = "11111111-2222-3333-4444-555555555555"

    def get_remaining_time_in_millis(self):
        return 10_000

event = json.load(sys.stdin)
print(json.dumps([app.lambda_handler(event, Context()) for _ in range(2)]), file=sys.stderr)
"""

# What is put off: what of it a start and two requests loaded all the same, and whether it works when it is used.
PUT_OFF = """
from paidline import cold_start

assert cold_start._LaterFinder not in sys.meta_path
used = [name for name in sorted(cold_start._LATER) if type(sys.modules[name]) is not cold_start._LaterModule]
import configparser, jmespath, traceback, xml.etree.ElementTree
configparser.ConfigParser().read_string("[a]\\nb=1")
assert jmespath.search("a.b", {"a": {"b": 1}}) == 1
assert type(jmespath) is type(sys)
assert traceback.format_exception(ValueError("x")) == ["ValueError: x\\n"]
assert xml.etree.ElementTree.fromstring("<a/>").tag == "a"
print(json.dumps(used), file=sys.stderr)
"""

# Credentials that expire, and the other users of what has a stand-in for its imports.
STAND_INS = """
import datetime, sys
import dateutil.parser, dateutil.tz
from botocore.credentials import RefreshableCredentials
from botocore.utils import parse_timestamp
from aws_lambda_powertools import Logger

assert parse_timestamp("2026-11-24T12:00:00Z") == datetime.datetime(2026, 11, 24, 12, tzinfo=datetime.timezone.utc)
assert dateutil.tz.gettz("UTC") is not None
soon = {"access_key": "a", "secret_key": "b", "token": "c", "expiry_time": "2099-01-01T00:00:00Z"}
credentials = RefreshableCredentials.create_from_metadata(soon, lambda: soon, "test")
assert credentials.get_frozen_credentials().access_key == "a"
assert Logger(service="s").service == "s"
try:
    from aws_lambda_powertools import Tracer
except ImportError:
    pass
else:
    raise AssertionError
"""

PATTERNS = """
import json, re, sys
import _sre
{prepare}
from urllib3.util import url

was_compiled = any(url._IPV6_RE.pattern in key for key in re._cache)
assert was_compiled is {was_compiled}
print(json.dumps([url.parse_url(address) for address in json.load(sys.stdin)]), file=sys.stderr)
"""
ADDRESSES = [
    "https://dynamodb.eu-west-1.amazonaws.com/",
    "http://127.0.0.1:8000/a%20b?c=d#e",
    "http://user:word@[fe80::1%25eth0]:80/x",
    "http://[::ffff:192.0.2.1]/",
    "host.example:443",
    "/only/a/path",
]


@pytest.fixture(scope="module")
def layer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packages of the layer as they are installed here, and trimmed."""
    packages = tmp_path_factory.mktemp("layer")
    # Where pip puts the packages' scripts.
    (packages / "bin").mkdir()
    for name in re.findall(r"^([a-z0-9-]+)==", (LAYER / "requirements.txt").read_text(), re.MULTILINE):
        _copy(name, packages)
    shutil.copytree(LAYER / "src" / "paidline", packages / "paidline")
    subprocess.run([sys.executable, str(LAYER / "trim.py"), str(packages)], check=True)
    # What is compiled already would not be compiled as the makefile wants it, and so anew with every start in Lambda.
    assert not list(packages.rglob("__pycache__"))
    return packages


def _copy(name: str, packages: Path) -> None:
    for file in importlib.metadata.files(name) or ():
        # The data of four hundred services is a minute of copying; whether they are cut off is plain to see.
        foreign = file.parts[:2] == ("botocore", "data") and len(file.parts) > 3 and file.parts[2] != "dynamodb"
        if ".." in file.parts or foreign or "__pycache__" in file.parts:
            continue
        target = packages / file
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file.locate(), target)


@pytest.fixture
def environment(engine_endpoint: str, layer: Path) -> Iterator[dict[str, str]]:
    """The variables of a function on the trimmed layer, over a store with the example data."""
    service = template.read()
    with patch.dict(os.environ):
        set_environment(service, engine_endpoint)
        Store(engine.client(engine_endpoint), service).load_example()
        yield {**os.environ, "PYTHONPATH": str(layer), "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:9001"}


@pytest.mark.parametrize("stem", STEMS)
def test_every_function_answers_on_the_trimmed_layer(stem: str, environment: dict[str, str]) -> None:
    first, second = _call(stem, environment)
    assert first["statusCode"] == 200
    assert "x-error-reason" not in first["headers"]
    assert second["statusCode"] == 200


@pytest.mark.parametrize("stem", ["session_call_create_by_ref", "subtract_tokens_from_wallet", "add_tokens_to_wallet"])
def test_a_repeated_key_is_recognized_on_the_trimmed_layer(stem: str, environment: dict[str, str]) -> None:
    # Whether the transaction was cancelled, and by which condition, stands in an error that the model describes.
    first, second = _call(stem, environment, key="call-1")
    assert second["body"] == first["body"]
    assert second["headers"]["idempotency-hit"] == "true"


@pytest.mark.parametrize("stem", STEMS)
def test_an_invalid_request_is_refused_on_the_trimmed_layer(stem: str, environment: dict[str, str]) -> None:
    # Refusing runs parts of pydantic that accepting does not.
    first, _ = _call(stem, environment, body={"ref": [], "pin": 1.5, "dialedNumber": True, "tokens": -1})
    assert json.loads(first["body"])["code"] == 10
    assert first["headers"]["x-error-reason"] == "missing:authenticationHash"


@pytest.mark.parametrize("stem", ["get_status_by_ref", "subtract_tokens_from_wallet"])
def test_an_unreachable_store_is_503_on_the_trimmed_layer(stem: str, environment: dict[str, str]) -> None:
    # So does giving up, of botocore: its retries, and the errors that it makes of a refused connection.
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        first, _ = _call(stem, {**environment, "DYNAMODB_ENDPOINT": endpoint})
    assert (first["statusCode"], first["headers"]["x-error-reason"]) == (503, "store_unavailable")


@pytest.mark.parametrize("stem", ["get_status_by_ref", "subtract_tokens_from_wallet"])
def test_what_is_put_off_is_not_loaded_by_requests_and_works_when_it_is_used(
    stem: str, environment: dict[str, str]
) -> None:
    used = _run(stem, environment, FUNCTION + PUT_OFF)
    # Older Pythons use it while they load one of their own modules.
    assert set(used) <= ({"ast"} if sys.version_info < (3, 13) else set())


def test_what_has_a_stand_in_works_on_the_trimmed_layer_where_it_is_needed_after_all(layer: Path) -> None:
    _python(STAND_INS, {"PYTHONPATH": str(layer)})


def test_addresses_are_read_by_patterns_that_are_kept_compiled_as_by_those_of_the_package(layer: Path) -> None:
    text = json.dumps(ADDRESSES)
    trimmed = _python(PATTERNS.format(prepare="", was_compiled=False), {"PYTHONPATH": str(layer)}, text)
    assert json.loads(trimmed) == [list(parse_url(address)) for address in ADDRESSES]


def test_patterns_that_another_python_kept_are_compiled_anew(layer: Path) -> None:
    text = json.dumps(ADDRESSES)
    program = PATTERNS.format(prepare="_sre.MAGIC = 1", was_compiled=True)
    other = _python(program, {"PYTHONPATH": str(layer)}, text)
    assert json.loads(other) == [list(parse_url(address)) for address in ADDRESSES]


def test_the_trimmed_model_holds_every_operation_that_the_store_uses() -> None:
    sources = "\n".join(path.read_text() for path in (LAYER / "src" / "paidline" / "store").glob("*.py"))
    used = set(re.findall(r"client\(\)\.([a-z_]+),", sources)) | set(re.findall(r"pages\(\"([a-z_]+)\"", sources))
    kept = re.findall(r"^OPERATIONS = (.*)$", (LAYER / "trim.py").read_text(), re.MULTILINE)
    assert {name.replace("_", "") for name in used} == {name.lower() for name in re.findall(r"\w+", kept[0])}


def _call(
    stem: str, environment: dict[str, str], key: str | None = None, body: Any | None = None
) -> list[dict[str, Any]]:
    answers: list[dict[str, Any]] = _run(stem, environment, FUNCTION, key, body)
    return answers


def _run(
    stem: str, environment: dict[str, str], program: str, key: str | None = None, body: Any | None = None
) -> list[Any]:
    event = json.loads((template.PROJECT / "events" / f"{stem}.json").read_text())
    if key:
        event["headers"]["idempotency-key"] = key
    if body is not None:
        event["body"] = json.dumps(body)
    path = f"{template.PROJECT / 'functions' / stem}:{environment['PYTHONPATH']}"
    told: list[Any] = json.loads(_python(program, {**environment, "PYTHONPATH": path}, json.dumps(event)))
    return told


def _python(program: str, environment: dict[str, str], text: str = "") -> str:
    """Run a program that is given a text, and return the last line that it tells."""
    done = subprocess.run(
        # -S: nothing but the layer may be found, neither this environment's packages nor the installed project.
        [sys.executable, "-S", "-c", program],
        input=text,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stderr.rpartition("\n")[0].rpartition("\n")[2]
