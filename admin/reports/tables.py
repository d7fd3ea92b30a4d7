"""Read the tables as plain rows, with the stored names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Item = dict[str, Any]

# DynamoDB's limit for one BatchGetItem.
_KEYS_PER_READ = 100


@dataclass(frozen=True)
class Tables:
    """The service's tables; `names` are those of the functions' environment variables."""

    client: DynamoDBClient
    names: Mapping[str, str]

    def get(self, variable: str, key: Item) -> Item | None:
        """Read one item. One GetItem."""
        found = self.client.get_item(TableName=self.names[variable], Key=_typed(key), ConsistentRead=True)
        return plain(found["Item"]) if "Item" in found else None

    def get_all(self, variable: str, keys: Iterable[Item]) -> Iterator[Item]:
        """Yield the items with these keys, in no order. One BatchGetItem per hundred."""
        table, left = self.names[variable], iter(keys)
        while part := [_typed(key) for key in islice(left, _KEYS_PER_READ)]:
            while part:
                wanted: Any = {table: {"Keys": part, "ConsistentRead": True}}
                found = self.client.batch_get_item(RequestItems=wanted)
                yield from map(plain, found["Responses"][table])
                part = list(found.get("UnprocessedKeys", {}).get(table, {"Keys": []})["Keys"])

    def query(self, variable: str, condition: str, values: Item, **more: Any) -> Iterator[Item]:
        """Yield the items that fulfil a key condition. One Query per megabyte."""
        return self._pages("query", variable, values, KeyConditionExpression=condition, **more)

    def query_index(self, variable: str, index: str, condition: str, values: Item) -> Iterator[Item]:
        """Yield the items of an index, which lags behind its table. One Query per megabyte."""
        return self.query(variable, condition, values, IndexName=index, ConsistentRead=False)

    def scan(self, variable: str, condition: str = "", values: Item | None = None, **more: Any) -> Iterator[Item]:
        """Yield the items that fulfil a condition, in no order. One Scan per megabyte of the whole table."""
        filter_ = {"FilterExpression": condition} if condition else {}
        return self._pages("scan", variable, values or {}, **filter_, **more)

    def _pages(self, operation: Any, variable: str, values: Item, **parameters: Any) -> Iterator[Item]:
        if values:
            parameters["ExpressionAttributeValues"] = _typed(values)
        paginator = self.client.get_paginator(operation)
        for page in paginator.paginate(**{"TableName": self.names[variable], "ConsistentRead": True, **parameters}):
            yield from map(plain, page["Items"])


def plain(item: Mapping[str, Any]) -> Item:
    """Return an item with plain values. All numbers that are stored are whole."""
    return {name: _plain_value(value) for name, value in item.items()}


def _plain_value(value: Mapping[str, Any]) -> Any:
    ((kind, content),) = value.items()
    if kind == "N":
        return int(content)
    if kind == "M":
        return plain(content)
    if kind == "L":
        return [_plain_value(entry) for entry in content]
    return sorted(content) if kind == "SS" else content


def _typed(values: Item) -> Item:
    return {name: {"N": str(value)} if isinstance(value, int) else {"S": value} for name, value in values.items()}
