"""The docs page in a browser: it loads, requests are sent from it, and it fits screen, colours and keyboard."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page

from local import template

PHONE, DESK = (390, 844), (1280, 900)
# Where `make test-browser SCREENSHOTS=docs/images` keeps what the docs show.
SCREENSHOTS = os.environ.get("SCREENSHOTS")


@pytest.fixture
def problems() -> list[str]:
    """What the browser's console complained about."""
    return []


@pytest.fixture(params=[(PHONE, "dark"), (DESK, "light")], ids=["phone-dark", "desk-light"])
def screen(request: pytest.FixtureRequest) -> tuple[tuple[int, int], str]:
    """The size of the screen, and the colours that the system asks for."""
    found: tuple[tuple[int, int], str] = request.param
    return found


@pytest.fixture
def size(screen: tuple[tuple[int, int], str]) -> tuple[int, int]:
    return screen[0]


@pytest.fixture
def colours(screen: tuple[tuple[int, int], str]) -> str:
    return screen[1]


@pytest.fixture
def page(browser: Browser, base_url: str, size: tuple[int, int], colours: str, problems: list[str]) -> Iterator[Page]:
    width, height = size
    opened = browser.new_page(
        viewport={"width": width, "height": height}, color_scheme="dark" if colours == "dark" else "light"
    )
    opened.on(
        "console", lambda message: problems.append(message.text) if message.type in ("error", "warning") else None
    )
    opened.on("pageerror", lambda error: problems.append(str(error)))
    opened.on("requestfailed", lambda request: problems.append(request.url))
    opened.goto(f"{base_url}/")
    opened.wait_for_selector(".opblock")
    yield opened
    opened.close()


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


def test_the_page_loads_without_an_error_shows_every_path_and_fits_the_screen(
    page: Page, problems: list[str], size: tuple[int, int]
) -> None:
    assert page.url.endswith("/docs")
    assert page.locator(".opblock").count() == len(template.read().routes)
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    assert problems == []


def test_a_status_and_a_whole_paid_call_are_requested_from_the_page(
    page: Page, problems: list[str], size: tuple[int, int], colours: str
) -> None:
    user = json.loads(answer(operation(page, "getStatusByRef")))["user"]
    begun = json.loads(answer(operation(page, "callsBegin")))["call"]
    ended = json.loads(answer(operation(page, "callsEnd"), callId=begun["callId"]))

    assert (user["ref"], user["status"]) == ("000038", "online")
    assert (begun["ref"], begun["heldTokens"]) == ("000038", "1971")
    # 61 seconds at 90 tokens a minute.
    assert (ended["callSession"]["dialStatus"], ended["tokensCharged"], ended["tokens"]) == ("answer", "92", "1879")
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    assert problems == []
    if SCREENSHOTS:
        operation(page, "getStatusByRef").locator(".live-responses-table").scroll_into_view_if_needed()
        page.screenshot(path=Path(SCREENSHOTS) / f"docs-page-{size[0]}-{colours}.png")


def test_the_page_has_the_colours_that_the_system_asks_for(page: Page, colours: str) -> None:
    assert ("dark-mode" in (page.locator("html").get_attribute("class") or "")) == (colours == "dark")


def test_an_operation_shows_its_request_in_every_language(page: Page, problems: list[str]) -> None:
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
    assert "/v1/calls/begin" in samples.filter(has_text="PHP").locator("pre").inner_text()
    assert problems == []


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
def test_every_answer_of_the_page_has_a_policy_that_allows_no_other_host(
    browser: Browser, base_url: str, path: str
) -> None:
    page = browser.new_page()
    reply = page.request.get(f"{base_url}{path}", max_redirects=0)
    page.close()
    policy = reply.headers["content-security-policy"]

    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    assert "http" not in policy
