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

# Two parties talk in a bridge, and its time limit is a feature of its own; a small Asterisk may lack both.
_MODULES = ("bridge_simple", "bridge_builtin_features", "bridge_builtin_interval_features")
_CALL_SECONDS = 90
_WAIT_SECONDS = 20


@dataclass(frozen=True)
class Pbx:
    """A running Asterisk."""

    command: tuple[str, ...]

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

    def wait_for_channel(self, pattern: str) -> str:
        """Waits until the list of channels has a line like the pattern, and returns the line."""
        deadline = time.monotonic() + _WAIT_SECONDS
        while time.monotonic() < deadline:
            for line in self.cli("core show channels concise").splitlines():
                if re.search(pattern, line):
                    return line
            time.sleep(0.1)
        raise AssertionError(f"no channel like {pattern}")


@contextmanager
def running(command: str, dialplan: Path) -> Iterator[Pbx]:
    """Runs Asterisk with a dialplan until the block ends."""
    words = tuple(shlex.split(command))
    subprocess.run([*words, "start", str(dialplan)], check=True, stdout=subprocess.DEVNULL)
    try:
        pbx = Pbx(words)
        for module in _MODULES:
            pbx.cli(f"module load {module}.so")
        yield pbx
    finally:
        subprocess.run([*words, "stop"], check=True, stdout=subprocess.DEVNULL)
