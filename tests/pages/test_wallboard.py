"""The wallboard in a browser: who may see it, a hundred agents who change their status, and screens of every size."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from paidline import clock
from paidline.domain.types import AgentStatus
from paidline.store.agents import Agent
from tests.pages.test_docs_page import SCREENSHOTS
from tests.support import contract, golden, paid_calls
from tests.support.store import Store

WALL, PHONE = (1920, 1080), (390, 844)
# A busy machine may take longer to answer.
SOON_MS = 60_000
# The page's own times: it asks again, and calls an answer old.
REFRESH_MS, STALE_MS = 5_000, 20_000
# What the page does, it does on every screen.
ON_ONE_SCREEN = pytest.mark.parametrize("page", [(WALL, "dark")], ids=["wall-dark"], indirect=True)
STATUSES = list(AgentStatus)


def agent(number: int) -> Agent:
    return Agent(
        user_id=1000 + number,
        ref=f"{number:06}",
        status=STATUSES[number % 4],
        outbound_number="",
        line_sharing=False,
        last_log_id=0,
        tpm=90,
        last_status_change=clock.to_iso(clock.now() - timedelta(seconds=47 * number)),
    )


@pytest.fixture
def hundred(store: Store) -> Store:
    """A hundred agents, a quarter in each status, instead of the example's."""
    for item in store.items("AGENTS_TABLE"):
        store.client.delete_item(TableName="AgentsTable", Key={"refKey": {"S": item["refKey"]}})
    store.put_all("AGENTS_TABLE", [agent(number).to_item() for number in range(1, 101)])
    return store


@pytest.fixture
def problems() -> list[str]:
    """What the browser's console complained about."""
    return []


@pytest.fixture(params=[(WALL, "dark"), (PHONE, "light")], ids=["wall-dark", "phone-light"])
def page(request: pytest.FixtureRequest, browser: Browser, base_url: str, problems: list[str]) -> Iterator[Page]:
    (width, height), colours = request.param
    opened = browser.new_page(
        viewport={"width": width, "height": height}, color_scheme="dark" if colours == "dark" else "light"
    )
    opened.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    opened.on("pageerror", lambda error: problems.append(str(error)))
    # The page's time goes on by itself, and can be moved on.
    opened.clock.install()
    opened.goto(f"{base_url}/wallboard")
    yield opened
    opened.close()


def enter(page: Page, hash_: str) -> None:
    """Type a hash and send it, without a mouse."""
    page.keyboard.type(hash_)
    page.keyboard.press("Enter")


def begin(base_url: str, ref: str) -> None:
    """Begin a paid call at 90 tokens a minute."""
    _succeed(base_url, "calls_begin", callId=f"of-{ref}", ref=ref, maxSeconds=60)


def end(base_url: str, ref: str, seconds: int) -> None:
    """End a paid call that was answered."""
    _succeed(base_url, "calls_end", callId=f"of-{ref}", dialStatus="ANSWER", duration=seconds)


def _succeed(base_url: str, stem: str, **changes: Any) -> None:
    body = json.dumps(contract.changed(stem, **changes)).encode()
    reply = golden.post(base_url, contract.event(stem)["rawPath"], body, {"content-type": "application/json"})
    assert reply.json["status"] == 1, reply.reason


def count(page: Page, status: str) -> None:
    """Wait until the board shows as many agents in a status as it lists."""
    expect(page.locator(f"#agents .{status}")).to_have_count(int(page.locator(f"#{status}").inner_text()))


