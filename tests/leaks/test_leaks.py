"""Nothing that the service writes has a secret in it, and a leak would be found."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pytest

from local import template
from paidline.api.endpoint import Endpoint
from paidline.management import function
from tests.leaks.scan import leaking, scan
from tests.support.api import Api


@pytest.mark.unmeasured
def test_generated_requests_leave_no_secret_in_any_line(api: Api) -> None:
    done = scan(api, 300)

    assert done.faults > 5
    assert done.bytes > 50_000
    assert done.leaks == []


def test_a_pin_is_found_wherever_it_stands_but_not_in_a_time_or_an_id_that_happens_to_have_its_digits() -> None:
    made = '{"_aws":{"Timestamp":1795640695334},"storedRequestId":"d5ba1d6a95146334dc695334ed17ea5b"}'
    leaks = [
        made.replace("},", '},"pin":"695334",'),
        '{"storedRequestId":"695334"}',
        '{"Timestamp":"695334"}',
        "caller695334",
    ]

    assert leaking("\n".join([made, *leaks]), {"695334"}) == leaks


def test_a_command_that_leaks_its_arguments_is_found(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    run = function._run

    def leaky(event: Mapping[str, Any], *rest: Any) -> dict[str, Any]:
        print(event["arguments"])
        return run(event, *rest)

    monkeypatch.setattr(function, "_run", leaky)

    assert scan(api, 100).leaks


@pytest.mark.parametrize("leak", ["the body", "the key"])
def test_a_planted_leak_is_found(api: Api, monkeypatch: pytest.MonkeyPatch, leak: str) -> None:
    respond = Endpoint._respond

    def leaky(self: Endpoint, event: object, *rest: object) -> object:  # type: ignore[type-arg]
        keys = re.findall(r"key-[0-9a-f]{16}", event["body"])  # type: ignore[index]
        print(event["body"] if leak == "the body" else keys)  # type: ignore[index]
        return respond(self, event, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(Endpoint, "_respond", leaky)

    assert scan(api, 30).leaks


def test_the_access_log_and_the_traces_have_nothing_that_a_client_sends() -> None:
    document = template.load()
    text, _ = document["Resources"]["HttpApi"]["Properties"]["AccessLogSettings"]["Format"]["Sub"]

    assert not [word for word in ("path", "query", "header", "body", "authorizer", "userAgent") if word in text.lower()]
    # X-Ray is off by default; with it, Lambda records durations, and nothing of ours adds to them.
    assert document["Parameters"]["Tracing"]["Default"] == "Disabled"
    sources = (template.PROJECT / "layers/shared/src").rglob("*.py")
    assert not [path for path in sources if "xray" in path.read_text(encoding="utf-8").lower()]
