"""Measures how fast agents, wallets and a status log are imported: `python -m benchmarks.import_speed`.

The files are written first. Each import is a process of its own, as `paidline import` is, so that its memory is too.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zoneinfo import ZoneInfo

from admin.cli.connection import local_client
from admin.importing.kind import Target
from admin.importing.run import Run, Source
from local import engine, tables, template
from paidline import ids

_AGENTS, _WALLETS, _LOG_ROWS = 1_000, 50_000, 1_000_000
_GOAL_S = 600.0
_FIRST_USER = 1_000
_START = datetime(2024, 1, 1)
_STATUSES = ("online", "inConversation", "pause", "offline")
_MB = 1024


def main() -> None:
    """Write the files, import them one after the other, and print rates, peak memory and the verdict."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="a part of the full size, such as 0.05")
    parser.add_argument("--one", nargs=3, metavar=("NOUN", "FILE", "ENDPOINT"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        _import(*options.one)
        return
    with TemporaryDirectory() as made:
        folder = Path(made)
        data = folder / "data"
        data.mkdir()
        sources = _write_files(folder, options.scale)
        with engine.start(data) as running:
            tables.create(running.client(), template.read().tables)
            print("| kind | rows | s | rows/s | peak MB |\n|---|---|---|---|---|", flush=True)
            total = sum(_measure(noun, path, count, running.endpoint) for noun, path, count in sources)
            again = sum(_measure(noun, path, count, running.endpoint, "again: ") for noun, path, count in sources)
    goal = _GOAL_S * options.scale
    # Other programs on the machine take time, but not these seconds.
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"CPU of engine and imports together: {used.ru_utime + used.ru_stime:.0f} s")
    print(f"{'met' if total < goal else 'MISSED'}: {total:.0f} s, goal under {goal:.0f}; a second run {again:.0f} s")


def _measure(noun: str, path: Path, count: int, endpoint: str, prefix: str = "") -> float:
    command = [sys.executable, "-m", "benchmarks.import_speed", "--one", noun, str(path), endpoint]
    started = time.monotonic()
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    took = time.monotonic() - started
    print(f"| {prefix}{noun} | {count:,} | {took:.0f} | {count / took:,.0f} | {done.stdout.strip()} |", flush=True)
    return took


def _import(noun: str, path: str, endpoint: str) -> None:
    os.environ.update(template.read().environment)
    target = Target(local_client("dynamodb", endpoint), ZoneInfo("Europe/Amsterdam"), "benchmark", ids.new_request_id())
    counts = Run(Source(noun, Path(path)), target).run(Path(path).with_suffix(".rejects"))
    if counts.rejected:
        raise SystemExit(f"{counts.rejected} rows were rejected")
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // _MB)


def _write_files(folder: Path, scale: float) -> list[tuple[str, Path, int]]:
    agents, wallets, rows = (max(int(count * scale), 1) for count in (_AGENTS, _WALLETS, _LOG_ROWS))
    paths = [folder / name for name in ("profiles.jsonl", "wallets.csv", "log.jsonl")]
    _write_lines(paths[0], map(_agent, range(agents)))
    with paths[1].open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["applicationId", "walletId", "pin", "tokens", "phoneNumber", "email"])
        writer.writerows(map(_wallet, range(wallets)))
    _write_lines(paths[2], _log_answers(agents, rows))
    return [("agents", paths[0], agents), ("wallets", paths[1], wallets), ("status-log", paths[2], rows)]


def _write_lines(path: Path, values: Iterator[dict[str, Any]]) -> None:
    with path.open("w", encoding="utf-8") as file:
        for value in values:
            print(json.dumps(value), file=file)


def _agent(number: int) -> dict[str, Any]:
    return {
        "_ctbUserId": str(_FIRST_USER + number),
        "_ctbRef": str(_FIRST_USER + number),
        "_ctbStatus": "offline",
        "_ctbLastStatusChange": "2026-11-25 12:00:00",
        "_ctbOutboundNumber": str(31_700_000_000 + number),
        "_ctbCallSessionTpm": "90",
        "_ctbNickname": f"Agent {number}",
        "_ctbLongText": "Dag lief mens, welkom op mijn profiel. " * 40,
    }


def _wallet(number: int) -> list[Any]:
    return [1288, 100_000 + number, 10_000_000 + number, 1971, 31_800_000_000 + number, f"caller{number}@example.com"]


def _log_answers(agents: int, rows: int) -> Iterator[dict[str, Any]]:
    """Yield one answer for each agent, newest first, as getStatusLog does."""
    for agent in range(agents):
        user = str(_FIRST_USER + agent)
        yield {
            "status": 1,
            "message": "success",
            "code": 20,
            "data": [
                {
                    "id": str(row + 1),
                    "userId": user,
                    "ref": user,
                    "creationDate": str(_START + timedelta(minutes=row // agents)),
                    "status": _STATUSES[row // agents % len(_STATUSES)],
                    "handler": "RouteControllerUpdateUserStatus",
                    "ip": "203.0.113.7",
                }
                for row in reversed(range(agent, rows, agents))
            ],
        }


if __name__ == "__main__":
    main()
