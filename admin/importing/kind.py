"""What every kind of data has in common: how a row is checked, and how it is compared with what is stored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from admin.importing.sources import Values
from admin.importing.staging import Record, Reject, Staged, Staging
from paidline.management.values import complaint

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Operation = Any
Item = dict[str, Any]


@dataclass(frozen=True)
class Target:
    """The service that is written to, and who does it. Environment variables name its tables, as in a function."""

    client: DynamoDBClient
    zone: ZoneInfo
    operator: str
    # One id for the whole run, which every ledger entry and log row that it writes carries.
    request_id: str


@dataclass(frozen=True)
class Options:
    """What the operator decided."""

    # Take balance and status from the file even where the service has recorded calls or changes since.
    old_system_wins: bool = False


class Entry(NamedTuple):
    """A row that has been checked: its identity, its fields, and the values that no other may have, by field."""

    identity: str
    record: Record
    unique: dict[str, str]


class Change(NamedTuple):
    """What makes the store equal to a row: all operations together, in one transaction, or none.

    `before` is empty if nothing is stored yet. Both have the documented field names, and only what changes.
    """

    row: int
    name: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    operations: list[Operation]

    @property
    def is_new(self) -> bool:
        """Whether nothing is stored yet."""
        return not self.before


class Kind(Protocol):
    """One kind of data: agents, wallets or service numbers."""

    @property
    def name(self) -> str:
        """Return the field that names one in reports, such as walletId."""

    @property
    def fields(self) -> tuple[str, ...]:
        """Return the names of the fields that a file may give."""

    @property
    def required(self) -> tuple[tuple[str, ...], ...]:
        """Return the names of each field that every row has to give; the first is ours, others mean the same."""

    def check(self, values: Values, zone: ZoneInfo) -> Entry:
        """Check a row by itself. Raises ValidationError."""

    def stored(self, target: Target) -> Iterator[tuple[str, Item, dict[str, str]]]:
        """Yield what is stored: identity, item, and the values that no other may have."""

    def is_erased(self, item: Item) -> bool:
        """Return whether a stored item is only the rest of something that was erased."""

    def clashes(self, staging: Staging) -> Iterator[Reject]:
        """Yield rows that cannot be imported together with others, beyond unique values."""

    def sides(self, staged: Staged) -> tuple[Item, Item]:
        """Return the fields as they are stored, empty if nothing is, and as they are in the file."""

    def plan(self, staged: Staged, target: Target, options: Options) -> Change | Reject | None:
        """Compare a row with what is stored. None if they are equal."""


@dataclass
class Counts:
    """What a run did, or would do."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    rejected: int = 0
    ignored_fields: set[str] = field(default_factory=set)


def blame(error: ValidationError) -> tuple[str, str]:
    """Return the field that a row was refused for, and why, without its value."""
    first = error.errors(include_input=False, include_url=False)[0]
    return str(first["loc"][0]) if first["loc"] else "", f"is {complaint(first)}"


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Item, Item]:
    """Return the fields of `after` that differ from `before`, as they are and as they will be."""
    names = [name for name, value in after.items() if before.get(name) != value]
    return {name: before.get(name) for name in names}, {name: after[name] for name in names}


def pages(target: Target, table: str) -> Iterator[Item]:
    """Yield all items of a table. One strongly consistent Scan per megabyte."""
    paginator = target.client.get_paginator("scan")
    for page in paginator.paginate(TableName=table, ConsistentRead=True):
        yield from page["Items"]
