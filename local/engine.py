"""Starts and stops the DynamoDB engine of this machine."""

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
        """A client of this engine."""
        return client(self.endpoint)


@contextmanager
def start(data: Path | None = None, host: str = "127.0.0.1") -> Iterator[Engine]:
    """Runs an engine on a free port, in memory or with its data in a folder, until the block ends."""
    program = find_engine.find()
    if data is not None:
        find_engine.prepare(program, data)
    port = _free_port(host)
    # A session of its own: Ctrl-C is for the gateway, which ends its requests before it ends the engine.
    process = subprocess.Popen(
        program.command(host, port, data),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        # Not KILL, which Docker's client could not pass on to the container.
        preexec_fn=die_with_parent(signal.SIGTERM),
    )
    owner = os.getpid()
    try:
        address = "127.0.0.1" if host == "0.0.0.0" else host
        engine = Engine(endpoint=f"http://{address}:{port}", process=process)
        _wait_until_ready(engine, address, port)
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
        # No proxies: the environment's are for other machines than this one.
        config=Config(retries={"total_max_attempts": 1}, connect_timeout=2, read_timeout=30, proxies={}),
    )
    return made


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
    # Any answer will do. To be let in is too little: Docker opens the port before what runs in the container does.
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
