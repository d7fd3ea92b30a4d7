"""Create and delete the tables that template.yaml declares."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from local.template import Table

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def create(client: DynamoDBClient, tables: Iterable[Table]) -> list[Table]:
    """Create the tables that do not exist yet, and return them."""
    existing = _names(client)
    missing = [table for table in tables if table.name not in existing]
    for table in missing:
        client.create_table(**table.definition)
        if table.ttl_attribute:
            client.update_time_to_live(
                TableName=table.name,
                TimeToLiveSpecification={"AttributeName": table.ttl_attribute, "Enabled": True},
            )
    return missing


def delete(client: DynamoDBClient, tables: Iterable[Table]) -> None:
    """Delete the tables."""
    for table in tables:
        client.delete_table(TableName=table.name)


def _names(client: DynamoDBClient) -> set[str]:
    pages = client.get_paginator("list_tables").paginate()
    return {name for page in pages for name in page["TableNames"]}
