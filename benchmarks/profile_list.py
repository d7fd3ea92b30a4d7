"""Measures the list of ten thousand profiles in a process of its own: `python -m benchmarks.profile_list`."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks import request
from benchmarks.contenders import store
from local import engine, template
from local.gateway import load_handler
from paidline.store import profiles
from paidline.store.agents import Agent

_COUNT = 10_000
_BATCH = 25
_MB = 1024 * 1024


def main() -> None:
    """Load, then measure in another process, and print."""
    if os.environ.get("MEASURE"):
        _measure()
        return
    with store() as running:
        _load(running)
        script = [sys.executable, "-m", "benchmarks.profile_list"]
        subprocess.run(script, env={**os.environ, "MEASURE": "yes"}, check=True)


def _load(running: engine.Engine) -> None:
    client = running.client()
    chosen = random.Random(1)
    # As many different words as a language's texts have, so that they compress no better than such do.
    words = ["".join(chosen.choices("aeioubdfghklmnprstvwz", k=chosen.randint(2, 11))) for _ in range(20_000)]
    agents = [_agent(number) for number in range(_COUNT)]
    texts = [_texts(number, words, chosen) for number in range(_COUNT)]
    items = {
        os.environ["AGENTS_TABLE"]: [agent.to_item() for agent in agents],
        os.environ["PROFILES_TABLE"]: [
            profiles.to_item(agent.ref, text) for agent, text in zip(agents, texts, strict=True)
        ],
    }
    for table, rows in items.items():
        for start in range(0, _COUNT, _BATCH):
            puts: Any = [{"PutRequest": {"Item": item}} for item in rows[start : start + _BATCH]]
            client.batch_write_item(RequestItems={table: puts})


def _agent(number: int) -> Agent:
    return Agent(
        user_id=10_000 + number,
        ref=str(10_000 + number),
        status="online",
        outbound_number=str(31_700_000_000 + number),
        line_sharing=False,
        last_log_id=0,
        dial_time_out=30,
        tpm=90,
        last_status_change="2026-11-23T12:00:00.000000Z",
    )


def _texts(number: int, words: list[str], chosen: random.Random) -> dict[str, str]:
    return {
        "_ctbThumbnail": f"https://chattabai.nme.mobi/wp-content/uploads/2023/10/Agent{number}.jpeg",
        "_ctbShortText": " ".join(chosen.choices(words, k=12)),
        "_ctbLongText": " ".join(chosen.choices(words, k=60)),
        "_ctbNickname": f"Agent{number}",
        "_ctbProfileLink": f"https://chattabai.nme.mobi/profile/agent{number}",
        "_ctbEndpointEnabled": "true",
    }


def _measure() -> None:
    route = next(route for route in template.read().routes if route.function.stem == "get_profile_data")
    handler = load_handler(route.function)
    event = json.loads((template.PROJECT / "events" / "get_profile_data.json").read_text(encoding="utf-8"))
    event["headers"]["accept-encoding"] = "gzip"
    results = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    base = _peak_mb()

    print("| request | CPU ms | wall ms | answer MB |\n|---|---|---|---|", file=results)
    first = _row("first of a process", handler, event, results)
    _row("again within five seconds", handler, event, results)
    time.sleep(5.1)
    _row("after five seconds", handler, event, results)
    chosen = {**event, "body": json.dumps({**json.loads(event["body"]), "fields": "_ctbRef,_ctbStatus"})}
    _row("two fields only", handler, chosen, results)
    one = {**event, "body": json.dumps({**json.loads(event["body"]), "ref": "10000"})}
    _row("one agent", handler, one, results)
    print(f"peak memory: {_peak_mb():.0f} MB, of which {base:.0f} MB before the first request", file=results)
    print(_verdict("ten thousand profiles, MB of answer", first[0], 6.0), file=results)
    print(_verdict("ten thousand profiles, seconds", first[1], 3.0), file=results)


def _row(name: str, handler: Any, event: dict[str, Any], results: Any) -> tuple[float, float]:
    cpu, wall = time.process_time(), time.perf_counter()
    response = handler(event, request.Context())
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    size = len(json.dumps(response)) / _MB
    print(f"| {name} | {cpu * 1000:.0f} | {wall * 1000:.0f} | {size:.2f} |", file=results, flush=True)
    return size, wall


def _peak_mb() -> float:
    return int(Path("/proc/self/status").read_text(encoding="ascii").partition("VmHWM:")[2].split()[0]) / 1024


def _verdict(what: str, value: float, most: float) -> str:
    return f"{'met' if value <= most else 'MISSED'}: {what}: {value:.2f}, goal at most {most}"


if __name__ == "__main__":
    main()
