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
from tests.support import story


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


@pytest.mark.unmeasured
def test_a_new_operator_can_follow_the_story_to_the_letter(url: str, tmp_path: Path) -> None:
    story.follow(tmp_path, f"PAIDLINE_URL={url}", url, {})
