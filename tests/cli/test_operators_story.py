"""The story of docs/operations.md runs as it stands there, on an empty service."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from local import find_engine
from local.template import PROJECT

_TITLE = "From nothing to a first paid call"
_PHONE_NUMBER, _PIN = "31688006395", "695334"


@pytest.fixture
def url() -> Iterator[str]:
    environment = {**os.environ, "SEED": "none", "PORT": "0", "DYNAMODB_ENGINE": str(find_engine.dynoxide() or "")}
    process = subprocess.Popen(
        [sys.executable, "-m", "local"], cwd=PROJECT, env=environment, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    try:
        lines = iter(process.stdout.readline, "Ctrl-C ends it.\n")
        (yield re.findall(r"http://127\.0\.0\.1:[0-9]+", " ".join(lines))[0])
    finally:
        process.send_signal(signal.SIGINT)
        process.stdout.read()
        process.stdout.close()
        process.wait()


def _story() -> list[str]:
    page = (PROJECT / "docs" / "operations.md").read_text(encoding="utf-8")
    (section,) = re.findall(rf"^## {_TITLE}\n(.*?)^## ", page, flags=re.M | re.S)
    blocks: list[str] = re.findall(r"^```\n(.*?)^```$", section, flags=re.M | re.S)
    return blocks


def test_a_new_operator_can_follow_the_story_to_the_letter(url: str, tmp_path: Path) -> None:
    command = tmp_path / "paidline"
    command.write_text(f'#!/bin/sh\nPYTHONPATH="{PROJECT}" exec "{sys.executable}" -m admin.cli "$@"\n')
    command.chmod(0o755)
    (tmp_path / "examples").symlink_to(PROJECT / "examples")
    script = "\n".join(["set -euo pipefail", *_story()]).replace("http://127.0.0.1:3000", url)

    done = subprocess.run(
        ["bash", "-c", script],
        cwd=tmp_path,
        env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "COLUMNS": "300"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert '"status":0' not in done.stdout
    assert '"tokensCharged":"92"' in done.stdout
    assert "Refund of entry 3" in done.stdout
    assert "1 wallets, 9 ledger entries, 0 tokens: 0 problems" in done.stdout
    exported = (tmp_path / "caller.json").read_text(encoding="utf-8")
    assert _PHONE_NUMBER in exported
    assert _PIN in exported
