"""The embedded engine and the tables in it."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from local import engine, tables, template
from local.engine import Engine
from local.find_engine import EngineError


@pytest.fixture(scope="module")
def running() -> Iterator[Engine]:
    """An engine in memory, for this module."""
    with engine.start() as started:
        yield started


def prefixed_template() -> template.Template:
    return template.read(table_prefix=f"{uuid.uuid4().hex}-")


def test_every_table_of_the_template_is_created_with_its_indexes_and_expiry(running: Engine) -> None:
    service = prefixed_template()
    client = running.client()
    was_missing = tables.create(client, service.tables)
    described = {table.logical_id: client.describe_table(TableName=table.name)["Table"] for table in service.tables}
    keys = next(table for table in service.tables if table.ttl_attribute)
    expiry = client.describe_time_to_live(TableName=keys.name)["TimeToLiveDescription"]

    assert was_missing
    assert {table["TableStatus"] for table in described.values()} == {"ACTIVE"}
    assert [index["IndexName"] for index in described["AgentsTable"]["GlobalSecondaryIndexes"]] == ["line"]
    assert [index["IndexName"] for index in described["StatusLogTable"]["LocalSecondaryIndexes"]] == ["status"]
    assert expiry["AttributeName"] == keys.ttl_attribute


def test_tables_that_are_there_are_left_as_they_are(running: Engine) -> None:
    service = prefixed_template()
    client = running.client()
    tables.create(client, service.tables)
    clients = next(table for table in service.tables if table.logical_id == "ApiClientsTable")
    client.put_item(TableName=clients.name, Item={"hashDigest": {"S": "kept"}})

    assert not tables.create(client, service.tables)
    assert "Item" in client.get_item(TableName=clients.name, Key={"hashDigest": {"S": "kept"}})


def test_tables_are_gone_once_deleted(running: Engine) -> None:
    service = prefixed_template()
    client = running.client()
    tables.create(client, service.tables)
    tables.delete(client, service.tables)

    assert tables.create(client, service.tables)


def test_data_in_a_folder_outlives_the_engine(tmp_path: Path) -> None:
    service = template.read()
    with engine.start(tmp_path / "data") as first:
        tables.create(first.client(), service.tables)
    with engine.start(tmp_path / "data") as second:
        assert not tables.create(second.client(), service.tables)


def test_the_engine_ends_with_its_block(running: Engine) -> None:
    with engine.start() as started:
        assert started.endpoint != running.endpoint

    assert started.process.returncode is not None


def test_an_engine_that_cannot_start_is_told_with_its_exit_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DYNAMODB_ENGINE", str(shutil.which("false")))

    with pytest.raises(EngineError, match="ended at once with exit code 1"), engine.start(tmp_path):
        pass


def test_the_engine_is_reached_where_a_proxy_is_set(running: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")

    assert running.client().list_tables()
