"""A temporary database on disk for what was read and what is stored, so that memory stays flat however much there is.

It holds personal data: SQLite makes the file readable for its owner only and removes it at once, so that nothing is
left behind whatever happens to the process.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, NamedTuple

Record = dict[str, Any]

_SCHEMA = """
CREATE TABLE entries (row INTEGER PRIMARY KEY, identity TEXT NOT NULL, entry TEXT NOT NULL);
CREATE TABLE claims (field TEXT NOT NULL, value TEXT NOT NULL, identity TEXT NOT NULL, row INTEGER NOT NULL);
CREATE TABLE stored (identity TEXT PRIMARY KEY, item TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE taken (field TEXT NOT NULL, value TEXT NOT NULL, identity TEXT NOT NULL, PRIMARY KEY (field, value))
  WITHOUT ROWID;
CREATE TABLE rejects (row INTEGER PRIMARY KEY, field TEXT NOT NULL, reason TEXT NOT NULL);
CREATE TABLE meta (user_id TEXT NOT NULL, meta_key TEXT NOT NULL, meta_value TEXT NOT NULL,
  PRIMARY KEY (user_id, meta_key)) WITHOUT ROWID;
"""
# Made once everything has been read: keeping them up to date meanwhile would take three times as long.
_INDEXES = """
CREATE INDEX entries_by_identity ON entries (identity, row);
CREATE INDEX claims_by_value ON claims (field, value);
"""
_ROWS_AT_ONCE = 1000


class Reject(NamedTuple):
    """A row that is not imported, the field to blame ("" for none), and why."""

    row: int
    field: str
    reason: str


class Staged(NamedTuple):
    """A row that was read, and what is stored under its identity, if anything."""

    row: int
    identity: str
    entry: Record
    stored: Record | None


class Staging:
    """The database of one run. Only one thread may use it."""

    def __init__(self) -> None:
        # An empty name is a file of SQLite's own, which it removes.
        self._database = sqlite3.connect("", isolation_level=None)
        self._database.executescript(_SCHEMA)

    def close(self) -> None:
        """Remove everything."""
        self._database.close()

    def add_entries(self, entries: Iterable[tuple[int, str, Record, dict[str, str]]]) -> None:
        """Keep rows: number, identity, entry, and the values that no other may have, by field."""
        entries = iter(entries)
        while part := list(islice(entries, _ROWS_AT_ONCE)):
            self._many(
                "INSERT INTO entries VALUES (?, ?, ?)", ((row, key, _text(entry)) for row, key, entry, _ in part)
            )
            claims = [(field, value, key, row) for row, key, _, unique in part for field, value in unique.items()]
            self._many("INSERT INTO claims VALUES (?, ?, ?, ?)", claims)

    def add_stored(self, items: Iterable[tuple[str, Record, dict[str, str]]]) -> None:
        """Keep what the service has stored: identity, item, and the values that no other may have, by field."""
        items = iter(items)
        while part := list(islice(items, _ROWS_AT_ONCE)):
            self._many("INSERT OR REPLACE INTO stored VALUES (?, ?)", ((key, _text(item)) for key, item, _ in part))
            taken = [(field, value, key) for key, _, unique in part for field, value in unique.items()]
            self._many("INSERT OR REPLACE INTO taken VALUES (?, ?, ?)", taken)

    def add_meta(self, entries: Iterable[tuple[str, str, str]]) -> None:
        """Keep entries of wp_usermeta: user_id, meta_key, meta_value."""
        self._many("INSERT OR REPLACE INTO meta VALUES (?, ?, ?)", entries)

    def find_meta(self, user_id: str) -> dict[str, str]:
        """Return the kept meta entries of a user."""
        return dict(self._database.execute("SELECT meta_key, meta_value FROM meta WHERE user_id = ?", (user_id,)))

    def index(self) -> None:
        """Make the indexes, once all has been read."""
        self._database.executescript(_INDEXES)

    def reject(self, rejects: Iterable[Reject]) -> None:
        """Leave rows out of the import. Of several reasons for a row, the first counts."""
        self._many("INSERT OR IGNORE INTO rejects VALUES (?, ?, ?)", list(rejects))

    def rejects(self) -> Iterator[Reject]:
        """Yield what is left out, in the order of the file."""
        return map(Reject._make, self._database.execute("SELECT row, field, reason FROM rejects ORDER BY row"))

    def count_rejects(self) -> int:
        """Return how many rows are left out."""
        return self._count("SELECT count(*) FROM rejects")

    def count(self) -> int:
        """Return how many rows are to be imported."""
        return self._count("SELECT count(*) FROM entries WHERE row NOT IN (SELECT row FROM rejects)")

    def repeated(self) -> Iterator[tuple[int, int]]:
        """Yield each row whose identity another row of the file has too, and the first such other row."""
        yield from self._database.execute(
            "WITH several AS (SELECT identity, min(row) AS first, max(row) AS last FROM entries GROUP BY identity"
            " HAVING count(*) > 1) SELECT row, CASE row WHEN first THEN last ELSE first END"
            " FROM several JOIN entries USING (identity) ORDER BY row"
        )

    def drop_copies(self) -> int:
        """Drop rows that repeat an earlier one in every field, and return how many there were."""
        dropped = self._database.execute(
            "DELETE FROM entries WHERE EXISTS (SELECT 1 FROM entries AS other"
            " WHERE other.identity = entries.identity AND other.row < entries.row AND other.entry = entries.entry)"
        )
        return dropped.rowcount

    def claimed_twice(self) -> Iterator[tuple[int, str, int]]:
        """Yield each row, field and other row where two rows of the file have the same unique value."""
        yield from self._database.execute(
            "WITH several AS (SELECT field, value, min(row) AS first, max(row) AS last FROM claims"
            " GROUP BY field, value HAVING count(*) > 1)"
            " SELECT row, field, CASE row WHEN first THEN last ELSE first END"
            " FROM several JOIN claims USING (field, value) ORDER BY row"
        )

    def claimed_of_others(self) -> Iterator[tuple[int, str, str]]:
        """Yield each row, field and identity where another stored item has the row's unique value."""
        yield from self._database.execute(
            "SELECT row, field, taken.identity FROM claims JOIN taken USING (field, value)"
            " WHERE taken.identity <> claims.identity ORDER BY row"
        )

    def staged(self) -> Iterator[Staged]:
        """Yield the rows to import in the order of the file, each with what is stored."""
        found = self._database.execute(
            "SELECT row, identity, entry, item FROM entries LEFT JOIN stored USING (identity)"
            " WHERE row NOT IN (SELECT row FROM rejects) ORDER BY row"
        )
        for row, identity, entry, item in found:
            yield Staged(row, identity, json.loads(entry), json.loads(item) if item else None)

    def by_identity(self) -> Iterator[tuple[int, Record]]:
        """Yield the rows to import with their numbers, by ascending identity."""
        found = self._database.execute(
            "SELECT row, entry FROM entries WHERE row NOT IN (SELECT row FROM rejects) ORDER BY identity"
        )
        for row, entry in found:
            yield row, json.loads(entry)

    def stored(self) -> Iterator[Record]:
        """Yield all stored items."""
        for (item,) in self._database.execute("SELECT item FROM stored ORDER BY identity"):
            yield json.loads(item)

    def stored_only(self) -> Iterator[tuple[str, Record]]:
        """Yield what is stored under an identity that no row of the file has."""
        found = self._database.execute(
            "SELECT identity, item FROM stored WHERE identity NOT IN (SELECT identity FROM entries) ORDER BY identity"
        )
        for identity, item in found:
            yield identity, json.loads(item)

    def _many(self, statement: str, rows: Iterable[tuple[Any, ...]]) -> None:
        self._database.execute("BEGIN")
        self._database.executemany(statement, rows)
        self._database.execute("COMMIT")

    def _count(self, query: str) -> int:
        number: int = self._database.execute(query).fetchone()[0]
        return number


def _text(record: Record) -> str:
    return json.dumps(record, separators=(",", ":"))