def test_a_hundred_agents_are_on_the_board_and_change_their_status_on_it(
    page: Page, hundred: Store, problems: list[str], base_url: str
) -> None:
    for case in golden.CASES:
        if case.stem in ("subtract_tokens_from_wallet", "calls_begin") and case.reason:
            golden.send(case, base_url)
    # The example's open call began years ago.
    old = {"callId": {"S": paid_calls.LIVE}, "pbx": {"S": paid_calls.PBX}}
    hundred.client.delete_item(TableName="CallsTable", Key=old)
    for ref in ("000004", "000008", "000012"):
        begin(base_url, ref)
    end(base_url, "000004", 40)
    end(base_url, "000008", 20)
    enter(page, contract.WALLBOARD_HASH)
    expect(page.locator("#agents li")).to_have_count(100, timeout=SOON_MS)
    for status, agents in {"online": 24, "inConversation": 26, "pause": 25, "offline": 25}.items():
        expect(page.locator(f"#{status}")).to_have_text(str(agents))
        count(page, status)
    expect(page.locator("#openCalls")).to_have_text("1")
    expect(page.locator("#callsToday")).to_have_text("2")
    expect(page.locator("#answered")).to_have_text("2 answered")
    expect(page.locator("#tokensToday")).to_have_text("90")
    before = int(paid_calls.REFUSALS["agent_unavailable"]["N"])
    refused = [case for case in golden.CASES if case.stem == "calls_begin" and case.reason == "agent_unavailable"]
    expect(page.locator("#reasons li", has_text="agent_unavailable")).to_contain_text(str(before + len(refused)))

    moved = [agent(number)._replace(status="pause") for number in range(1, 101) if number % 4 == 0]
    hundred.put_all(
        "AGENTS_TABLE", [one._replace(last_status_change=clock.to_iso(clock.now())).to_item() for one in moved]
    )
    page.clock.fast_forward(REFRESH_MS)
    expect(page.locator("#pause")).to_have_text("50", timeout=SOON_MS)
    expect(page.locator("#online")).to_have_text("0")
    count(page, "pause")
    assert page.locator("#agents li").count() == 100

    assert page.viewport_size
    width, height = page.viewport_size["width"], page.viewport_size["height"]
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    if (width, height) == WALL:
        assert page.evaluate("document.documentElement.scrollHeight") <= height, "a wall has nobody who scrolls"
    assert problems == []
    if SCREENSHOTS:
        page.screenshot(path=Path(SCREENSHOTS) / f"wallboard-{width}.png")
    hundred.put_all("AGENTS_TABLE", [agent(number).to_item() for number in range(101, 201)])
    page.clock.fast_forward(REFRESH_MS)
    expect(page.locator("#agents li")).to_have_count(200, timeout=SOON_MS)
    if (width, height) == WALL:
        assert page.evaluate("document.documentElement.scrollHeight") <= height, "nor with two hundred agents"


@ON_ONE_SCREEN
def test_the_time_in_a_status_goes_on_between_two_answers(page: Page, hundred: Store) -> None:
    enter(page, contract.WALLBOARD_HASH)
    shown = page.locator("#agents time").first
    expect(shown).not_to_be_empty(timeout=SOON_MS)
    before = shown.inner_text()
    page.route("**/v1/wallboard", lambda route: route.abort())
    page.clock.fast_forward(2_000)

    expect(shown).not_to_have_text(before, timeout=SOON_MS)


@ON_ONE_SCREEN
def test_totals_that_are_still_being_counted_are_not_shown_as_numbers(page: Page) -> None:
    def as_a_new_process(route: Route) -> None:
        answer = route.fetch()
        content = answer.json()
        content["board"] |= {"callsToday": "", "answeredToday": "", "tokensToday": ""}
        route.fulfill(response=answer, json=content)

    page.route("**/v1/wallboard", as_a_new_process)
    enter(page, contract.WALLBOARD_HASH)
    expect(page.locator("#answered")).to_have_text("counting…", timeout=SOON_MS)
    expect(page.locator("#callsToday")).to_have_text("…")
    expect(page.locator("#tokensToday")).to_have_text("…")
    expect(page.locator("#openCalls")).to_have_text("1")

    page.unroute("**/v1/wallboard")
    page.clock.fast_forward(REFRESH_MS)
    expect(page.locator("#answered")).to_have_text(re.compile("^[0-9]+ answered$"), timeout=SOON_MS)
    expect(page.locator("#callsToday")).to_have_text(re.compile("^[0-9]+$"))


@ON_ONE_SCREEN
def test_a_hash_of_another_scope_opens_nothing_and_is_forgotten(page: Page, problems: list[str]) -> None:
    enter(page, contract.AGENTS_HASH)

    expect(page.locator("#refused")).to_have_text("This hash is not valid for the wallboard.", timeout=SOON_MS)
    expect(page.locator("#board")).to_be_hidden()
    expect(page.locator("#hash")).to_have_value("")
    assert page.evaluate("localStorage.length") == 0
    assert problems == []


