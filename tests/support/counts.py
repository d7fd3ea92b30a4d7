"""How many of the promised comparisons were made, and how many passed."""

from __future__ import annotations

from collections.abc import Mapping

import pytest


def write(reporter: pytest.TerminalReporter, counted: Mapping[str, str]) -> None:
    """Write a line for each test of `counted`, which maps the end of its name to what it compares."""
    for test, what in counted.items():
        passed, failed, broken = (
            sum(f"{test}[" in report.nodeid for report in reporter.getreports(outcome))
            for outcome in ("passed", "failed", "error")
        )
        if asked := passed + failed + broken:
            reporter.write_line(f"{passed}/{asked} {what}")
