"""Drives an Asterisk through the four verbs that tests/asterisk/README.md describes."""

from __future__ import annotations

import re
import shlex
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

# What the kit and the scenarios need and the command's own Asterisk may not have loaded. Two parties talk in a bridge,
# and its time limit is a feature of its own.
_MODULES = (
    *("bridge_simple", "bridge_builtin_features", "bridge_builtin_interval_features"),
    *("app_exec", "app_senddtmf", "app_system", "func_cut", "func_db", "func_global", "func_groupcount", "func_lock"),
)
_CALL_SECONDS = 90
_WAIT_SECONDS = 20


@dataclass(frozen=True)
class Pbx:
    """A running Asterisk."""

    command: tuple[str, ...]
    dialplan: Path

    def start(self) -> None:
        """Starts Asterisk, which forgets the globals that it was told before."""
        subprocess.run([*self.command, "start", str(self.dialplan)], check=True, stdout=subprocess.DEVNULL)
        for module in _MODULES:
            self.cli(f"module load {module}.so")

    def crash(self) -> None:
        """Kills Asterisk as a machine does that loses its power."""
        self.place("dies", "crash")
        deadline = time.monotonic() + _WAIT_SECONDS
        while self._answers():
            assert time.monotonic() < deadline, "Asterisk did not die"
            time.sleep(0.1)

    def use(self, url: str) -> None:
        """Tells the kit where the API is."""
        for name in ("PAIDLINE_AGENTS_URL", "PAIDLINE_CREDIT_URL", "PAIDLINE_CALLS_URL"):
            self.cli(f"dialplan set global {name} {url}")

    def place(self, exten: str, context: str, **settings: str) -> None:
        """Places a call, and does not wait for its end."""
        for name, value in settings.items():
            self.cli(f'dialplan set global {name} "{value}"')
        self.cli(f"channel originate Local/{exten}@{context} application Wait 30")

    def call(self, exten: str, context: str, **settings: str) -> str:
        """Places a call, waits until everything it started has ended, and returns what Asterisk said."""
        with self.calling(exten, context, **settings) as end:
            return end()

    @contextmanager
    def calling(self, exten: str, context: str, **settings: str) -> Iterator[Callable[[], str]]:
        """Places a call that goes on while the block runs; the block calls what it is given to wait for the end."""
        for name, value in settings.items():
            self.cli(f'dialplan set global {name} "{value}"')
        process = subprocess.Popen(
            [*self.command, "call", exten, context], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        try:
            yield lambda: process.communicate(timeout=_CALL_SECONDS)[0]
        finally:
            if process.poll() is None:
                process.kill()
                process.communicate()

    def cli(self, command: str) -> str:
        """Runs a CLI command."""
        return subprocess.run(
            [*self.command, "cli", command], check=True, capture_output=True, text=True, timeout=_WAIT_SECONDS
        ).stdout

    def journal(self) -> list[str]:
        """The rows of calls that are not settled yet."""
        rows = self.cli("database show paidline").splitlines()
        return [row for row in rows if row.startswith("/paidline/")]

    def kept_ends(self) -> list[str]:
        """The rows of paid calls whose end is not delivered yet."""
        rows = self.cli("database show paidline-end").splitlines()
        return [row for row in rows if row.startswith("/paidline-end/")]

    def wait_for_channel(self, pattern: str) -> str:
        """Waits until the list of channels has a line like the pattern, and returns the line."""
        deadline = time.monotonic() + _WAIT_SECONDS
        while time.monotonic() < deadline:
            for line in self.cli("core show channels concise").splitlines():
                if re.search(pattern, line):
                    return line
            time.sleep(0.1)
        raise AssertionError(f"no channel like {pattern}")

    def _answers(self) -> bool:
        asked = subprocess.run(
            [*self.command, "cli", "core show uptime"], check=False, capture_output=True, timeout=_WAIT_SECONDS
        )
        return asked.returncode == 0


@contextmanager
def running(command: str, dialplan: Path) -> Iterator[Pbx]:
    """Runs Asterisk with a dialplan until the block ends."""
    pbx = Pbx(tuple(shlex.split(command)), dialplan)
    pbx.start()
    try:
        yield pbx
    finally:
        subprocess.run([*pbx.command, "stop"], check=True, stdout=subprocess.DEVNULL)