@ON_ONE_SCREEN
def test_a_board_without_answers_says_since_when(page: Page) -> None:
    enter(page, contract.WALLBOARD_HASH)
    expect(page.locator("#board")).to_be_visible(timeout=SOON_MS)
    page.route("**/v1/wallboard", lambda route: route.abort())
    page.clock.fast_forward(STALE_MS)

    expect(page.locator("#problem")).to_have_text(
        re.compile("The service is not responding. Last update 00:2. ago."), timeout=SOON_MS
    )


UNAVAILABLE = {"status": 503, "json": {"status": 0, "message": "failed", "code": 30}}
TOO_MANY = {"status": 429, "json": {"message": "Too Many Requests"}}
ELSEWHERE = {
    "json": {"status": 0, "message": "unauthorized", "code": 40},
    "headers": {"x-error-reason": "source_not_allowed"},
}


@ON_ONE_SCREEN
@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (None, "The service is not responding. Retrying…"),
        (UNAVAILABLE, "The service is not responding. Retrying…"),
        (TOO_MANY, "The service is not responding. Retrying…"),
        (ELSEWHERE, "This hash may not be used from this network. Retrying…"),
    ],
    ids=["none", "503", "429", "source_not_allowed"],
)
def test_a_screen_that_starts_without_a_board_says_why_and_shows_it_as_soon_as_it_can(
    page: Page, answer: dict[str, Any] | None, said: str
) -> None:
    def fail(route: Route) -> None:
        if answer is None:
            route.abort()
        else:
            route.fulfill(**answer)

    enter(page, contract.WALLBOARD_HASH)
    expect(page.locator("#board")).to_be_visible(timeout=SOON_MS)
    page.route("**/v1/wallboard", fail)
    page.reload()
    expect(page.locator("#waiting")).to_have_text(said, timeout=SOON_MS)
    expect(page.locator("#board")).to_be_hidden()

    page.unroute("**/v1/wallboard")
    page.clock.fast_forward(REFRESH_MS)
    expect(page.locator("#board")).to_be_visible(timeout=SOON_MS)
    expect(page.locator("#waiting")).to_be_empty()


@ON_ONE_SCREEN
def test_a_form_that_is_sent_twice_polls_no_more_often(page: Page) -> None:
    held: list[Route] = []
    page.route("**/v1/wallboard", lambda route: held.append(route))
    with page.expect_request("**/v1/wallboard"):
        enter(page, contract.WALLBOARD_HASH)
    with page.expect_request("**/v1/wallboard"):
        page.keyboard.press("Enter")
    for route in held:
        route.continue_()
    expect(page.locator("#board")).to_be_visible(timeout=SOON_MS)
    del held[:]
    page.clock.fast_forward(REFRESH_MS)
    expect(page.locator("#problem")).to_be_empty()

    assert len(held) == 1


@ON_ONE_SCREEN
def test_a_hash_that_is_forgotten_while_a_request_fails_is_not_asked_with_again(page: Page) -> None:
    enter(page, contract.WALLBOARD_HASH)
    expect(page.locator("#board")).to_be_visible(timeout=SOON_MS)
    held: list[Route] = []
    page.route("**/v1/wallboard", lambda route: held.append(route))
    with page.expect_request("**/v1/wallboard"):
        page.clock.fast_forward(REFRESH_MS)
    page.locator("#leave").click()
    page.keyboard.type("abc")
    held.pop().abort()
    page.clock.fast_forward(REFRESH_MS)

    expect(page.locator("#hash")).to_have_value("abc")
    expect(page.locator("#refused")).to_be_empty()
    assert held == []


@ON_ONE_SCREEN
def test_a_screen_that_restarts_shows_the_board_again_until_it_is_told_to_forget_the_hash(page: Page) -> None:
    enter(page, contract.WALLBOARD_HASH)
    expect(page.locator("#board")).to_be_visible(timeout=SOON_MS)
    page.reload()
    expect(page.locator("#board")).to_be_visible(timeout=SOON_MS)
    page.locator("#leave").click()
    page.reload()

    expect(page.locator("#enter")).to_be_visible()
    assert page.evaluate("localStorage.length") == 0
