"""The scheduled verification: what it reads, logs and counts, and that its policy allows exactly its calls."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from local import template
from local.gateway import context, load_handler
from tests.support.service import ADD, SUBTRACT, Service


def _run() -> dict[str, object]:
    function = next(one.function for one in template.read().schedules if one.function.stem == "verify_ledgers")
    return load_handler(function)({}, context(function))


def test_ledgers_that_add_up_are_counted_as_no_problem(service: Service, logged: Callable[[], str]) -> None:
    service.send(ADD, tokens=10)
    service.send(SUBTRACT, tokens=10)
    logged()

    assert _run() == {"wallets": 2, "entries": 4, "problems": 0}
    (line,) = [json.loads(line) for line in logged().splitlines()]
    assert line["LedgerProblems"] == [0.0]


def test_a_changed_entry_is_logged_with_its_wallet_and_counted(service: Service, logged: Callable[[], str]) -> None:
    service.send(ADD, tokens=10)
    key = {"walletId": {"S": "6254"}, "seq": {"N": "2"}}
    service.store.delete_item(TableName=service.tables["WALLET_LEDGER_TABLE"], Key=key)
    logged()

    assert _run()["problems"] == 1
    problem, counted = [json.loads(line) for line in logged().splitlines()]
    assert problem["problem"] == "wallet 6254: entry 2 is missing"
    assert counted["LedgerProblems"] == [1.0]
    assert "31612345678" not in json.dumps([problem, counted])


@pytest.mark.parametrize("table", ["WalletsTable", "WalletLedgerTable", "CallsTable", "PbxsTable"])
def test_it_may_only_read(table: str) -> None:
    function = template.load()["Resources"]["VerifyLedgers"]["Properties"]
    (statements,) = [policy["Statement"] for policy in function["Policies"]]
    actions = {_own(statement["Resource"])["GetAtt"]: statement["Action"] for statement in statements}

    allowed = actions[f"{table}.Arn"]
    assert (
        {allowed}
        if isinstance(allowed, str)
        else set(allowed)
        <= {
            "dynamodb:Scan",
            "dynamodb:Query",
            "dynamodb:GetItem",
        }
    )
    assert len(statements) == 4


def _own(resource: dict[str, Any]) -> dict[str, Any]:
    """The stack's own table, where a restored one may take its place."""
    own: dict[str, Any] = resource["If"][2] if "If" in resource else resource
    return own
