"""A transaction whose items become visible one after the other: whatever a request sees of it, it counts once.

The first delivery is late, the SDK's next one meets a conflict, and while the service tries again the first one is
decided by the store and written item by item.
"""

from __future__ import annotations

import pytest

from paidline import deadline
from paidline.store.dynamodb import MAX_ATTEMPTS
from tests.support.scene import Scene
from tests.support.service import SESSION, START, SUBTRACT, UPDATE, UPDATE_LINE, Service

WALLET, ENTRY, KEY, CALL = "WALLETS", "WALLET_LEDGER", "IDEMPOTENCY_KEYS", "CALL_SESSIONS"
AGENT, ROW = "AGENTS", "STATUS_LOG"
KEYED = {"idempotencyKey": "call-1"}


@pytest.mark.parametrize("tokens", [30, START], ids=["some of the tokens", "all of the tokens"])
@pytest.mark.parametrize("seen", [(), (WALLET,), (ENTRY,)], ids=str)
def test_a_debit_without_a_key_counts_once_whatever_is_seen_of_its_first_delivery(
    service: Service, scene: Scene, seen: tuple[str, ...], tokens: int
) -> None:
    scene.script.faults = ["delayed", "conflict"]
    scene.before[3] = lambda: scene.arrive_late(*seen)
    scene.before[4] = scene.before_read[2] = scene.finish
    answer = scene.send(tokens=tokens)
    scene.finish()

    assert (answer.code, answer.tokens) == (20, START - tokens)
    assert len(service.entries()) == 1
    assert service.balance() == START - tokens


@pytest.mark.parametrize(
    "seen", [(), (WALLET,), (ENTRY,), (KEY,), (WALLET, ENTRY), (WALLET, KEY), (ENTRY, KEY)], ids=str
)
def test_a_debit_with_a_key_counts_once_whatever_is_seen_of_its_first_delivery(
    service: Service, scene: Scene, seen: tuple[str, ...]
) -> None:
    scene.script.faults = ["delayed", "conflict"]
    scene.before[3] = lambda: scene.arrive_late(*seen)
    scene.before[4] = scene.before_read[2] = scene.finish
    answer = scene.send(tokens=START, **KEYED)
    scene.finish()

    assert (answer.code, answer.tokens) == (20, 0)
    assert len(service.entries()) == 1
    assert service.balance() == 0


@pytest.mark.parametrize(
    "seen", [(), (WALLET,), (ENTRY,), (KEY,), (WALLET, ENTRY), (WALLET, KEY), (ENTRY, KEY)], ids=str
)
def test_a_key_that_is_sent_again_gets_the_first_answer_whatever_is_seen_of_its_first_delivery(
    service: Service, scene: Scene, seen: tuple[str, ...]
) -> None:
    scene.script.faults = ["delayed"] * MAX_ATTEMPTS
    lost = scene.send(tokens=START, **KEYED)
    scene.arrive_late(*seen)
    scene.before[MAX_ATTEMPTS + 2] = scene.before_read[2] = scene.finish
    again = scene.send(tokens=START, **KEYED)
    scene.finish()

    assert lost.status == 503
    assert (again.code, again.is_hit, again.tokens) == (20, True, 0)
    assert len(service.entries()) == 1


def test_a_key_whose_effect_is_still_being_written_when_the_time_is_up_is_a_503(
    service: Service, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.script.faults = ["delayed"] * MAX_ATTEMPTS
    scene.send(tokens=START, **KEYED)
    scene.arrive_late(WALLET, ENTRY)
    monkeypatch.setattr(deadline, "LAST_ATTEMPT_S", 0.3)
    unknown = scene.send(tokens=START, **KEYED)
    scene.finish()

    assert (unknown.status, unknown.code, unknown.reason) == (503, 30, "contention")
    assert service.send(SUBTRACT, tokens=START, **KEYED).is_hit
    assert len(service.entries()) == 1


@pytest.mark.parametrize("seen", [(), (WALLET,), (ENTRY,)], ids=str)
def test_a_rivals_debit_is_let_past_whatever_is_seen_of_it(
    service: Service, scene: Scene, seen: tuple[str, ...]
) -> None:
    scene.script.faults = ["delayed"] * MAX_ATTEMPTS
    scene.send(tokens=1)
    # The request reads the wallet, then the rival's transaction is decided.
    scene.before[MAX_ATTEMPTS + 1] = lambda: scene.arrive_late(*seen)
    scene.before[MAX_ATTEMPTS + 2] = scene.before_read[2] = scene.finish
    answer = scene.send()

    assert (answer.code, answer.tokens) == (20, START - 31)
    assert [entry["amount"]["N"] for entry in service.entries()] == ["-1", "-30"]


@pytest.mark.parametrize("seen", [(), (CALL,), (KEY,)], ids=str)
def test_a_call_session_is_recorded_once_whatever_is_seen_of_its_first_delivery(
    service: Service, scene: Scene, seen: tuple[str, ...]
) -> None:
    scene.script.faults = ["delayed", "conflict"]
    scene.before[3] = lambda: scene.arrive_late(*seen)
    scene.before[4] = scene.before_read[2] = scene.finish
    answer = scene.send(SESSION, **KEYED)
    scene.finish()

    (session,) = service.items("CALL_SESSIONS_TABLE")
    assert (answer.code, answer.json["callSession"]["id"]) == (403, session["id"]["N"])


@pytest.mark.parametrize("seen", [(), (AGENT,), (ROW,)], ids=str)
def test_a_status_is_logged_once_whatever_is_seen_of_its_first_delivery(
    service: Service, scene: Scene, seen: tuple[str, ...]
) -> None:
    scene.script.faults = ["delayed", "conflict"]
    scene.before[3] = lambda: scene.arrive_late(*seen)
    scene.before[4] = scene.finish
    answer = scene.send(UPDATE)
    scene.finish()

    assert answer.json["user"]["status"] == "pause"
    assert len(service.items("STATUS_LOG_TABLE")) == 1


def test_a_status_is_logged_once_though_a_rival_sets_another_while_its_row_is_being_written(
    service: Service, scene: Scene
) -> None:
    scene.script.faults = ["delayed", "conflict"]

    def overtake() -> None:
        scene.arrive_late(AGENT)
        scene.rival(UPDATE, status="offline")

    scene.before[3] = overtake
    scene.before[4] = scene.finish
    answer = scene.send(UPDATE)
    scene.finish()

    assert answer.json["user"]["status"] == "pause"
    assert sorted(row["status"]["S"] for row in service.items("STATUS_LOG_TABLE")) == ["offline", "pause"]
    assert {agent["status"]["S"] for agent in service.items("AGENTS_TABLE")} == {"offline"}


def test_a_status_is_logged_once_though_the_store_names_only_the_agent(service: Service, scene: Scene) -> None:
    scene.script.faults = ["answer_lost", "half_told"]
    answer = scene.send(UPDATE)

    assert answer.code == 20
    assert len(service.items("STATUS_LOG_TABLE")) == 1


@pytest.mark.parametrize("seen", [(), (AGENT,), (ROW,)], ids=str)
def test_the_statuses_of_a_line_are_logged_once_whatever_is_seen_of_their_first_delivery(
    service: Service, scene: Scene, seen: tuple[str, ...]
) -> None:
    scene.script.faults = ["delayed", "conflict"]
    scene.before[3] = lambda: scene.arrive_late(*seen)
    scene.before[4] = scene.finish
    answer = scene.send(UPDATE_LINE)
    scene.finish()

    assert answer.code == 20
    assert len(service.items("STATUS_LOG_TABLE")) == 2
