"""The docs page in a browser: it loads, requests are sent from it, and it fits screen, colours and keyboard."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page

from local import template

PHONE, DESK = (390, 844), (1280, 900)
# Where `make test-browser SCREENSHOTS=docs/images` keeps what the docs show.
SCREENSHOTS = os.environ.get("SCREENSHOTS")


SCREENS = {"phone-dark": (PHONE, "dark"), "desk-light": (DESK, "light")}
# What the page does, it does on every screen; the small one is where an answer might not fit.
ON_ONE_SCREEN = pytest.mark.parametrize(
    "loaded", list(SCREENS) if SCREENSHOTS else ["phone-dark"], indirect=True, scope="module"
)


@dataclass
class Loaded:
    """The page on a screen, with what the browser's console has complained about since it was opened."""

    page: Page
    width: int
    colours: str
    problems: list[str]


@pytest.fixture(scope="module", params=list(SCREENS))
def loaded(request: pytest.FixtureRequest, browser: Browser, gateway: str) -> Iterator[Loaded]:
    """The page, loaded once for each screen, because rendering it takes seconds."""
    (width, height), colours = SCREENS[request.param]
    opened = browser.new_page(
        viewport={"width": width, "height": height}, color_scheme="dark" if colours == "dark" else "light"
    )
    problems: list[str] = []
    opened.on(
        "console", lambda message: problems.append(message.text) if message.type in ("error", "warning") else None
    )
    opened.on("pageerror", lambda error: problems.append(str(error)))
    opened.on("requestfailed", lambda request: problems.append(request.url))
    opened.goto(f"{gateway}/")
    opened.wait_for_selector(".opblock")
    yield Loaded(opened, width, colours, problems)
    opened.close()


@pytest.fixture
def page(loaded: Loaded, base_url: str) -> Iterator[Page]:
    """The page with no operation opened, and the example data behind it."""
    yield loaded.page
    opened = loaded.page.locator(".opblock.is-open .opblock-summary-control")
    while opened.count():
        opened.first.click()


def operation(page: Page, name: str) -> Locator:
    return page.locator(f'[id$="-{name}"].opblock')


def answer(block: Locator, **changes: str) -> str:
    """Send the request that the page proposes, changed in the editor, and return the body that it shows."""
    block.locator(".opblock-summary-control").click()
    editor = block.locator("textarea.body-param__text")
    if changes:
        editor.fill(json.dumps({**json.loads(editor.input_value()), **changes}))
    block.locator(".execute").click()
    shown = block.locator(".live-responses-table .response-col_description pre").first
    shown.wait_for()
    return shown.inner_text()


def test_the_page_loads_without_an_error_shows_every_path_and_fits_screen_and_colours(
    page: Page, loaded: Loaded
) -> None:
    assert page.url.endswith("/docs")
    assert page.locator(".opblock").count() == len(template.read().routes)
    assert page.evaluate("document.documentElement.scrollWidth") <= loaded.width
    assert ("dark-mode" in (page.locator("html").get_attribute("class") or "")) == (loaded.colours == "dark")
    assert loaded.problems == []


@ON_ONE_SCREEN
def test_a_status_and_a_whole_paid_call_are_requested_from_the_page(page: Page, loaded: Loaded) -> None:
    user = json.loads(answer(operation(page, "getStatusByRef")))["user"]
    begun = json.loads(answer(operation(page, "callsBegin")))["call"]
    ended = json.loads(answer(operation(page, "callsEnd"), callId=begun["callId"]))

    assert (user["ref"], user["status"]) == ("000038", "online")
    assert (begun["ref"], begun["heldTokens"]) == ("000038", "1971")
    # 61 seconds at 90 tokens a minute.
    assert (ended["callSession"]["dialStatus"], ended["tokensCharged"], ended["tokens"]) == ("answer", "92", "1879")
    assert page.evaluate("document.documentElement.scrollWidth") <= loaded.width
    assert loaded.problems == []
    if SCREENSHOTS:
        operation(page, "getStatusByRef").locator(".live-responses-table").scroll_into_view_if_needed()
        page.screenshot(path=Path(SCREENSHOTS) / f"docs-page-{loaded.width}-{loaded.colours}.png")


@ON_ONE_SCREEN
def test_an_operation_shows_its_request_in_every_language_for_the_pages_own_address(
    page: Page, loaded: Loaded, gateway: str
) -> None:
    block = operation(page, "callsBegin")
    block.locator(".opblock-summary-control").click()
    samples = block.locator(".code-samples details")
    samples.filter(has_text="PHP").locator("summary").click()

    assert [summary.inner_text() for summary in samples.locator("summary").all()] == [
        "curl",
        "Python",
        "PHP",
        "Asterisk",
    ]
    assert f"'{gateway}/v1/calls/begin'" in samples.filter(has_text="PHP").locator("pre").inner_text()
    assert loaded.problems == []


@ON_ONE_SCREEN
def test_an_operation_offers_no_server_that_the_page_may_not_ask(page: Page) -> None:
    block = operation(page, "getStatusByRef")
    block.locator(".opblock-summary-control").click()
    block.locator(".execute").wait_for()

    assert "nme.mobi" not in block.inner_text()


@ON_ONE_SCREEN
def test_an_operation_opens_by_keyboard(page: Page) -> None:
    block = operation(page, "getStatusByRef")
    block.locator(".opblock-summary-control").focus()
    page.keyboard.press("Enter")

    block.locator(".execute").wait_for()


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/docs",
        "/docs/docs.js",
        "/docs/openapi.yaml",
        "/docs/no-such-file",
        "/wallboard",
        "/wallboard/wallboard.js",
    ],
)
def test_every_answer_of_the_page_has_a_policy_that_allows_no_other_host(gateway: str, path: str) -> None:
    connection = HTTPConnection(gateway.removeprefix("http://"))
    connection.request("GET", path)
    policy = connection.getresponse().headers["content-security-policy"]
    connection.close()

    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    assert "http" not in policy
