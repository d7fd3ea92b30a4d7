"""The layer, trimmed as it is deployed and whole as pip installs it: both answer alike, and no package is edited."""

from __future__ import annotations

import base64
import csv
import hashlib
import importlib.metadata
import json
import os
import platform
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import botocore
import pytest
from botocore.handlers import BUILTIN_HANDLERS

from local import template
from local.gateway import set_environment
from tests.support import contract, golden
from tests.support.admin import NEW_HASH
from tests.support.store import Contents, Store

LAYER = template.PROJECT / "layers" / "shared"
STEMS = contract.STEMS
GOLDEN = {case.stem: case for case in golden.SUCCESSES}
PACKAGES = re.findall(r"^([a-z0-9-]+)==", (LAYER / "requirements.txt").read_text(), re.MULTILINE)

# All that may differ from what the authors released, beside files that are left out.
CUT_DATA = re.compile(r"botocore/data/(endpoints\.json|dynamodb/2012-08-10/(service-2|endpoint-rule-set-1)\.json)")
DOCUMENTATION = re.compile(r"botocore/docs/(__init__|docstring|utils)\.py")
# What pip writes into a package's *.dist-info for itself, without a hash.
PIPS_OWN = re.compile(r"[^/]+\.dist-info/(RECORD|INSTALLER|REQUESTED|direct_url\.json)")

# A function in a process of its own, as in Lambda, and the events that it gets one after the other.
FUNCTION = """
import gc, json, sys
import app

assert gc.isenabled()

class Context:
    aws_request_id = "11111111-2222-3333-4444-555555555555"
    function_version = "7"

    def get_remaining_time_in_millis(self):
        return 10_000

print(json.dumps([app.lambda_handler(event, Context()) for event in json.load(sys.stdin)]), file=sys.stderr)
"""

# The headers of the same request, from our client and from one that botocore makes by its defaults.
HEADERS = """
import json, sys
import botocore.session
from paidline.store.dynamodb import dynamodb

class Seen(Exception):
    pass

def headers(made):
    seen = {}

    def see(request, **_):
        for name, value in request.headers.items():
            seen[name] = value.decode() if isinstance(value, bytes) else value
        raise Seen

    made.meta.events.register("before-send.dynamodb.*", see)
    try:
        made.get_item(TableName="agents", Key={"refKey": {"S": "38"}})
    except Seen:
        return seen

both = [headers(dynamodb()), headers(botocore.session.Session().create_client("dynamodb"))]
print(json.dumps(both), file=sys.stderr)
"""


@pytest.fixture(scope="module")
def whole_layer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packages of the layer as they are installed here."""
    packages = tmp_path_factory.mktemp("whole")
    # Where pip puts the packages' scripts.
    (packages / "bin").mkdir()
    for name in PACKAGES:
        _copy(name, packages)
    shutil.copytree(LAYER / "src" / "paidline", packages / "paidline", ignore=shutil.ignore_patterns("__pycache__"))
    return packages


@pytest.fixture(scope="module")
def trimmed_layer(whole_layer: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, trimmed."""
    packages = tmp_path_factory.mktemp("trimmed") / "python"
    shutil.copytree(whole_layer, packages)
    subprocess.run([sys.executable, str(LAYER / "trim.py"), str(packages)], check=True)
    # What is compiled already would not be compiled as the makefile wants it, and so anew with every start in Lambda.
    assert not list(packages.rglob("__pycache__"))
    return packages


@pytest.fixture(scope="module")
def layer(request: pytest.FixtureRequest) -> Path:
    """The trimmed layer, or the kind that the test names."""
    packages: Path = request.getfixturevalue(f"{getattr(request, 'param', 'trimmed')}_layer")
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


