"""Loads the local gateway with wrk, one endpoint after the other: `python -m benchmarks.throughput`."""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks import big_store
from benchmarks.contenders import EXAMPLE_DATA
from benchmarks.request import endpoint, parameters
from local import template
from paidline.api.endpoint import Endpoint

_THREADS = 1
_PEOPLE = 500
_WARM_UP_SECONDS = 2
_START_SECONDS = 30
_PATTERNS = {
    "requests per s": r"Requests/sec:\s+([\d.]+)",
    "p50": r"\n\s+50%\s+(\S+)",
    "p99": r"\n\s+99%\s+(\S+)",
}


def main() -> None:
    """Start the gateway as `make run` does, load it, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=8)
    parser.add_argument("--connections", type=int, default=16)
    options = parser.parse_args()
    if not shutil.which("wrk"):
        sys.exit("wrk is not installed: Debian and Homebrew have it under that name")
    print(
        f"| endpoint, {options.connections} connections | requests per s | p50 | p99 | not 200 |\n|---|---|---|---|---|"
    )
    with TemporaryDirectory() as folder, _gateway(Path(folder)) as url:
        for route in sorted(template.read().routes, key=lambda route: route.function.stem):
            script = _script(Path(folder), endpoint(route.function))
            # Not counted: the processes' start, and what they remember of the first requests.
            _load(url + route.path, script, connections=options.connections, seconds=_WARM_UP_SECONDS)
            report = _load(url + route.path, script, connections=options.connections, seconds=options.seconds)
            print(f"| {route.function.stem} | {_cells(report)} |", flush=True)


def _load(url: str, script: str, *, connections: int, seconds: int) -> str:
    command = ["wrk", f"-t{_THREADS}", f"-c{connections}", f"-d{seconds}s", "--latency", "-s", script, url]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _script(folder: Path, handler: Endpoint[Any]) -> str:
    # Every request concerns somebody else, or the measurement would be one of rivals for an agent or a wallet.
    bodies = [json.dumps(json.dumps(parameters(handler, number))) for number in range(_PEOPLE)]
    path = folder / f"{handler.name}.lua"
    path.write_text(
        f"""
local bodies = {{{", ".join(bodies)}}}
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
request = function()
    return wrk.format(nil, nil, nil, bodies[math.random(#bodies)])
end
""",
        encoding="utf-8",
    )
    return str(path)


def _seed(folder: Path) -> Path:
    """Write the example data with many agents and wallets more."""
    document = json.loads(EXAMPLE_DATA.read_text(encoding="utf-8"))
    for number in range(_PEOPLE):
        agent = {
            "userId": int(big_store.ref(number)),
            "ref": big_store.ref(number),
            "status": "online",
            "outboundNumber": big_store.line(number),
            "lineSharing": True,
            "tpm": 90,
        }
        wallet = {
            "applicationId": big_store.APPLICATION,
            "walletId": f"w{number}",
            "pin": big_store.pin(number),
            "tokens": 1_000_000,
            "phoneNumber": big_store.phone(number),
        }
        document["agents"].append(agent)
        document["wallets"].append(wallet)
    path = folder / "seed.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def _cells(report: str) -> str:
    found = [re.search(pattern, report) for pattern in _PATTERNS.values()]
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", report)
    return " | ".join([*(match[1] if match else "?" for match in found), refused[1] if refused else "0"])


@contextmanager
def _gateway(folder: Path) -> Iterator[str]:
    environment = {**os.environ, "PORT": "0", "SEED": str(_seed(folder))}
    with (folder / "gateway.log").open("w") as log:
        running = subprocess.Popen(
            [sys.executable, "-m", "local"], env=environment, stdout=log, stderr=subprocess.STDOUT
        )
    try:
        yield _url(folder / "gateway.log")
    finally:
        running.send_signal(signal.SIGINT)
        running.wait()


def _url(log: Path) -> str:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if found := re.search(r"http://127\.0\.0\.1:\d+", log.read_text(encoding="utf-8")):
            return found[0]
        time.sleep(0.05)
    raise RuntimeError(log.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
