"""Requests over HTTP that are for no endpoint, or too large for any."""

from __future__ import annotations

import http.client
from urllib.parse import urlsplit

import pytest

from local import template
from tests.support import contract, golden
from tests.support.store import Store

STEMS = {route.path: route.function.stem for route in template.read().routes}
PATHS = list(STEMS)


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "BREW"])
@pytest.mark.parametrize("path", PATHS)
def test_another_method_is_no_route(base_url: str, method: str, path: str) -> None:
    connection = http.client.HTTPConnection(urlsplit(base_url).netloc, timeout=30)
    connection.request(method, path)
    status = connection.getresponse().status
    connection.close()

    assert status == 404


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/wp-json",
        *[path.swapcase() for path in PATHS],
        *[f"{path}/" for path in PATHS],
        *[f"/{path}" for path in PATHS],
        *[f"{path}%00" for path in PATHS],
        "/wp-json/ctb/v1/json/../json/getStatusByRef",
        "/wp-json/credsys/v1/json/getStatusByRef",
        "/wp-json/ctb/v1/json/getWalletByDialedNumberAndPin",
    ],
)
def test_another_path_is_no_route(base_url: str, path: str, store: Store) -> None:
    before = store.contents()
    reply = golden.post(base_url, path, b"{}", {"content-type": "application/json"})

    assert (reply.status, reply.body) == (404, '{"message":"Not Found"}')
    assert store.contents() == before


@pytest.mark.parametrize("path", PATHS)
def test_a_body_of_1_mb_is_an_invalid_request(base_url: str, path: str, store: Store) -> None:
    before = store.contents("REFUSALS_TABLE")
    reply = golden.post(base_url, path, b"x" * 1_048_576, {"content-type": "application/json"})

    assert (reply.status, reply.headers["x-error-reason"]) == (200, "body_too_large")
    assert reply.body == contract.refusal(STEMS[path], 10, "request data is invalid", "body_too_large")
    assert store.contents("REFUSALS_TABLE") == before
