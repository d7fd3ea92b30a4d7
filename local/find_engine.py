"""Find the program that serves as the DynamoDB engine on this machine.

In order of preference: the program that DYNAMODB_ENGINE names, dynoxide on PATH, dynoxide from npm for this platform,
the DynamoDB Local that DYNAMODB_LOCAL names (its jar, or its Docker image), and moto.
"""

from __future__ import annotations

import fcntl
import importlib.util
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

_NPM_FOLDER = Path(__file__).resolve().parent / "engine"
_FALLBACK = _NPM_FOLDER.parent.parent / "requirements" / "fallback.txt"
_MOTO_NOTICE = (
    "No suitable engine found: using moto, which is slow and incorrect under concurrency. Install one with "
    "`brew install nubo-db/tap/dynoxide`, or set DYNAMODB_LOCAL to DynamoDBLocal.jar or amazon/dynamodb-local."
)


class EngineError(Exception):
    """No engine can be used; the message says why in one sentence."""


class Program(NamedTuple):
    """A program that serves DynamoDB's API.

    `command` builds its command line from an address, a port and a data folder, which is None for memory only.
    `database` is the file that it keeps in the data folder, or None if it cannot persist data.
    """

    command: Callable[[str, int, Path | None], list[str]]
    database: str | None


def package(system: str, machine: str) -> str:
    """Return the npm package of dynoxide for a platform, given `sys.platform` and `platform.machine()`."""
    processors = {"x86_64": "x64", "aarch64": "arm64"}
    return f"@dynoxide/{system}-{processors.get(machine, machine)}"


_PACKAGED = _NPM_FOLDER / "node_modules" / package(sys.platform, platform.machine()) / "dynoxide"

DYNOXIDE_DATABASE = "dynamodb.sqlite"
_DYNAMODB_LOCAL_DATABASE = "shared-local-instance.db"
# For a short-lived process: compile only once, and collect garbage without extra threads.
_JAVA_OPTIONS = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
_DATABASES = (DYNOXIDE_DATABASE, _DYNAMODB_LOCAL_DATABASE)


def find() -> Program:
    """Find the engine, installing it from npm first if possible and necessary."""
    path = dynoxide()
    if path is not None:
        return _dynoxide(path)
    named = os.environ.get("DYNAMODB_LOCAL")
    if named:
        return _jar(Path(named)) if named.endswith(".jar") else _image(named)
    return Program(_moto_command, None)


def dynoxide() -> Path | None:
    """Find dynoxide, or the program that DYNAMODB_ENGINE names instead."""
    named = os.environ.get("DYNAMODB_ENGINE")
    if named:
        if not (os.path.isfile(named) and os.access(named, os.X_OK)):
            raise EngineError(f"DYNAMODB_ENGINE names {named}, which is not a program.")
        return Path(named)
    installed = shutil.which("dynoxide")
    if installed:
        return Path(installed)
    if not _PACKAGED.exists():
        _install()
    return _PACKAGED if _PACKAGED.exists() else None


def prepare(program: Program, data: Path) -> None:
    """Create the data folder. Raises EngineError if the program cannot persist data, or not in this folder."""
    if program.database is None:
        raise EngineError("DATA needs another engine: moto keeps nothing on disk.")
    for other in _DATABASES:
        if other != program.database and (data / other).exists():
            raise EngineError(f"DATA {data} was filled by another engine, which kept its data in {other}.")
    data.mkdir(parents=True, exist_ok=True)


def _install() -> None:
    npm = shutil.which("npm")
    if npm is None:
        return
    with (_NPM_FOLDER / "package.json").open() as lock:
        # Two test runs may start at the same time, and `npm ci` empties the folder first.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not _PACKAGED.exists():
            # A failure, such as no network or no package for this platform, shows as a missing program.
            subprocess.run([npm, "ci", "--silent", "--no-audit", "--no-fund"], cwd=_NPM_FOLDER, check=False)


def _dynoxide(path: Path) -> Program:
    def command(host: str, port: int, data: Path | None) -> list[str]:
        stored = [] if data is None else ["--db-path", str(data / DYNOXIDE_DATABASE)]
        return [str(path), "serve", "--host", host, "--port", str(port), *stored]

    return Program(command, DYNOXIDE_DATABASE)


def _jar(jar: Path) -> Program:
    if not jar.is_file():
        raise EngineError(f"DYNAMODB_LOCAL names {jar}, which is not a file.")
    java = _runner("java", str(jar))

    def command(_: str, port: int, data: Path | None) -> list[str]:
        # It always listens on all addresses of the machine; there is no option for that.
        return [java, *_JAVA_OPTIONS, "-jar", str(jar), "-port", str(port), *_dynamodb_local_options(data)]

    return Program(command, _DYNAMODB_LOCAL_DATABASE)


def _image(image: str) -> Program:
    docker = _runner("docker", image)

    def command(host: str, port: int, data: Path | None) -> list[str]:
        publish = ["--publish", f"{host}:{port}:8000"]
        # The container's default user cannot write to our folder.
        owner = ["--user", f"{os.getuid()}:{os.getgid()}"]
        mount = [] if data is None else ["--volume", f"{data.resolve()}:/data", *owner]
        options = _dynamodb_local_options(None if data is None else Path("/data"))
        return [docker, "run", "--rm", "--init", *publish, *mount, image, "-jar", "DynamoDBLocal.jar", *options]

    return Program(command, _DYNAMODB_LOCAL_DATABASE)


def _runner(program: str, what: str) -> str:
    path = shutil.which(program)
    if path is None:
        raise EngineError(f"DYNAMODB_LOCAL names {what}, and there is no {program} on PATH to run it.")
    return path


def _dynamodb_local_options(data: Path | None) -> list[str]:
    return ["-sharedDb", "-disableTelemetry", *(["-inMemory"] if data is None else ["-dbPath", str(data)])]


def _moto_command(host: str, port: int, _: Path | None) -> list[str]:
    print(_MOTO_NOTICE, file=sys.stderr, flush=True)
    if importlib.util.find_spec("moto") is None:
        _install_moto()
    return [sys.executable, str(Path(__file__).with_name("moto_engine.py")), host, str(port)]


def _install_moto() -> None:
    """Install moto only when it is needed, so that others do not wait for it."""
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
