"""The operator's story of docs/operations.md, to be followed on any service."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from local.template import PROJECT

_TITLE = "From nothing to a first paid call"
_LOCAL = "http://127.0.0.1:3000"
_PHONE_NUMBER, _PIN = "31688006395", "695334"


def follow(folder: Path, service: str, api_url: str, environment: Mapping[str, str]) -> None:
    """Follow the story in a folder, to the letter but for the service: PAIDLINE_STACK or PAIDLINE_URL, and its API."""
    command = folder / "paidline"
    command.write_text(f'#!/bin/sh\nPYTHONPATH="{PROJECT}" exec "{sys.executable}" -m admin.cli "$@"\n')
    command.chmod(0o755)
    (folder / "examples").symlink_to(PROJECT / "examples")
    script = "\n".join(["set -euo pipefail", *_blocks()])
    assert f"PAIDLINE_URL={_LOCAL}" in script
    script = script.replace(f"PAIDLINE_URL={_LOCAL}", service).replace(_LOCAL, api_url)
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=folder,
        env={**os.environ, "PATH": f"{folder}:{os.environ['PATH']}", "COLUMNS": "300", **environment},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert '"status":0' not in done.stdout
    assert '"tokensCharged":"92"' in done.stdout
    assert "Refund of entry 3" in done.stdout
    assert "1 wallets, 9 ledger entries, 0 tokens: 0 problems" in done.stdout
    exported = (folder / "caller.json").read_text(encoding="utf-8")
    assert _PHONE_NUMBER in exported
    assert _PIN in exported


def _blocks() -> list[str]:
    page = (PROJECT / "docs" / "operations.md").read_text(encoding="utf-8")
    (section,) = re.findall(rf"^## {_TITLE}\n(.*?)^## ", page, flags=re.M | re.S)
    blocks: list[str] = re.findall(r"^```\n(.*?)^```$", section, flags=re.M | re.S)
    return blocks
