"""A gateway with the example data, and headless Chromium in front of it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.contract.conftest import base_url, store

__all__ = ["base_url", "store"]

_PROGRAMS = ("chromium", "chromium-headless-shell", "google-chrome")
# No sandbox, because tests often run as root; and nothing but the page asks for anything.
_OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium: the program that CHROMIUM names, or the one on PATH."""
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, _PROGRAMS)), None)
    if found is None:
        pytest.skip("No Chromium found: install it, as with `apt-get install chromium`, or name it with CHROMIUM.")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=found, args=_OPTIONS)
        yield started
        started.close()
