"""A restore, rehearsed from end to end: data is made, destroyed, restored, verified and put into service."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest

from admin import restore
from local import settings
from paidline.management.verification import verify
from tests.deployment import stack
from tests.deployment.conftest import Deployed
from tests.support import paid_calls


class History:
    """A client of moto that can go back: moto restores what a table has now, so a backup stands in for the second."""

    def __init__(self, client: Any, tables: list[str]) -> None:
        self._client = client
        self._backups = {
            table: client.create_backup(TableName=table, BackupName="then")["BackupDetails"]["BackupArn"]
            for table in tables
        }

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def restore_table_to_point_in_time(self, **given: Any) -> None:
        """Restore what the table had when the backup was made."""
        assert given["RestoreDateTime"].tzinfo is not None
        self._client.restore_table_from_backup(
            TargetTableName=given["TargetTableName"], BackupArn=self._backups[given["SourceTableName"]]
        )


def test_destroyed_money_is_restored_verified_and_in_service_after_one_change_of_a_parameter(
    deployed: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    client: Any = boto3.client("dynamodb", stack.REGION)
    api = deployed.serve()
    api.request("calls_begin", maxSeconds="60")
    api.request("subtract_tokens_from_wallet", tokens="30", idempotencyKey="before")
    before = api.request("get_wallet_by_dialed_number_and_pin").body
    variables = deployed.variables()
    tables = restore.money_tables(variables)
    history = History(client, [name for name, _ in tables.values()])
    api.request("subtract_tokens_from_wallet", tokens="500")
    # Ended after the second to which is restored: there, it holds tokens.
    assert api.request("calls_end", callId=paid_calls.NEW, duration="60").reason is None
    for item in client.scan(TableName=variables["WALLETS_TABLE"])["Items"]:
        client.delete_item(
            TableName=variables["WALLETS_TABLE"], Key={key: item[key] for key in ("applicationId", "walletKey")}
        )
    api.forget()
    assert api.request("get_wallet_by_dialed_number_and_pin").reason == "unknown_pin"

    started = time.monotonic()
    restored = restore.restore(history, tables, "paidline-test-restored-1", datetime.now(UTC))
    found = verify(client, {**variables, **restored})
    deployed.create(RestoredTables="paidline-test-restored-1")
    took = time.monotonic() - started

    assert found.problems == []
    assert found.wallets > 0
    assert {name: deployed.variables()[name] for name in restored} == restored
    after = deployed.serve()
    assert after.request("get_wallet_by_dialed_number_and_pin").body == before
    replay = after.request("subtract_tokens_from_wallet", tokens="30", idempotencyKey="before")
    assert replay.headers["idempotency-hit"] == "true"
    # Its hold is charged and released, and not for ever on a wallet whose call has ended elsewhere.
    assert after.request("calls_end", callId=paid_calls.NEW, duration="60").json["tokensCharged"] == "90"
    assert verify(client, {**variables, **restored}).problems == []
    for name in restored.values():
        made = client.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
        assert made["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
        assert client.describe_table(TableName=name)["Table"]["DeletionProtectionEnabled"] is True
    expiry = client.describe_time_to_live(TableName=restored["IDEMPOTENCY_KEYS_TABLE"])["TimeToLiveDescription"]
    assert expiry["AttributeName"] == "expiresAt"
    with capsys.disabled():
        print(f"\nrestored, verified and in service after {took:.1f} s: {found.wallets} wallets, {found.tokens} tokens")


def test_a_restored_table_that_lost_an_entry_is_found(deployed: Deployed) -> None:
    client: Any = boto3.client("dynamodb", stack.REGION)
    variables = deployed.variables()
    tables = restore.money_tables(variables)
    history = History(client, [name for name, _ in tables.values()])
    restored = restore.restore(history, tables, "paidline-test-restored-2", datetime.now(UTC))
    entry = client.scan(TableName=restored["WALLET_LEDGER_TABLE"])["Items"][0]
    key = {name: entry[name] for name in ("walletId", "seq")}
    client.delete_item(TableName=restored["WALLET_LEDGER_TABLE"], Key=key)

    assert verify(client, {**variables, **restored}).problems


@pytest.mark.parametrize("text", ["yesterday", "2026-11-25T14:00:00", ""])
def test_a_second_that_is_not_one_second_is_refused(text: str) -> None:
    with pytest.raises(settings.SettingError, match="AT is"):
        restore.read_moment(text)


def test_the_tables_that_belong_together_are_restored_together() -> None:
    money = ("WALLETS_TABLE", "WALLET_LEDGER_TABLE", "IDEMPOTENCY_KEYS_TABLE", "CALLS_TABLE")
    every = {variable: variable for variable in money}

    assert restore.money_tables(every).keys() == every.keys()
