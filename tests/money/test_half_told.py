"""Movements whose store answers late, partly or with a conflict: what happens is chosen call by call."""

from __future__ import annotations

import pytest

from tests.support.scene import Scene
from tests.support.service import START, Service


@pytest.mark.parametrize("when", ["as soon as the conflict is told", "just before the next try"])
@pytest.mark.parametrize("key", [{}, {"idempotencyKey": "call-1"}], ids=["without a key", "with a key"])
def test_a_first_delivery_that_arrives_after_its_repeat_met_a_conflict_counts_once(
    service: Service, scene: Scene, key: dict[str, str], when: str
) -> None:
    scene.script.faults = ["delayed", "conflict"]
    if when == "just before the next try":
        scene.before[3] = lambda: scene.wire.deliver_late(0)
    else:
        scene.after[2] = lambda: scene.wire.deliver_late(0)
    answer = scene.send(**key)

    assert (answer.code, answer.tokens) == (20, START - 30)
    assert scene.transactions == 3
    assert len(service.entries()) == 1
    assert service.balance() == START - 30


def test_a_delivery_that_arrives_after_a_rival_took_its_number_is_void(service: Service, scene: Scene) -> None:
    scene.script.faults = ["delayed"]
    scene.before[2] = scene.rival
    answer = scene.send()
    scene.wire.deliver_late(0)

    assert (answer.code, answer.tokens) == (20, START - 31)
    assert [entry["amount"]["N"] for entry in service.entries()] == ["-1", "-30"]
    assert service.balance() == START - 31


@pytest.mark.parametrize("named", [0, 1], ids=["the wallet", "the entry"])
def test_an_own_earlier_delivery_is_found_though_the_store_names_only(
    service: Service, scene: Scene, named: int
) -> None:
    scene.script.picks = named
    scene.script.faults = ["answer_lost", "half_told"]
    answer = scene.send()

    assert (answer.code, answer.tokens) == (20, START - 30)
    assert len(service.entries()) == 1


@pytest.mark.parametrize("named", [0, 1], ids=["the wallet", "the entry"])
def test_a_rival_is_let_past_though_the_store_names_only(service: Service, scene: Scene, named: int) -> None:
    scene.script.picks = named
    scene.script.faults = ["half_told"]
    scene.before[1] = scene.rival
    answer = scene.send()

    assert (answer.code, answer.tokens) == (20, START - 31)
    assert scene.transactions == 2
    assert service.balance() == START - 31


def test_conflicts_pass(service: Service, scene: Scene) -> None:
    scene.script.faults = ["conflict", "conflict", "conflict"]

    assert scene.send().tokens == START - 30
    assert scene.transactions == 4


def test_conflicts_without_end_are_a_503_that_moved_nothing(
    service: Service, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.balance()
    monkeypatch.setattr("paidline.deadline.LAST_ATTEMPT_S", 0.5)
    scene.script.faults = ["conflict"] * 1000
    answer = scene.send()

    assert (answer.status, answer.code, answer.reason) == (503, 30, "contention")
    assert service.entries() == []


def test_a_wallet_that_goes_away_in_the_middle_is_unknown(service: Service, scene: Scene) -> None:
    def remove() -> None:
        (item,) = [item for item in service.items("WALLETS_TABLE") if item["walletId"]["S"] == "6254"]
        key = {name: item[name] for name in ("applicationId", "walletKey")}
        service.store.delete_item(TableName=service.tables["WALLETS_TABLE"], Key=key)

    scene.before[1] = remove
    answer = scene.send()

    assert (answer.status, answer.code, answer.reason) == (200, 30, "unknown_pin")
    assert service.entries() == []
