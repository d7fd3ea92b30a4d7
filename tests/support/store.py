"""A test's store: filled with the example data, read, and restored."""

from __future__ import annotations

import json
import os
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from admin import data
from local import tables, template
from tests.support import paid_calls
from tests.support.coverage import unmeasured
from tests.support.wire import Call

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Item = dict[str, Any]
Contents = dict[str, dict[str, Item]]

_MAX_IN_A_BATCH = 25
_MANY = 1_000


def example_data() -> dict[str, Any]:
    """What `make run` loads."""
    path = template.PROJECT / "local" / "example_data.json"
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return document


@dataclass(frozen=True)
class Store:
    """The tables of the template in one engine."""

    client: DynamoDBClient
    service: template.Template

    @unmeasured()
    def load_example(self) -> None:
        """Make the tables where they are missing, and leave the example data in them and what `paid_calls` adds."""
        tables.create(self.client, self.service.tables)
        self.restore({})
        with patch.dict(os.environ, self.service.environment):
            data.load(self.client, example_data())
            paid_calls.load(self)

    @unmeasured()
    def contents(self, *without: str) -> Contents:
        """Everything in every table, by table and key, but for the tables that these environment variables name."""
        left_out = {self.service.environment[variable] for variable in without}
        return {table.name: self._contents(table) for table in self.service.tables if table.name not in left_out}

    @unmeasured()
    def undo(self, calls: Iterable[Call], wanted: Contents) -> None:
        """Restore what these calls may have changed, without reading the tables, which costs more than most tests."""
        known = self._tables
        changed: dict[str, set[str]] = defaultdict(set)
        looked_through = set()
        for name, item in (written for call in calls for written in call.written):
            # A test may have made a table of its own.
            if name not in known:
                continue
            if item is None or len(changed[name]) > _MANY:
                looked_through.add(name)
            else:
                changed[name].add(_key(known[name], item))
        self.restore(wanted, looked_through)
        for name in changed.keys() - looked_through:
            self._write(name, [_restoring(key, wanted.get(name, {})) for key in changed[name]])

    @unmeasured()
    def restore(self, wanted: Contents, names: Collection[str] | None = None) -> None:
        """Restore what `contents` returned, in all tables or in those of these names; only differences are written."""
        for table in self.service.tables:
            if names is not None and table.name not in names:
                continue
            here, there = self._contents(table), wanted.get(table.name, {})
            if len(here) - len(there) > _MANY:
                # Deleting its items would take seconds.
                tables.delete(self.client, [table])
                tables.create(self.client, [table])
                here = {}
            different = [key for key in here.keys() | there.keys() if here.get(key) != there.get(key)]
            self._write(table.name, [_restoring(key, there) for key in different])

    def put_all(self, variable: str, items: list[Item]) -> None:
        """Write many items in DynamoDB's form."""
        self._write(self.service.environment[variable], [{"PutRequest": {"Item": item}} for item in items])

    def items(self, variable: str) -> list[Item]:
        """All items of the table that an environment variable names, with plain values."""
        table = self._tables[self.service.environment[variable]]
        return [_plain(item) for item in self._scan(table)]

    def item(self, variable: str, **key: str) -> Item:
        """The one item whose attributes have these values."""
        (found,) = [item for item in self.items(variable) if key.items() <= item.items()]
        return found

    def put(self, variable: str, item: Item) -> None:
        """Write an item in DynamoDB's form."""
        self.client.put_item(TableName=self.service.environment[variable], Item=item)

    def change(self, variable: str, key: Item, attribute: str, value: Any) -> None:
        """Set one attribute of an item, in DynamoDB's form."""
        self.client.update_item(
            TableName=self.service.environment[variable],
            Key=key,
            UpdateExpression="SET #attribute = :value",
            ExpressionAttributeNames={"#attribute": attribute},
            ExpressionAttributeValues={":value": value},
        )

    @property
    def _tables(self) -> dict[str, template.Table]:
        return {table.name: table for table in self.service.tables}

    def _contents(self, table: template.Table) -> dict[str, Item]:
        return {_key(table, item): item for item in self._scan(table)}

    def _write(self, table: str, requests: list[Any]) -> None:
        for start in range(0, len(requests), _MAX_IN_A_BATCH):
            batch = requests[start : start + _MAX_IN_A_BATCH]
            assert not self.client.batch_write_item(RequestItems={table: batch})["UnprocessedItems"]

    def _scan(self, table: template.Table) -> list[Item]:
        pages = self.client.get_paginator("scan").paginate(TableName=table.name, ConsistentRead=True)
        return [item for page in pages for item in page["Items"]]


def _key(table: template.Table, item: Item) -> str:
    names = [key["AttributeName"] for key in table.definition["KeySchema"]]
    return json.dumps({name: item[name] for name in names})


def _restoring(key: str, wanted: dict[str, Item]) -> dict[str, Any]:
    return {"PutRequest": {"Item": wanted[key]}} if key in wanted else {"DeleteRequest": {"Key": json.loads(key)}}


def _plain(item: Item) -> Item:
    return {name: next(iter(value.values())) for name, value in item.items()}
