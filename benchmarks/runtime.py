"""Starts functions under AWS's own runtime and its interface emulator, without Docker: `python -m benchmarks.runtime`.

Prints the init duration as the emulator reports it, and how long the first and the following requests took.
"""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from http.client import HTTPConnection
from pathlib import Path

from benchmarks.contenders import BUILD, FLOOR, PLAIN, Contender, baselines, ours
from local import template

_ROUNDS = int(os.environ.get("ROUNDS") or 7)
_FOLLOWING = 20
_START_SECONDS = 10
_RUNTIME = BUILD / "runtime"
_INVOKE = "/2015-03-31/functions/function/invocations"
_REPORT = re.compile(r"INIT REPORT\(durationMs: ([\d.]+)\)")


def main() -> None:
    """Measure everybody in turns, and print the table."""
    emulator = _emulator()
    _install_runtime()
    contenders = [*baselines(), *ours()]
    inits: dict[str, list[float]] = defaultdict(list)
    firsts: dict[str, list[float]] = defaultdict(list)
    followings: dict[str, list[float]] = defaultdict(list)
    for number in range(_ROUNDS):
        for contender in contenders if number % 2 else reversed(contenders):
            init, first, following = _measure(emulator, contender)
            inits[contender.name].append(init)
            firsts[contender.name].append(first)
            followings[contender.name].append(following)
    print("| handler | init ms as reported | to floor | first request ms, from outside | following ms |")
    print("|---|---|---|---|---|")
    for name in sorted(inits, key=lambda name: statistics.median(inits[name])):
        ratio = statistics.median(own / floor for own, floor in zip(inits[name], inits[FLOOR], strict=True))
        times = [statistics.median(values[name]) for values in (inits, firsts, followings)]
        print(f"| {name} | {times[0]:.0f} | {ratio:.2f} | {times[1]:.0f} | {times[2]:.1f} |")


def _emulator() -> Path:
    processor = "arm64" if platform.machine() in {"aarch64", "arm64"} else "x86_64"
    folder = ".venv-sam/lib/python3*/site-packages/samcli/local/rapid"
    found = list(template.PROJECT.glob(f"{folder}/aws-lambda-rie-{processor}"))
    if not found:
        sys.exit("The emulator comes with the SAM CLI: make .venv-sam/.installed")
    return found[0]


def _install_runtime() -> None:
    """Put Lambda's runtime into a folder of its own, where none of the baselines' packages are found."""
    if _RUNTIME.exists():
        return
    _RUNTIME.mkdir()
    for name in ("awslambdaric", "simplejson"):
        shutil.copytree(PLAIN / name, _RUNTIME / name)
    for module in (*PLAIN.glob("runtime_client*"), PLAIN / "snapshot_restore_py.py"):
        shutil.copy(module, _RUNTIME)


def _measure(emulator: Path, contender: Contender) -> tuple[float, float, float]:
    with contender.ready(1 + _FOLLOWING) as events, tempfile.TemporaryFile("w+") as log:
        port, runtime_port = _free_port(), _free_port()
        environment = {
            **contender.environment(),
            "AWS_LAMBDA_FUNCTION_NAME": contender.name,
            "AWS_LAMBDA_FUNCTION_TIMEOUT": "10",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1769",
            "PYTHONPATH": f"{contender.folder}:{contender.packages}:{_RUNTIME}",
        }
        addresses = [
            *("--runtime-interface-emulator-address", f"127.0.0.1:{port}"),
            *("--runtime-api-address", f"127.0.0.1:{runtime_port}"),
        ]
        python = shutil.which("python3.13")
        command = [str(emulator), *addresses, str(python), "-S", "-m", "awslambdaric", "app.lambda_handler"]
        running = subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT, cwd=contender.folder)
        try:
            (first, answer), *others = [_invoke(port, json.dumps(event).encode()) for event in events]
            following = statistics.median(took for took, _ in others)
        finally:
            running.terminate()
            running.wait()
        log.seek(0)
        report = _REPORT.search(log.read())
        if report is None or b'"statusCode"' not in answer:
            log.seek(0)
            raise RuntimeError(f"{contender.name}: {answer!r}\n{log.read()}")
        return float(report[1]), first, following


def _invoke(port: int, event: bytes) -> tuple[float, bytes]:
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            connection = HTTPConnection("127.0.0.1", port)
            connection.connect()
            break
        except ConnectionRefusedError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)
    start = time.perf_counter()
    connection.request("POST", _INVOKE, event)
    answer = connection.getresponse().read()
    return (time.perf_counter() - start) * 1000, answer


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    main()
