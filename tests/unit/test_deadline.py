"""A request's deadline: whatever the store does, no write is sent after 3 seconds and every answer has left after 4."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable
from typing import Any

import pytest

from local import template
from paidline import deadline
from paidline.store.dynamodb import dynamodb
from tests.support import contract, slow, wire
from tests.support.api import Api, Context

# What is promised, in seconds after the handler's first line.
LAST_WRITE, LAST_ANSWER = 3.0, 4.0

ADD, SUBTRACT, SESSION = "add_tokens_to_wallet", "subtract_tokens_from_wallet", "session_call_create_by_ref"
WRITERS = (ADD, SUBTRACT, SESSION, "update_status_by_ref", "update_status_by_line_sharing", "calls_begin", "calls_end")
# The documented requests, and those that look further after a refusal: for their key, and for an entry of their own.
REQUESTS: list[tuple[str, dict[str, Any]]] = [
    *((stem, {"tokens": "1"} if stem in (ADD, SUBTRACT) else {}) for stem in contract.STEMS),
    *((stem, {"idempotencyKey": "used"}) for stem in (ADD, SUBTRACT, SESSION)),
    (SUBTRACT, {"idempotencyKey": "new", "tokens": "999999"}),
]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch, logged: Callable[[], str]) -> slow.Clock:
    return slow.Clock(monkeypatch)


def names_of_calls(api: Api, stem: str, changes: dict[str, Any]) -> list[str]:
    api.forget()
    with wire.recorded() as calls:
        api.request(stem, **changes)
    return list(dict.fromkeys(slow.name(call.operation, call.content) for call in calls))


@pytest.mark.parametrize(
    ("stem", "changes"), REQUESTS, ids=lambda value: value if isinstance(value, str) else str(value)
)
def test_no_write_is_sent_after_three_seconds_and_every_answer_has_left_after_four(
    api: Api, clock: slow.Clock, stem: str, changes: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    names = ("", *names_of_calls(api, stem, changes))
    # The first request of a process, and one that knows the caller and the service number.
    cells = [(call, kind, is_first) for call in names for kind in slow.KINDS for is_first in (True, False)]
    latest_write = latest_answer = 0.0
    for call, kind, is_first in cells:
        if is_first:
            api.forget()
        store = slow.Store(clock)
        started = clock.now
        with slow.calls(getattr(store, kind), call):
            answer = api.request(stem, **changes)
        latest_write = max(latest_write, *(sent - started for sent in store.writes_sent), 0.0)
        latest_answer = max(latest_answer, clock.now - started)
        assert answer.status in (200, 503), (call, kind)
    with capsys.disabled():
        print(
            f"\n{stem} {changes}: {len(cells)} cells, latest write {latest_write:.2f} s, answer {latest_answer:.2f} s"
        )

    assert latest_write <= LAST_WRITE
    assert latest_answer <= LAST_ANSWER


@pytest.mark.parametrize("stem", contract.STEMS)
@pytest.mark.parametrize("kind", ["unanswered", "one_of_each"])
def test_a_request_whose_time_is_up_says_so(api: Api, clock: slow.Clock, stem: str, kind: str) -> None:
    with slow.calls(getattr(slow.Store(clock), kind)):
        answer = api.request(stem)

    assert (answer.status, answer.code, answer.reason) == (503, 30, "deadline_exceeded")


def test_a_store_that_refuses_at_once_is_asked_six_times_in_about_a_second(api: Api, clock: slow.Clock) -> None:
    started = clock.now
    with slow.calls(slow.Store(clock).throttled), wire.recorded() as tries:
        answer = api.request(SUBTRACT)

    assert (answer.status, answer.reason) == (503, "store_unavailable")
    assert len(tries) == 6
    assert clock.now - started < deadline.LAST_ATTEMPT_S


@pytest.mark.parametrize("stem", WRITERS)
def test_rivals_that_always_come_first_are_a_503_with_a_reason_of_its_own(
    engine_api: Api, clock: slow.Clock, stem: str
) -> None:
    # On the real engine: moto writes what is refused here.
    reasons = [{"Code": "TransactionConflict", "Message": "made up"}, {"Code": "None"}]
    with wire.refusing(400, "TransactionCanceledException", operation=slow.TRANSACTION, CancellationReasons=reasons):
        answer = engine_api.request(stem)

    assert (answer.status, answer.reason) == (503, "contention")


@pytest.mark.parametrize("stem", WRITERS)
def test_a_request_that_lost_a_race_says_so_though_its_time_ends_before_the_next_call_and_not_in_a_pause(
    engine_api: Api, clock: slow.Clock, stem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    reasons = [{"Code": "TransactionConflict", "Message": "made up"}, {"Code": "None"}]
    pause = deadline.pause

    def pause_and_work_until_the_deadline(*given: Any) -> None:
        pause(*given)
        clock.advance(deadline.LAST_ATTEMPT_S)

    monkeypatch.setattr(deadline, "pause", pause_and_work_until_the_deadline)
    with wire.refusing(400, "TransactionCanceledException", operation=slow.TRANSACTION, CancellationReasons=reasons):
        answer = engine_api.request(stem)

    assert (answer.status, answer.reason) == (503, "contention")


def test_a_request_that_lost_a_race_and_then_got_no_answer_says_that_the_store_was_too_slow(
    api: Api, clock: slow.Clock
) -> None:
    store = slow.Store(clock)
    fates = itertools.chain([store.lost_race], itertools.repeat(store.unanswered))
    with slow.calls(lambda request, operation: next(fates)(request, operation), slow.TRANSACTION):
        answer = api.request(SUBTRACT)

    assert (answer.status, answer.reason) == (503, "deadline_exceeded")


def test_the_next_request_does_not_inherit_a_lost_race(api: Api, clock: slow.Clock) -> None:
    store = slow.Store(clock)
    with slow.calls(store.lost_race, slow.TRANSACTION):
        assert api.request(SUBTRACT).reason == "contention"
    api.forget()
    with slow.calls(store.slow):
        assert api.request(SUBTRACT).reason == "deadline_exceeded"


@pytest.mark.parametrize("stem", WRITERS)
@pytest.mark.parametrize("kind", ["unanswered", "throttled"])
def test_a_write_that_is_sent_again_is_the_same_to_the_letter(
    api: Api, clock: slow.Clock, stem: str, kind: str
) -> None:
    sent: list[dict[str, Any]] = []
    with slow.calls(getattr(slow.Store(clock), kind), slow.TRANSACTION), wire.recorded() as tries:
        api.request(stem)
    sent = [call.content for call in tries if call.operation == slow.TRANSACTION]

    assert len(sent) > 1
    assert all(again == sent[0] for again in sent)


@pytest.mark.parametrize(("remaining_ms", "writes"), [(10_000, True), (1_000, False), (0, False)])
def test_a_function_that_lambda_would_end_before_the_answer_does_not_begin_a_write(
    api: Api, clock: slow.Clock, remaining_ms: int, writes: bool
) -> None:
    with wire.recorded() as calls:
        response = api.handlers[SUBTRACT](contract.event(SUBTRACT), Context(remaining_ms=remaining_ms))

    assert any(call.operation == slow.TRANSACTION for call in calls) == writes
    assert response["statusCode"] == (200 if writes else 503)


def test_what_lambda_leaves_shortens_the_time(clock: slow.Clock) -> None:
    with deadline.start(3_000):
        assert deadline.remaining_s() == pytest.approx(3 - deadline.LAST_RESPONSE_S + deadline.LAST_ATTEMPT_S)
    with deadline.start(25_000):
        assert deadline.remaining_s() == pytest.approx(deadline.LAST_ATTEMPT_S)


def test_a_command_of_an_operator_may_take_longer_if_lambda_leaves_it_the_time(clock: slow.Clock) -> None:
    with deadline.start(30_000, 20.0):
        assert deadline.remaining_s() == pytest.approx(20.0)
    with deadline.start(10_000, 20.0):
        assert deadline.remaining_s() == pytest.approx(10.0 - (deadline.LAST_RESPONSE_S - deadline.LAST_ATTEMPT_S))


def test_the_next_request_has_its_time_to_itself_and_without_a_request_there_is_no_limit(
    api: Api, clock: slow.Clock
) -> None:
    with slow.calls(slow.Store(clock).unanswered):
        api.request(SUBTRACT)

    assert api.request(SUBTRACT).reason is None
    assert deadline.remaining_s() == math.inf


def test_the_numbers_keep_the_promise_with_a_tenth_of_a_second_to_spare() -> None:
    last_send = deadline.LAST_ATTEMPT_S + 2 * deadline.CONNECT_S

    assert (deadline.LAST_WRITE_S, deadline.LAST_RESPONSE_S) == (LAST_WRITE, LAST_ANSWER)
    assert last_send <= LAST_WRITE - 0.1
    assert last_send + deadline.READ_S <= LAST_ANSWER - 0.1


def test_the_client_has_these_time_outs_and_does_not_try_again_by_itself(api: Api) -> None:
    config: Any = dynamodb().meta.config

    assert (config.connect_timeout, config.read_timeout) == (deadline.CONNECT_S, deadline.READ_S)
    assert config.retries["total_max_attempts"] == 1


def test_every_call_of_the_store_keeps_the_deadline() -> None:
    sources = "\n".join(path.read_text() for path in (template.PROJECT / "layers").glob("shared/src/paidline/**/*.py"))

    assert not re.findall(r"client\(\)\.\w+\(", sources)