@pytest.fixture(scope="module")
def bytecode(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where byte code is kept: outside the layer, which is compared with what its authors released."""
    return tmp_path_factory.mktemp("bytecode")


@pytest.fixture
def environment(
    engine_endpoint: str, example_on_engine: tuple[Store, Contents], layer: Path, bytecode: Path
) -> Iterator[dict[str, str]]:
    """The variables of a function on the layer, over a store with the example data."""
    store, example = example_on_engine
    store.restore(example)
    with patch.dict(os.environ):
        set_environment(store.service, engine_endpoint)
        yield {
            **os.environ,
            "PYTHONPATH": str(layer),
            "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:9001",
            "PYTHONPYCACHEPREFIX": str(bytecode),
            "PYTHONDONTWRITEBYTECODE": "",
        }


@pytest.mark.parametrize(
    ("layer", "stem"),
    # The whole layer is the trimmed one and more: one endpoint that reads and one that writes are enough.
    [("trimmed", stem) for stem in STEMS] + [("whole", "get_status_by_ref"), ("whole", "subtract_tokens_from_wallet")],
    indirect=["layer"],
)
def test_every_function_gives_its_golden_answer_and_refuses_an_invalid_request(
    stem: str, environment: dict[str, str]
) -> None:
    case = GOLDEN[stem]
    # Refusing runs parts of pydantic that accepting does not.
    invalid = {"ref": [], "pin": 1.5, "dialedNumber": True, "tokens": -1}
    first, second, refused = _call(
        stem, environment, _event(stem, body=case.body), _event(stem, body=case.body), _event(stem, body=invalid)
    )
    assert (first["statusCode"], second["statusCode"]) == (200, 200)
    assert golden.masked(stem, first["body"]) == case.answer
    assert json.loads(refused["body"])["code"] == 10
    assert refused["headers"]["x-error-reason"] == "missing:authenticationHash"


@pytest.mark.parametrize("stem", ["session_call_create_by_ref", "subtract_tokens_from_wallet", "add_tokens_to_wallet"])
def test_a_repeated_key_is_recognized(stem: str, environment: dict[str, str]) -> None:
    # Whether the transaction was cancelled, and by which condition, stands in an error that the model describes.
    first, second = _call(stem, environment, *[_event(stem, key="call-1")] * 2)
    assert second["body"] == first["body"]
    assert second["headers"]["idempotency-hit"] == "true"


def test_an_unreachable_store_is_503(environment: dict[str, str]) -> None:
    # Giving up runs parts of botocore that success does not: the errors that it makes of a refused connection.
    stem = "subtract_tokens_from_wallet"
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        (answer,) = _call(stem, {**environment, "DYNAMODB_ENDPOINT": endpoint}, _event(stem))
    assert (answer["statusCode"], answer["headers"]["x-error-reason"]) == (503, "store_unavailable")


def test_the_admin_function_runs_its_commands_on_the_layer(environment: dict[str, str]) -> None:
    show = _example_event("admin")
    issue = {**show, "command": "hash.issue", "key": "k", "arguments": NEW_HASH}
    refusal = {**show, "arguments": {"wallet": {"applicationId": "1288"}}}
    shown, issued, again, refused = _call("admin", environment, show, issue, issue, refusal)
    assert shown["result"]["walletId"] == "6254"
    assert again["result"] == {**issued["result"], "hash": None}
    assert refused["error"]["code"] == "invalid_request"


def test_no_file_of_a_package_differs_from_the_released_one(trimmed_layer: Path) -> None:
    assert _differing(trimmed_layer) == []


def test_an_edited_and_an_added_file_are_noticed(trimmed_layer: Path, tmp_path: Path) -> None:
    packages = tmp_path / "python"
    shutil.copytree(trimmed_layer, packages)
    with (packages / "urllib3" / "util" / "url.py").open("a") as module:
        module.write("# edited\n")
    (packages / "pydantic" / "added.py").write_text("")
    assert _differing(packages) == ["pydantic/added.py", "urllib3/util/url.py"]


def test_every_licence_notice_and_bill_of_materials_stays(whole_layer: Path, trimmed_layer: Path) -> None:
    kept, released = _about_packages(trimmed_layer), _about_packages(whole_layer)
    assert kept == released
    assert {path.parts[0].partition("-")[0] for path in kept} == {name.replace("-", "_") for name in PACKAGES}
    assert any("NOTICE" in path.name for path in kept)
    assert any("sboms" in path.parts for path in kept)


@pytest.mark.parametrize(("arguments", "is_trimmed"), [((), True), (("TRIM=no",), False)])
@pytest.mark.parametrize("target", ["build-SharedLayerArm64", "build-SharedLayerX8664"])
def test_the_makefile_trims_unless_it_is_told_not_to_and_removes_nothing_else(
    target: str, arguments: tuple[str, ...], is_trimmed: bool
) -> None:
    command = ["make", "--dry-run", "--directory", str(LAYER), target, "ARTIFACTS_DIR=/layer", *arguments]
    # A `make` that runs these tests has variables of its own.
    environment = {name: value for name, value in os.environ.items() if name not in {"TRIM", "MAKEFLAGS", "MFLAGS"}}
    recipe = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    assert ("trim.py" in recipe) is is_trimmed
    assert re.findall(r"\brm -.*|-delete.*", recipe) == ["rm -rf {} +"]


def test_the_user_agent_names_the_sdk_and_this_service(environment: dict[str, str]) -> None:
    ours, _ = json.loads(_python(HEADERS, environment))
    assert ours["User-Agent"].startswith(f"Botocore/{botocore.__version__} Python/{platform.python_version()} ")
    assert ours["User-Agent"].endswith(" app/paidline")


def test_the_client_sends_what_one_with_all_of_botocores_listeners_sends(environment: dict[str, str]) -> None:
    # The last two make a listener add a header, by which Lambda finds functions that call themselves.
    lambdas = {"AWS_LAMBDA_FUNCTION_NAME": "GetStatusByRef", "_X_AMZN_TRACE_ID": "Root=1-2-3"}
    ours, stock = json.loads(_python(HEADERS, {**environment, **lambdas}))
    assert "X-Amzn-Trace-Id" in stock
    assert ours.keys() == stock.keys()
    own = {"User-Agent", "Authorization", "X-Amz-Date", "amz-sdk-invocation-id", "amz-sdk-request"}
    assert {name: ours[name] for name in ours.keys() - own} == {name: stock[name] for name in stock.keys() - own}


def test_no_listener_that_concerns_dynamodb_asks_for_a_place_in_the_order() -> None:
    # The client registers them one after the other.
    ordered = {event for event, _, *place in BUILTIN_HANDLERS if place and not event.startswith("docs.")}
    assert not {event for event in ordered if event.split(".")[1] in {"*", "dynamodb"}}


def test_the_trimmed_model_holds_every_operation_that_the_store_uses() -> None:
    sources = "\n".join(path.read_text() for path in (LAYER / "src" / "paidline" / "store").glob("*.py"))
    used = set(re.findall(r"dynamodb\(\)\.([a-z_]+),", sources)) | set(re.findall(r"pages\(\"([a-z_]+)\"", sources))
    kept = re.findall(r"^OPERATIONS = (.*)$", (LAYER / "trim.py").read_text(), re.MULTILINE)
    assert {name.replace("_", "") for name in used} == {name.lower() for name in re.findall(r"\w+", kept[0])}


def _differing(packages: Path) -> list[str]:
    """List the files that are not as their authors released them, nor ours: edited ones and added ones."""
    released = {}
    for record in packages.glob("*.dist-info/RECORD"):
        with record.open(newline="") as rows:
            released.update({path: digest for path, digest, _ in csv.reader(rows)})
    names = [str(path.relative_to(packages)) for path in sorted(packages.rglob("*")) if path.is_file()]
    return [name for name in names if not _may_differ(name) and _digest(packages / name) != released.get(name)]


def _may_differ(name: str) -> bool:
    ours = name.startswith("paidline/")
    return ours or any(pattern.fullmatch(name) for pattern in (CUT_DATA, DOCUMENTATION, PIPS_OWN))


def _digest(path: Path) -> str:
    """Write a file's digest as RECORD does."""
    digest = base64.urlsafe_b64encode(hashlib.sha256(path.read_bytes()).digest())
    return f"sha256={digest.decode().rstrip('=')}"


def _about_packages(packages: Path) -> set[Path]:
    return {path.relative_to(packages) for path in packages.glob("*.dist-info/**/*") if path.is_file()}


def _event(stem: str, *, key: str | None = None, body: Any | None = None) -> dict[str, Any]:
    """The example event of an endpoint, with an idempotency key or another body."""
    event = _example_event(stem)
    if key:
        event["headers"]["idempotency-key"] = key
    if body is not None:
        event.update(body=body if isinstance(body, str) else json.dumps(body), isBase64Encoded=False)
    return event


def _example_event(stem: str) -> dict[str, Any]:
    event: dict[str, Any] = json.loads((template.PROJECT / "events" / f"{stem}.json").read_text())
    return event


def _call(stem: str, environment: dict[str, str], *events: dict[str, Any]) -> list[dict[str, Any]]:
    path = f"{template.PROJECT / 'functions' / stem}:{environment['PYTHONPATH']}"
    answers: list[dict[str, Any]] = json.loads(
        _python(FUNCTION, {**environment, "PYTHONPATH": path}, json.dumps(events))
    )
    return answers


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
