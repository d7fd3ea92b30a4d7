"""Starts and stops the embedded DynamoDB engine."""

from __future__ import annotations

import ctypes
import fcntl
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import botocore.session
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_PACKAGE = Path(__file__).resolve().parent / "engine"
BINARY = _PACKAGE / "node_modules" / "@dynoxide" / "linux-x64" / "dynoxide"
_FALLBACK = _PACKAGE.parent.parent / "requirements" / "fallback.txt"
DATABASE = "dynamodb.sqlite"
_START_SECONDS = 30.0
_STOP_SECONDS = 10.0
_FALLBACK_NOTICE = (
    "The embedded engine is not available here (npm, or a binary named by DYNAMODB_ENGINE): "
    "falling back to moto, which is slow and not right under concurrency."
)


class EngineError(Exception):
    """The engine could not be started; the message says why in one sentence."""


@dataclass(frozen=True)
class Engine:
    """A running engine."""

    endpoint: str
    process: subprocess.Popen[bytes]

    def client(self) -> DynamoDBClient:
        """A client of this engine."""
        return client(self.endpoint)


@contextmanager
def start(data: Path | None = None, host: str = "127.0.0.1") -> Iterator[Engine]:
    """Runs an engine on a free port, in memory or with its data in a folder, until the block ends."""
    binary = _find()
    port = _free_port(host)
    command = _fallback_command(host, port, data) if binary is None else _command(binary, host, port, data)
    # A session of its own: Ctrl-C is for the gateway, which ends its requests before it ends the engine.
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=die_with_parent(signal.SIGKILL),
    )
    owner = os.getpid()
    try:
        address = "127.0.0.1" if host == "0.0.0.0" else host
        engine = Engine(endpoint=f"http://{address}:{port}", process=process)
        _wait_until_it_answers(engine, address, port)
        yield engine
    finally:
        # A server's forked worker leaves this block too, but the engine is not its own to stop.
        if os.getpid() == owner:
            _stop(process)


def client(endpoint: str) -> DynamoDBClient:
    """A DynamoDB client with made-up credentials, so that it can never reach AWS."""
    session: Any = botocore.session.get_session()
    made: DynamoDBClient = session.create_client(
        "dynamodb",
        endpoint_url=endpoint,
        region_name="eu-west-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
        config=Config(retries={"total_max_attempts": 1}, connect_timeout=2, read_timeout=30),
    )
    return made


def _find() -> Path | None:
    named = os.environ.get("DYNAMODB_ENGINE")
    if named:
        if not (os.path.isfile(named) and os.access(named, os.X_OK)):
            raise EngineError(f"DYNAMODB_ENGINE names {named}, which is not a program.")
        return Path(named)
    if not BINARY.exists():
        _install()
    return BINARY if BINARY.exists() else None


def _install() -> None:
    npm = shutil.which("npm")
    if npm is None:
        return
    with (_PACKAGE / "package.json").open() as lock:
        # Two test runs may start at once, and `npm ci` empties the folder first.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not BINARY.exists():
            # A failure (no network, no package for this platform) shows as a missing binary.
            subprocess.run([npm, "ci", "--silent", "--no-audit", "--no-fund"], cwd=_PACKAGE, check=False)


def _command(binary: Path, host: str, port: int, data: Path | None) -> list[str]:
    command = [str(binary), "serve", "--host", host, "--port", str(port)]
    if data is None:
        return command
    data.mkdir(parents=True, exist_ok=True)
    return [*command, "--db-path", str(data / DATABASE)]


def _fallback_command(host: str, port: int, data: Path | None) -> list[str]:
    if data is not None:
        raise EngineError("DATA needs the embedded engine: moto, the fallback, keeps nothing on disk.")
    print(_FALLBACK_NOTICE, file=sys.stderr, flush=True)
    if importlib.util.find_spec("moto") is None:
        _install_fallback()
    return [sys.executable, str(Path(__file__).with_name("moto_engine.py")), host, str(port)]


def _install_fallback() -> None:
    """Installs moto now: where the engine runs, nobody should wait for a package that is not used."""
    options = [
        "--quiet",
        "--disable-pip-version-check",
        "--no-deps",
        "--require-hashes",
        "--requirement",
        str(_FALLBACK),
    ]
    if subprocess.run([sys.executable, "-m", "pip", "install", *options], check=False).returncode:
        raise EngineError("moto could not be installed either, so there is no engine to run on.")


def _free_port(host: str) -> int:
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def die_with_parent(how: signal.Signals) -> Callable[[], None] | None:
    """What a child runs before its program, so that even a killed parent leaves nothing behind (Linux)."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    set_parent_death_signal = 1
    return lambda: prctl(set_parent_death_signal, how) and None


def _wait_until_it_answers(engine: Engine, address: str, port: int) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if engine.process.poll() is not None:
            raise EngineError(f"The engine ended at once with exit code {engine.process.returncode}.")
        with socket.socket() as probe:
            if probe.connect_ex((address, port)) == 0:
                return
        time.sleep(0.01)
    raise EngineError(f"The engine did not answer within {_START_SECONDS:.0f} seconds.")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
