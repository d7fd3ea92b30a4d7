"""Within one process the movements of a wallet queue up; nobody waits longer than a caller does."""

from __future__ import annotations

import threading
import time
from contextlib import suppress

import pytest

from paidline.domain import fair_lock
from paidline.domain.fair_lock import FairLock
from paidline.errors import StoreUnavailable
from paidline.store.dynamodb import dynamodb
from tests.support.service import LINE, START, SUBTRACT, Service


def test_a_free_turn_is_taken_at_once_and_given_back_at_the_end() -> None:
    for _ in range(2):
        with FairLock("6254") as turn:
            assert turn.acquire(0) is False


def test_a_turn_that_does_not_come_in_time_is_a_fault_of_ours_and_not_given_back_by_who_never_had_it() -> None:
    with FairLock("6254") as first:
        first.acquire(0)
        with pytest.raises(StoreUnavailable, match="contention"), FairLock("6254") as second:
            second.acquire(0.01)
        with pytest.raises(StoreUnavailable), FairLock("6254") as third:
            third.acquire(-1)


def test_turns_go_to_who_has_waited_longest_and_past_who_has_given_up() -> None:
    order: list[int] = []
    queued: list[threading.Thread] = []

    def take(number: int, longest_s: float) -> None:
        with suppress(StoreUnavailable), FairLock("6254") as turn:
            turn.acquire(longest_s)
            order.append(number)

    with FairLock("6254") as first:
        first.acquire(0)
        for number in range(4):
            thread = threading.Thread(target=take, args=(number, 0.01 if number == 1 else 60))
            thread.start()
            queued.append(thread)
            _wait_until_queued_or_gone(thread, number)
        queued[1].join()
    for thread in queued:
        thread.join()

    assert order == [0, 2, 3]


def _wait_until_queued_or_gone(thread: threading.Thread, number: int) -> None:
    queue = fair_lock._LOCKS[hash("6254") % len(fair_lock._LOCKS)]
    while thread.is_alive() and len(queue._waiting) < max(1, number):
        time.sleep(0.001)


@pytest.mark.parametrize(
    ("stem", "read"), [("update_status_by_ref", "GetItem"), ("update_status_by_line_sharing", "Query")]
)
def test_a_status_that_had_to_wait_is_read_again_before_it_is_written(
    service: Service, monkeypatch: pytest.MonkeyPatch, stem: str, read: str
) -> None:
    body = {"status": "pause", "ref": "38", "outboundNumber": LINE}
    service.send(stem, **body)
    monkeypatch.setattr(FairLock, "acquire", lambda *_: True)
    calls: list[str] = []
    dynamodb().meta.events.register("before-call.dynamodb", lambda model, **_: calls.append(model.name))
    answer = service.send(stem, **body)

    assert answer.code == 20
    assert calls == [read, read, "TransactWriteItems"]


def test_a_request_that_had_to_wait_reads_the_wallet_again_before_it_writes(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    wait = FairLock.acquire

    def rival_first(lock: FairLock, longest_s: float) -> bool:
        monkeypatch.setattr(FairLock, "acquire", wait)
        service.send(SUBTRACT)
        return True

    service.send(SUBTRACT, tokens=1)
    monkeypatch.setattr(FairLock, "acquire", rival_first)
    calls: list[str] = []
    dynamodb().meta.events.register("before-call.dynamodb", lambda model, **_: calls.append(model.name))
    answer = service.send(SUBTRACT)

    assert answer.tokens == START - 1 - 30 - 30
    assert calls == ["Query", "Query", "TransactWriteItems", "Query", "TransactWriteItems"]
