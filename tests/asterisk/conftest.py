"""What the scenarios share. They need an Asterisk, so they only run when ASTERISK_COMMAND says how to start one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.asterisk import dialplan, pbx, service, slow_door, synchroniser

# What single scenarios change.
_SETTINGS = {
    "PAIDLINE_RETRY_FOR": "30",
    "PAIDLINE_ACCEPT": "no",
    "PAIDLINE_AGENT_SEES": "service",
    "PAIDLINE_WARN_AT": "60",
    "PAIDLINE_PBX": "pbx1",
    "PAIDLINE_CALLS_HASH": service.CALLS_HASH,
}

collect_ignore_glob = [] if os.environ.get("ASTERISK_COMMAND") else ["test_*.py"]


@pytest.fixture(scope="session", name="asterisk")
def _asterisk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[pbx.Pbx]:
    path = tmp_path_factory.mktemp("asterisk") / "extensions.conf"
    path.write_text(dialplan.text(), encoding="utf-8")
    with pbx.running(os.environ["ASTERISK_COMMAND"], path) as running:
        yield running


@pytest.fixture(scope="session", name="_service")
def _service_of_all() -> Iterator[service.Service]:
    with service.running() as running:
        yield running


@pytest.fixture(name="api")
def _api(_service: service.Service, asterisk: pbx.Pbx) -> service.Service:
    """The service with the example data, running, and known to Asterisk."""
    _service.reset()
    _service.start()
    asterisk.use(_service.url)
    for name, value in _SETTINGS.items():
        asterisk.cli(f"dialplan set global {name} {value}")
    for family in ("paidline", "paidline-talk", "paidline-alive", "paidline-end"):
        asterisk.cli(f"database deltree {family}")
    return _service


@pytest.fixture(name="sync")
def _sync(api: service.Service, asterisk: pbx.Pbx, tmp_path: Path) -> synchroniser.Synchroniser:
    """paidline-sync, as its timer runs it."""
    return synchroniser.install(tmp_path, asterisk.command, api.url)


@pytest.fixture(scope="session", name="_door")
def _door_of_all(_service: service.Service) -> Iterator[slow_door.Door]:
    with slow_door.running(_service.port) as door:
        yield door


@pytest.fixture(name="door")
def _door(_door: slow_door.Door, api: service.Service, asterisk: pbx.Pbx) -> slow_door.Door:
    """A door before the service, through which Asterisk's requests go."""
    _door.reset()
    asterisk.use(_door.url)
    return _door


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Prints how many scenarios passed."""
    if "ASTERISK_COMMAND" not in os.environ:
        return
    for report in terminalreporter.getreports("passed"):
        for name, value in report.user_properties:
            terminalreporter.write_line(f"{name}: {value}")
    passed = len(terminalreporter.getreports("passed"))
    others = len(terminalreporter.getreports("failed")) + len(terminalreporter.getreports("error"))
    terminalreporter.write_line(f"{passed}/{passed + others} scenarios passed")
