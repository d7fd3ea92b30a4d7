"""The command line on the example data, in this process."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.api import Api
from tests.support.command_line import CommandLine, HandlerTarget


@pytest.fixture
def paidline(
    engine_api: Api,
    logged: Callable[[], str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> CommandLine:
    """The command line `paidline`, with the example data on the real engine; `logged` takes the service's own lines."""
    target = HandlerTarget(engine_api)
    monkeypatch.setattr("admin.cli.command.Session._target", lambda _: target)
    monkeypatch.setenv("PAIDLINE_OPERATOR", "tester")
    return CommandLine(engine_api, capsys)
