"""Fills an engine with as many agents, log rows, call sessions and wallets as one likes."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TextIO

from local import find_engine, template
from local.find_engine import EngineError
from paidline.store.agents import Agent
from paidline.store.call_sessions import CallSession
from paidline.store.ledger import NO_DIGEST, LedgerEntry
from paidline.store.status_log import StatusLogRow
from paidline.store.wallets import Wallet

APPLICATION = "1288"
_TIME = "2026-11-23T12:00:00.000000Z"
_PROCESSES = 2
# Away from the example data's own numbers.
_FIRST_USER = 1_000_000
_FIRST_LINE = 31_700_000_000
_FIRST_PHONE = 31_800_000_000
_FIRST_PIN = 10_000_000

Item = dict[str, Any]


def ref(number: int) -> str:
    """Name the agent of a number."""
    return str(_FIRST_USER + number)


def line(number: int) -> str:
    """Name the line of an agent, shared with nobody."""
    return str(_FIRST_LINE + number)


def pin(number: int) -> str:
    """Name the PIN of a wallet."""
    return str(_FIRST_PIN + number)


def phone(number: int) -> str:
    """Name the phone number of a wallet's owner."""
    return str(_FIRST_PHONE + number)


def build(folder: Path, count: int) -> None:
    """Make a folder in which an engine finds `count` of each: written as an export, and imported by the engine.

    Its door takes some thousand items a second, its import fifty thousand.
    """
    importer = find_engine.dynoxide()
    if importer is None:
        raise EngineError("Only dynoxide can import a store, and there is none here.")
    service = template.read()
    with TemporaryDirectory(dir=folder) as export, ProcessPoolExecutor(_PROCESSES) as pool:
        list(pool.map(_write, [Path(export)] * _PROCESSES, [count] * _PROCESSES, range(_PROCESSES)))
        schema = Path(export) / "schema.json"
        schema.write_text(json.dumps([_description(table) for table in service.tables]), encoding="utf-8")
        command = [str(importer), "import", "--source", export, "--schema", str(schema)]
        subprocess.run(
            [*command, "--output", str(folder / find_engine.DYNOXIDE_DATABASE)], check=True, capture_output=True
        )


def _description(table: template.Table) -> Item:
    definition = {name: value for name, value in table.definition.items() if name != "BillingMode"}
    return {"Table": {**definition, "TableStatus": "ACTIVE"}}


def _write(export: Path, count: int, part: int) -> None:
    with ExitStack() as opened:
        files: dict[str, TextIO] = {}
        for table in template.read().tables:
            folder = export / table.name / "data"
            folder.mkdir(parents=True, exist_ok=True)
            files[table.name] = opened.enter_context((folder / f"{part}.json").open("w", encoding="utf-8"))
        for table_name, item in _items(range(part, count, _PROCESSES)):
            files[table_name].write(json.dumps({"Item": item}) + "\n")


def _items(numbers: Iterable[int]) -> Iterator[tuple[str, Item]]:
    tables = {name: os.environ[f"{name}_TABLE"] for name in ("AGENTS", "STATUS_LOG", "CALL_SESSIONS")}
    wallets, ledger = os.environ["WALLETS_TABLE"], os.environ["WALLET_LEDGER_TABLE"]
    for number in numbers:
        yield tables["AGENTS"], _agent(number).to_item()
        yield tables["STATUS_LOG"], _row(number).to_item()
        yield tables["CALL_SESSIONS"], _session(number).to_item()
        opening = _opening(number)
        wallet = _wallet(number, opening)
        yield wallets, wallet.to_item()
        yield wallets, wallet.to_pointer()
        yield ledger, opening.to_item()


def _agent(number: int) -> Agent:
    return Agent(
        user_id=_FIRST_USER + number,
        ref=ref(number),
        status="online",
        outbound_number=line(number),
        line_sharing=True,
        last_log_id=number + 1,
        dial_time_out=30,
        tpm=90,
        last_status_change=_TIME,
    )


def _row(number: int) -> StatusLogRow:
    return StatusLogRow(
        id=number + 1,
        user_id=_FIRST_USER + number,
        ref=ref(number),
        created=_TIME,
        status="online",
        handler="RouteControllerUpdateUserStatus",
        ip="203.0.113.7",
        request_id=f"{number:032x}",
    )


def _session(number: int) -> CallSession:
    return CallSession(
        id=number + 1,
        ref=ref(number),
        user_id=_FIRST_USER + number,
        dialed_number="31612345678",
        inbound_number=phone(number),
        outbound_number=line(number),
        dial_status="answer",
        duration=60,
        start_time="2026-11-23 12:00:00",
        end_time="2026-11-23 12:01:00",
        tpm=90,
        created=_TIME,
        request_id=f"{number:032x}",
    )


def _opening(number: int) -> LedgerEntry:
    return LedgerEntry(
        wallet_id=f"w{number}",
        seq=1,
        amount=1_000_000,
        balance=1_000_000,
        time=_TIME,
        source="opening",
        key="",
        request_id=f"{number:032x}",
        previous_digest=NO_DIGEST,
    )


def _wallet(number: int, opening: LedgerEntry) -> Wallet:
    return Wallet(
        application_id=APPLICATION,
        wallet_id=opening.wallet_id,
        pin=pin(number),
        tokens=opening.balance,
        seq=opening.seq,
        digest=opening.digest(),
        phone_number=phone(number),
        email="caller@example.com",
    )
