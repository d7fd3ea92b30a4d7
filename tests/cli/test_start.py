"""How the command line starts: quickly, and interrupted at any time without a traceback."""

from __future__ import annotations

import subprocess
import sys
from types import ModuleType

import pytest

from admin.cli.main import run
from local.template import PROJECT
from paidline.version import VERSION

# What takes longer to import than the command line itself. Typer imports pydantic once it reads a value.
SLOW = ("botocore", "ijson", "rich")
HELP = "run(['--help'])"
COMPLETION = (
    "os.environ.update(_PAIDLINE_COMPLETE='complete_bash', COMP_WORDS='paidline hash ', COMP_CWORD='2'); run([])"
)


@pytest.mark.parametrize("use", [HELP, "run(['wallet', 'erase', '--help'])", COMPLETION], ids=["help", "noun", "Tab"])
def test_help_and_completion_import_nothing_slow(use: str) -> None:
    code = f"import os, sys; from admin.cli.main import run; {use}; print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True)

    assert done.stdout
    assert not {name for name in done.stderr.split() if name.partition(".")[0] in SLOW}


def test_every_command_has_help_with_an_example_on_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    nouns = (
        "service",
        "import",
        "compare",
        "hash",
        "number",
        "agent",
        "wallet",
        "calls",
        "ledger",
        "report",
        "erasure",
    )
    for noun in nouns:
        assert run([noun, "--help"]) == 0
        listed = capsys.readouterr().out.partition("Commands:\n")[2].splitlines()
        assert listed
        for name in (line.split()[0] for line in listed if line[2] != " "):
            assert run([noun, name, "--help"]) == 0
            (example,) = [line for line in capsys.readouterr().out.splitlines() if "Example: " in line]
            assert example.endswith("`")


def test_the_version_is_that_of_the_deployed_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == 0
    assert capsys.readouterr().out == f"{VERSION}\n"


def test_a_noun_without_a_command_shows_its_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["wallet"]) == 2
    assert "Usage: paidline wallet" in capsys.readouterr().err


class _Interrupted(ModuleType):
    def __getattr__(self, name: str) -> object:
        raise KeyboardInterrupt


def test_an_interruption_while_the_commands_are_imported_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "admin.cli.app", _Interrupted("admin.cli.app"))

    assert run(["--help"]) == 2
    assert capsys.readouterr().err == "Interrupted: what was done until then stays.\n"


def test_an_interruption_while_a_command_runs_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setenv("PAIDLINE_URL", "http://127.0.0.1:9")
    monkeypatch.setattr("admin.cli.connection.Connection.run", interrupt)

    assert run(["service", "describe"]) == 2
    assert capsys.readouterr().err == "Interrupted: what was done until then stays.\n"
