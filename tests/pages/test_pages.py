"""The function of the pages: files, a strict policy and no table; and refusals, which one of them shows."""

from __future__ import annotations

import base64
import gzip
import json
import re
from typing import Any

import pytest
import yaml

from local import gateway, template
from tests.support import golden

FUNCTION = template.read().optional_routes[0].function
EVENT: dict[str, Any] = json.loads((template.PROJECT / "events" / "pages.json").read_text(encoding="utf-8"))
TYPES = {"html": "text/html", "css": "text/css", "js": "text/javascript", "yaml": "application/yaml"}


def get(path: str, **headers: str) -> dict[str, Any]:
    handler = gateway.load_handler(FUNCTION)
    sent = headers or {"accept-encoding": "gzip, deflate, br"}
    return handler({**EVENT, "rawPath": path, "headers": sent}, gateway.context(FUNCTION))


def text(reply: dict[str, Any]) -> str:
    return gzip.decompress(base64.b64decode(reply["body"])).decode()


def test_the_example_event_gets_the_docs_page() -> None:
    reply = get(EVENT["rawPath"])

    assert (reply["statusCode"], reply["headers"]["content-type"]) == (200, "text/html; charset=UTF-8")
    assert "<title>Paidline API</title>" in text(reply)


@pytest.mark.parametrize("page", ["/docs", "/wallboard"])
def test_every_file_that_a_page_names_is_served_with_its_type_and_nothing_comes_from_elsewhere(page: str) -> None:
    html = text(get(page))
    named = re.findall(r'(?:href|src)="([^"]+)"', html)

    assert len(named) >= 3
    for path in named:
        if path == "data:,":
            continue
        reply = get(path)
        assert path.startswith(f"{page}/")
        assert reply["statusCode"] == 200
        assert reply["headers"]["content-type"].startswith(TYPES[path.rpartition(".")[2]])
    assert "<style" not in html
    assert not re.search(r"<script(?![^>]* src=)", html)


def test_a_client_that_does_not_accept_gzip_gets_the_openapi_file_as_text() -> None:
    reply = get("/docs/openapi.yaml", accept="*/*")

    assert "content-encoding" not in reply["headers"]
    assert reply["headers"]["vary"] == "accept-encoding"
    assert yaml.safe_load(reply["body"])["openapi"] == "3.1.0"


def test_the_root_leads_to_the_docs_page() -> None:
    reply = get("/")

    assert (reply["statusCode"], reply["headers"]["location"]) == (302, "/docs")


@pytest.mark.parametrize("path", ["/docs/app.py", "/docs/../app.py", "/wallboard/openapi.yaml", "/favicon.ico"])
def test_nothing_but_the_pages_files_is_served(path: str) -> None:
    assert get(path)["statusCode"] == 404


def test_the_build_copies_every_file_that_is_served() -> None:
    makefile = (FUNCTION.folder / "Makefile").read_text(encoding="utf-8")
    source = (FUNCTION.folder / "app.py").read_text(encoding="utf-8")

    assert f"build-{FUNCTION.name}:" in makefile
    for name in re.findall(r'_(?:FOLDER|RENDERER) / "([\w.-]+\.\w+)"', source):
        assert name in makefile


def test_the_gateway_counts_the_refusals_of_all_functions_by_reason_for_the_wallboard(base_url: str) -> None:
    def counted(reason: str) -> int:
        (success,) = [case for case in golden.SUCCESSES if case.stem == "wallboard"]
        shown = json.loads(golden.send(success, base_url).body)["board"]["refusalsToday"]
        return sum(int(one["count"]) for one in shown if one["reason"] == reason)

    refused = [case for case in golden.CASES if case.reason == "unknown_ref"]
    before = counted("unknown_ref")
    for case in refused:
        golden.send(case, base_url)

    assert len(refused) > 3
    assert counted("unknown_ref") == before + len(refused)
