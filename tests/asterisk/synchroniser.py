"""Runs the kit's paidline-sync as its timer does, with settings of its own and the Asterisk under test."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.asterisk.service import CALLS_HASH

_SCRIPT = Path(__file__).resolve().parents[2] / "examples" / "asterisk" / "paidline_sync.py"
_WAIT_SECONDS = 60


@dataclass(frozen=True)
class Synchroniser:
    """paidline-sync with its settings."""

    settings: Path
    asterisk: Path

    def run(self) -> str:
        """Runs it once and returns what it said; it has to succeed."""
        done = self.try_to_run()
        assert done.returncode == 0, done.stderr
        return done.stdout

    def break_asterisk(self) -> None:
        """Lets Asterisk answer without an error, but not with what it was asked for."""
        self.asterisk.write_text("#!/bin/sh\necho \"No such command 'group show channels'\"\n", encoding="utf-8")

    def try_to_run(self) -> subprocess.CompletedProcess[str]:
        """Runs it once."""
        return subprocess.run(
            [sys.executable, str(_SCRIPT), str(self.settings)],
            check=False,
            capture_output=True,
            text=True,
            timeout=_WAIT_SECONDS,
            env=os.environ | {"PATH": f"{self.asterisk.parent}{os.pathsep}{os.environ['PATH']}"},
        )


def install(folder: Path, asterisk: tuple[str, ...], url: str) -> Synchroniser:
    """Writes the settings, and the command `asterisk -rx COMMAND` for an Asterisk behind another command."""
    settings = folder / "globals.conf"
    settings.write_text(
        f"PAIDLINE_CALLS_URL={url}\nPAIDLINE_CALLS_HASH={CALLS_HASH}\nPAIDLINE_PBX=pbx1 ; of its own\n",
        encoding="utf-8",
    )
    settings.chmod(0o600)
    command = folder / "asterisk"
    command.write_text(f'#!/bin/sh\nexec {shlex.join(asterisk)} cli "$2"\n', encoding="utf-8")
    command.chmod(0o700)
    return Synchroniser(settings, command)
