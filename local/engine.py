"""Start and stop the local DynamoDB engine."""

from __future__ import annotations

import ctypes
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import botocore.session
from botocore.config import Config

from local import find_engine
from local.find_engine import EngineError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_START_TIMEOUT_S = 30.0
_STOP_TIMEOUT_S = 10.0


@dataclass(frozen=True)
class Engine:
    """A running engine."""

    endpoint: str
    process: subprocess.Popen[bytes]

    def client(self) -> DynamoDBClient:
        """Return a client of this engine."""
        return client(self.endpoint)


@contextmanager
def start(data: Path | None = None, host: str = "127.0.0.1") -> Iterator[Engine]:
    """Run an engine on a free port until the block ends, in memory or with its data in the folder `data`."""
    program = find_engine.find()
    if data is not None:
        find_engine.prepare(program, data)
    port = _free_port(host)
    # In its own session, so that Ctrl-C reaches only the gateway, which finishes its requests before it stops this.
    process = subprocess.Popen(
        program.command(host, port, data),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        # Not SIGKILL, which Docker's client cannot forward to the container.
        preexec_fn=die_with_parent(signal.SIGTERM),
    )
    owner = os.getpid()
    try:
        address = "127.0.0.1" if host == "0.0.0.0" else host
        engine = Engine(endpoint=f"http://{address}:{port}", process=process)
        _wait_until_ready(engine, address, port)
        yield engine
    finally:
        # A forked worker of the server leaves this block too, but must not stop the shared engine.
        if os.getpid() == owner:
            _stop(process)


def client(endpoint: str) -> DynamoDBClient:
    """Return a DynamoDB client with fake credentials, so that it can never use an AWS account."""
    made: DynamoDBClient = _session().create_client(
        "dynamodb",
        endpoint_url=endpoint,
        region_name="eu-west-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
        # The engine is on this machine, so the environment's proxies do not apply.
        config=Config(retries={"total_max_attempts": 1}, connect_timeout=2, read_timeout=30, proxies={}),
    )
    return made


@cache
def _session() -> Any:
    # It loads the service's model once, however many clients are made.
    return botocore.session.get_session()


def _free_port(host: str) -> int:
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def die_with_parent(signal_number: signal.Signals) -> Callable[[], None] | None:
    """Return a `preexec_fn` that makes the child exit with its parent, even a killed one (Linux only)."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    set_parent_death_signal = 1
    return lambda: prctl(set_parent_death_signal, signal_number) and None


def _wait_until_ready(engine: Engine, address: str, port: int) -> None:
    deadline = time.monotonic() + _START_TIMEOUT_S
    while time.monotonic() < deadline:
        if engine.process.poll() is not None:
            raise EngineError(f"The engine ended at once with exit code {engine.process.returncode}.")
        if _answers(address, port):
            return
        time.sleep(0.01)
    raise EngineError(f"The engine did not answer within {_START_TIMEOUT_S:.0f} seconds.")


def _answers(address: str, port: int) -> bool:
    # Any response will do. Connecting is not enough: Docker opens the port before the container listens.
    connection = http.client.HTTPConnection(address, port, timeout=1)
    try:
        connection.request("GET", "/")
        connection.getresponse()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return True


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
