"""Verification compares what each open call holds with the ledger: right beside live traffic, and nothing is missed."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from typing import Any

import pytest

from paidline.management.verification import Problem, Verification, verify
from paidline.store.calls import CallState
from paidline.store.dynamodb import MAX_ATTEMPTS
from paidline.store.ledger import LedgerEntry
from paidline.store.wallets import Wallet
from tests.support import wire
from tests.support.api import Api
from tests.support.paid_calls import BALANCE, HELD, LIVE, PBX, live_call
from tests.support.scene import Scene
from tests.support.service import Service

BEGIN, END, SYNC, ADD = "calls_begin", "calls_end", "calls_sync", "add_tokens_to_wallet"


@pytest.fixture
def api(engine_api: Api, monkeypatch: pytest.MonkeyPatch) -> Api:
    """The example data and a live call, on the real engine; no call is too young to expire."""
    monkeypatch.setenv("CALL_SYNC_GRACE_S", "0")
    return engine_api


def verified(api: Api, wallet_id: str | None = None) -> Verification:
    return verify(api.store.client, os.environ, wallet_id)


def begin(api: Api, call_id: str) -> None:
    assert api.request(BEGIN, callId=call_id, maxSeconds=60).reason is None


def end(api: Api, call_id: str) -> None:
    assert api.request(END, callId=call_id, duration=1).reason is None


def expire(api: Api, call_id: str) -> None:
    assert api.request(SYNC, callIds=LIVE).json["expiredCalls"] == "1"


def begin_and_end(api: Api, call_id: str) -> None:
    begin(api, call_id)
    end(api, call_id)


def end_and_begin_another(api: Api, call_id: str) -> None:
    end(api, call_id)
    begin(api, f"{call_id}-2")
    assert api.request(ADD, tokens=1).reason is None


def key(call_id: str) -> dict[str, Any]:
    return {"callId": {"S": call_id}, "pbx": {"S": PBX}}


def remove(api: Api, call_id: str) -> None:
    api.store.client.delete_item(TableName=os.environ["CALLS_TABLE"], Key=key(call_id))


def test_open_calls_whose_holds_are_in_the_ledger_are_no_problem(api: Api) -> None:
    begin(api, "c")

    assert not verified(api).problems
    assert not verified(api, "6254").problems


@pytest.mark.parametrize(
    ("is_open_before", "rival"),
    [
        (False, begin),
        (True, end),
        (True, expire),
        (False, begin_and_end),
        (True, end_and_begin_another),
    ],
)
def test_whatever_calls_do_before_any_of_its_reads_is_no_problem(
    api: Api, is_open_before: bool, rival: Callable[[Api, str], None]
) -> None:
    read = 0
    while True:
        if is_open_before:
            begin(api, f"c{read}")
        acted = _act_before_read(api, read, partial(rival, api, f"c{read}"))
        if not acted:
            break
        for call in api.store.items("CALLS_TABLE"):
            if call["state"] == "open" and call["callId"] != LIVE:
                end(api, call["callId"])
        read += 1
    assert read >= 4


def _act_before_read(api: Api, number: int, act: Callable[[], object]) -> bool:
    """Verify while a rival acts before the read of this number, if there are so many."""
    reads = 0

    def before(**_: Any) -> None:
        nonlocal reads
        reads += 1
        if reads == number + 1:
            act()

    with wire.hooked("before-call.dynamodb", before, api.store.client):
        assert not verified(api, "6254").problems, f"before read {number}"
    return reads > number


@pytest.mark.parametrize("first", range(6))
def test_a_call_that_begins_and_ends_between_any_two_of_its_reads_is_no_problem(api: Api, first: int) -> None:
    for second in range(first + 1, 8):
        call_id = f"c{second}"
        _act_before_reads(api, {first: partial(begin, api, call_id), second: partial(end, api, call_id)})
        if api.store.item("CALLS_TABLE", callId=call_id)["state"] == "open":
            end(api, call_id)


def _act_before_reads(api: Api, acts: dict[int, Callable[[], object]]) -> None:
    """Verify while rivals act before the reads of these numbers; what is left acts afterwards."""
    reads = itertools.count()

    def before(**_: Any) -> None:
        acts.pop(next(reads), lambda: None)()

    with wire.hooked("before-call.dynamodb", before, api.store.client):
        assert not verified(api, "6254").problems
    for act in acts.values():
        act()


def test_the_same_id_on_another_pbx_is_another_call(api: Api) -> None:
    begin(api, "c")

    def rival(**_: Any) -> None:
        with ExitStack() as done:
            done.callback(api.store.client.meta.events.unregister, "before-call.dynamodb.Query", rival)
            agent = api.store.item("AGENTS_TABLE", ref="000968")["ref"]
            answer = api.request(BEGIN, callId="c", pbx="pbx2", ref=agent, maxSeconds=60)
            assert answer.reason is None

    api.store.client.meta.events.register("before-call.dynamodb.Query", rival)
    assert not verified(api).problems
    assert len([call for call in api.store.items("CALLS_TABLE") if call["callId"] == "c"]) == 2


def test_a_call_that_is_gone_though_the_wallet_holds_for_it_is_found(api: Api) -> None:
    remove(api, LIVE)

    expected = [Problem("6255", 2, f"call {LIVE} holds 0 tokens, but {HELD} according to the ledger")]
    assert verified(api).problems == verified(api, "6255").problems == expected
    assert not verified(api, "6254").problems


def test_a_call_that_is_closed_though_the_wallet_holds_for_it_is_found(api: Api) -> None:
    api.store.put("CALLS_TABLE", live_call()._replace(state=CallState.EXPIRED).to_item())

    assert [problem.text for problem in verified(api).problems] == [
        f"call {LIVE} holds 0 tokens, but {HELD} according to the ledger"
    ]


def test_a_call_that_holds_something_else_is_found(api: Api) -> None:
    api.store.change("CALLS_TABLE", key(LIVE), "held", {"N": "899"})

    assert [problem.text for problem in verified(api).problems] == [
        f"call {LIVE} holds 899 tokens, but {HELD} according to the ledger"
    ]


def test_a_call_that_holds_tokens_without_an_entry_is_found(api: Api) -> None:
    api.store.put("CALLS_TABLE", live_call()._replace(call_id="more", held=1).to_item())

    assert verified(api).problems == [Problem("6255", 0, "call more holds 1 tokens, but 0 according to the ledger")]


def test_calls_that_hold_the_right_sum_but_not_as_in_the_ledger_are_found(api: Api) -> None:
    api.store.change("CALLS_TABLE", key(LIVE), "held", {"N": str(HELD - 1)})
    api.store.put("CALLS_TABLE", live_call()._replace(call_id="more", held=1).to_item())

    assert len(verified(api).problems) == 1


def test_an_entry_that_holds_for_no_call_is_found(api: Api) -> None:
    (wallet, entry) = _hold(api, "", 1)

    assert verified(api).problems == [Problem("6255", entry.seq, "entry 3 changes what calls hold, but names none")]
    assert wallet.held == HELD + 1


def test_of_more_calls_than_fit_into_one_read_the_one_that_is_gone_is_found(api: Api) -> None:
    api.store.change("CALLS_TABLE", key(LIVE), "held", {"N": str(HELD)})
    seqs = {}
    for number in range(BALANCE - HELD):
        call_id = f"c{number}"
        seqs[call_id] = _hold(api, call_id, 1)[1].seq
        api.store.put("CALLS_TABLE", live_call()._replace(call_id=call_id, held=1).to_item())
    assert not verified(api).problems

    remove(api, "c77")
    assert verified(api).problems == [
        Problem("6255", seqs["c77"], "call c77 holds 0 tokens, but 1 according to the ledger")
    ]


def _hold(api: Api, call_id: str, tokens: int) -> tuple[Wallet, LedgerEntry]:
    """Let the live call's wallet hold more, with the entry that says so."""
    table = os.environ["WALLETS_TABLE"]
    where = {"applicationId": {"S": "1288"}, "walletKey": {"S": "pin#710001#710001"}}
    wallet = Wallet.from_item(api.store.client.get_item(TableName=table, Key=where, ConsistentRead=True)["Item"])
    entry = LedgerEntry(
        wallet_id=wallet.wallet_id,
        seq=wallet.seq + 1,
        amount=0,
        balance=wallet.tokens,
        time="2026-11-25T12:00:00.000000Z",
        source="calls_begin",
        key="",
        request_id=f"hold-{call_id}",
        previous_digest=wallet.digest,
        kind="hold",
        held=wallet.held + tokens,
        call_id=call_id,
    )
    after = wallet._replace(held=entry.held, seq=entry.seq, digest=entry.digest())
    api.store.put("WALLETS_TABLE", after.to_item())
    api.store.put("WALLET_LEDGER_TABLE", entry.to_item())
    return after, entry


def test_an_entry_that_becomes_visible_after_its_wallet_is_no_problem(service: Service, scene: Scene) -> None:
    scene.script.faults = ["delayed"] * MAX_ATTEMPTS
    scene.send()
    scene.arrive_late("WALLETS")

    def finish(**_: Any) -> None:
        scene.finish()

    # The isolated read waits for the transaction, which the engine of these tests cannot know of.
    with wire.hooked("before-call.dynamodb.TransactGetItems", finish, service.store):
        assert not verify(service.store, service.tables).problems
