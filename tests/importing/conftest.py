"""Imports into the real engine, from files that a test writes."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from admin.importing.kind import Change, Counts, Options, Target
from admin.importing.mapping import Mapping
from admin.importing.run import Progress, Run, Source
from admin.importing.staging import Reject
from tests.support import paid_calls
from tests.support.api import Api

ZONE = ZoneInfo("Europe/Amsterdam")

Row = dict[str, Any]


@dataclass
class Importer:
    """Writes rows to a file and imports it."""

    api: Api
    folder: Path
    shown: list[Change | Reject] = field(default_factory=list)

    @property
    def reject_file(self) -> Path:
        return self.folder / "rejects.jsonl"

    def target(self) -> Target:
        return Target(self.api.store.client, ZONE, operator="tester", request_id="f" * 32)

    def write(self, rows: list[Row], name: str = "rows.jsonl") -> Path:
        path = self.folder / name
        with path.open("w", encoding="utf-8", newline="") as file:
            if path.suffix == ".csv":
                writer = csv.DictWriter(file, list(rows[0]))
                writer.writeheader()
                writer.writerows(rows)
            else:
                file.writelines(json.dumps(row) + "\n" for row in rows)
        return path

    def file(
        self,
        noun: str,
        path: Path,
        *,
        mapping: Mapping | None = None,
        meta: Path | None = None,
        dry: bool = False,
        progress: Progress | None = None,
        **options: bool,
    ) -> Counts:
        source = Source(noun, path, mapping, meta)
        run = Run(source, self.target(), Options(**options), progress or Progress(), is_dry=dry)
        self.shown.clear()
        return run.run(self.reject_file, self.shown.append)

    def run(self, source: Source, reject_file: Path) -> Counts:
        return Run(source, self.target()).run(reject_file)

    def rows(self, noun: str, *rows: Row, **options: Any) -> Counts:
        return self.file(noun, self.write(list(rows)), **options)

    @property
    def rejects(self) -> list[tuple[int, str, str]]:
        return [(shown.row, shown.field, shown.reason) for shown in self.shown if isinstance(shown, Reject)]

    def ledger(self, wallet_id: str) -> list[Row]:
        entries = [entry for entry in self.api.store.items("WALLET_LEDGER_TABLE") if entry["walletId"] == wallet_id]
        return sorted(entries, key=lambda entry: int(entry["seq"]))


@pytest.fixture
def api(engine_api: Api) -> Api:
    """The service with the example data on the real engine."""
    return engine_api


@pytest.fixture
def importer(api: Api, tmp_path: Path) -> Importer:
    """Imports into the service with the example data, and no wallets but the example's."""
    paid_calls.remove_wallets(api.store)
    return Importer(api, tmp_path)


def counted(counts: Counts) -> tuple[int, int, int, int]:
    return counts.new, counts.changed, counts.unchanged, counts.rejected
