"""The code samples of the OpenAPI file and the requests of the collection get the golden answers."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from typing import Any

import pytest

from local import template
from openapi import collection, document, samples
from tests.support import golden
from tests.support.openapi import DOCUMENT

COLLECTION: dict[str, Any] = json.loads(collection.FILE.read_text(encoding="ascii"))
CLIENTS = (template.PROJECT / "docs" / "clients.md").read_text(encoding="utf-8")
_LANGUAGES = ("curl", "Python", "PHP", "Asterisk")

by_case = pytest.mark.parametrize("case", golden.SUCCESSES, ids=lambda case: case.stem)


def sample(case: golden.Case, label: str) -> str:
    """An endpoint's sample in a language."""
    (found,) = [found for found in DOCUMENT["paths"][case.path]["post"]["x-codeSamples"] if found["label"] == label]
    return str(found["source"])


def run(*command: str) -> str:
    """Run a client and return what it prints."""
    found = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert found.stderr == ""
    return found.stdout.strip()


def arguments(text: str) -> list[str]:
    r"""The arguments of a dialplan function: separated by commas, but not by those that are written \,."""
    return [part.replace("\\,", ",") for part in re.split(r"(?<!\\),", text)]


@by_case
def test_the_curl_sample_gets_the_golden_answer(case: golden.Case, base_url: str) -> None:
    found = run("sh", "-c", sample(case, "curl").replace(samples.BASE_URL, base_url))

    assert golden.masked(case.stem, found) == case.answer


@by_case
def test_the_python_sample_gets_the_golden_answer(case: golden.Case, base_url: str) -> None:
    found = run(sys.executable, "-c", sample(case, "Python").replace(samples.BASE_URL, base_url))

    assert golden.masked(case.stem, found) == case.answer


@by_case
@pytest.mark.skipif(not shutil.which("php"), reason="PHP is not installed")
def test_the_php_sample_gets_the_golden_answer(case: golden.Case, base_url: str) -> None:
    source = sample(case, "PHP").replace(samples.BASE_URL, base_url).removeprefix("<?php\n")
    found = run("php", "-d", "display_errors=stderr", "-r", source)

    assert golden.masked(case.stem, found) == case.answer


@by_case
def test_what_the_asterisk_sample_hands_to_curl_gets_the_golden_answer(case: golden.Case, base_url: str) -> None:
    lines = sample(case, "Asterisk").splitlines()
    (curl,) = [line for line in lines if "${CURL(" in line]
    url, body = arguments(curl.removeprefix("same => n,Set(ANSWER=${CURL(").removesuffix(")})"))
    # As libcurl sends it if no dialplan says otherwise.
    headers = {"content-type": "application/x-www-form-urlencoded"}
    found = golden.post(base_url, url.removeprefix(samples.BASE_URL), body.encode(), headers)

    assert all(line.startswith("same => n,") for line in lines)
    assert not re.search(r"[;$\\]", body), "a dialplan reads these itself"
    assert golden.masked(case.stem, found.body) == case.answer


def test_every_path_has_a_sample_in_each_language() -> None:
    for operation in (item["post"] for item in DOCUMENT["paths"].values()):
        assert tuple(found["label"] for found in operation["x-codeSamples"]) == _LANGUAGES


@pytest.mark.parametrize("label", ["PHP", "Asterisk"])
def test_the_page_of_clients_shows_a_sample_of_the_file(label: str) -> None:
    case = next(case for case in golden.SUCCESSES if case.stem == "get_status_by_ref")

    assert sample(case, label) in CLIENTS


def test_generating_the_collection_again_gives_the_same_file() -> None:
    made = collection.build(document.build(), samples.BASE_URL)

    assert made == COLLECTION, f"{collection.FILE.name} is out of date: run `make openapi`."


@pytest.mark.parametrize(
    "item", [item for folder in COLLECTION["item"] for item in folder["item"]], ids=lambda item: item["name"]
)
def test_a_request_of_the_collection_gets_the_golden_answer_that_is_its_example(
    item: dict[str, Any], base_url: str
) -> None:
    request, example = item["request"], item["response"][0]
    path = "/" + "/".join(request["url"]["path"])
    headers = {header["key"]: header["value"] for header in request["header"]}
    found = golden.post(base_url, path, request["body"]["raw"].encode(), headers)
    (case,) = [case for case in golden.SUCCESSES if case.path == path]

    assert golden.masked(case.stem, found.body) == case.answer
    assert json.loads(golden.masked(case.stem, example["body"])) == json.loads(case.answer)
    assert request["url"]["raw"] == "{{baseUrl}}" + path
