"""Serve the built functions in containers: `python -m local.sam`.

`sam local start-api` serves the endpoints; at the next port, `sam local start-lambda` serves functions without a route.
"""

from __future__ import annotations

import contextlib
import ipaddress
import json
import os
import platform
import signal
import socket
import subprocess
import sys
import time
import urllib.parse
from collections.abc import Iterator
from types import FrameType
from typing import NoReturn

from admin import data
from local import engine, settings, tables, template
from local.find_engine import EngineError
from local.gateway import set_environment

# The host name of this machine inside the containers, set in samconfig.toml.
_HOST = "host.docker.internal"
_SAM = template.PROJECT / ".venv-sam" / "bin" / "sam"
# Fake, so that no request can ever use an AWS account.
_FAKE_CREDENTIALS = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local", "AWS_DEFAULT_REGION": "eu-west-1"}
_START_TIMEOUT_S = 300.0
_STOP_TIMEOUT_S = 20.0
_DOCKER_TIMEOUT_S = 30.0


class SamError(Exception):
    """The functions could not be served; the message says why in one sentence."""


def main() -> int:
    """Serve until interrupted, and return the exit code."""
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, _exit_on_signal)
    try:
        document = settings.read_seed(settings.seed_path())
        port = settings.port()
        with engine.start(host=reachable_address()) as store:
            fill(store, document)
            with start_api(store, port) as process, start_lambda(store, port + 1):
                return process.wait()
    except (settings.SettingError, data.DataError, EngineError, SamError) as error:
        print(error, file=sys.stderr)
        return 2


def _exit_on_signal(number: int, _: FrameType | None) -> NoReturn:
    """Exit with all clean-up, which a second signal does not interrupt."""
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, signal.SIG_IGN)
    sys.exit(128 + number)


def reachable_address() -> str:
    """Return an address of this machine that only containers can reach."""
    try:
        found = _docker("network", "inspect", "bridge", "--format", "{{json .IPAM.Config}}")
    except (OSError, subprocess.SubprocessError) as error:
        raise SamError("Docker does not answer: sam local runs the functions in its containers.") from error
    bridge = json.loads(found)[0]
    address = bridge.get("Gateway") or str(ipaddress.ip_network(bridge["Subnet"])[1])
    with socket.socket() as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            # Docker Desktop's bridge is inside its virtual machine, and containers' calls arrive at our loopback.
            return "127.0.0.1"
    return address


def fill(store: engine.Engine, document: dict[str, object]) -> None:
    """Create the tables and load seed data."""
    service = template.read()
    set_environment(service, store.endpoint)
    client = store.client()
    tables.create(client, service.tables)
    data.load(client, document)


def options(store: engine.Engine) -> list[str]:
    """Return the options that every `sam local` command needs."""
    architecture = "arm64" if platform.machine() in {"arm64", "aarch64"} else "x86_64"
    overrides = f"Architecture={architecture} DynamoDbEndpoint={_container_url(store)}"
    pulling = ["--skip-pull-image"] if os.environ.get("PULL") == "no" else []
    return ["--parameter-overrides", overrides, *pulling]


def _container_url(store: engine.Engine) -> str:
    return f"http://{_HOST}:{urllib.parse.urlsplit(store.endpoint).port}"


def start_api(store: engine.Engine, port: int) -> contextlib.AbstractContextManager[subprocess.Popen[bytes]]:
    """Run `sam local start-api` until the block ends."""
    return _start("start-api", store, port)


def start_lambda(store: engine.Engine, port: int) -> contextlib.AbstractContextManager[subprocess.Popen[bytes]]:
    """Run `sam local start-lambda` for the functions without a route until the block ends."""
    return _start("start-lambda", store, port, *(function.name for function in template.read().invoked_functions))


@contextlib.contextmanager
def _start(command: str, store: engine.Engine, port: int, *functions: str) -> Iterator[subprocess.Popen[bytes]]:
    # A session of its own: it removes its containers when it gets TERM, and Ctrl-C would come in between.
    process = subprocess.Popen(
        [str(_SAM), "local", command, *functions, "--port", str(port), *options(store)],
        cwd=template.PROJECT,
        env=_environment(),
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=engine.die_with_parent(signal.SIGTERM),
    )
    try:
        yield process
    finally:
        _stop(process)
        _remove_containers(store)


def wait_until_ready(process: subprocess.Popen[bytes], port: int) -> None:
    """Wait until something listens on the port."""
    deadline = time.monotonic() + _START_TIMEOUT_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise SamError(f"sam local ended with exit code {process.returncode}.")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise SamError(f"sam local did not answer within {_START_TIMEOUT_S:.0f} seconds.")


def invoke(store: engine.Engine, function: str, event: str) -> str:
    """Invoke a function once with `sam local invoke` and return its output."""
    command = [str(_SAM), "local", "invoke", function, "--event", event, *options(store)]
    done = subprocess.run(
        command, cwd=template.PROJECT, env=_environment(), check=False, capture_output=True, text=True
    )
    if done.returncode:
        raise SamError(f"sam local invoke {function} ended with exit code {done.returncode}: {done.stderr}")
    return done.stdout


def _environment() -> dict[str, str]:
    """Return the environment for sam, without the functions' variables: they would override the template's values."""
    withheld = {*template.read().environment, "AWS_PROFILE", "AWS_SESSION_TOKEN"}
    kept = {name: value for name, value in os.environ.items() if name not in withheld}
    return {**kept, **_FAKE_CREDENTIALS, "SAM_CLI_TELEMETRY": "0"}


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        # sam can swallow a SIGTERM that arrives during a request.
        process.kill()
        process.wait()


def _remove_containers(store: engine.Engine) -> None:
    """Remove the containers that sam leaves behind: when it starts many at once, it loses track of some."""
    sam_containers = _docker("ps", "--all", "--quiet", "--filter", "label=sam.cli.container.type=lambda").split()
    ours = f"DYNAMODB_ENDPOINT={_container_url(store)}"
    for container in sam_containers:
        with contextlib.suppress(subprocess.CalledProcessError):  # someone else's container, already gone
            if ours in json.loads(_docker("inspect", "--format", "{{json .Config.Env}}", container)):
                _docker("rm", "--force", container)


def _docker(*arguments: str) -> str:
    done = subprocess.run(["docker", *arguments], check=True, capture_output=True, text=True, timeout=_DOCKER_TIMEOUT_S)
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
