"""What docs/paid-calls.md says of the kit: its tests, its size, its files."""

from __future__ import annotations

import re

from local import template

_KIT = template.PROJECT / "examples" / "asterisk"
_PAGE = (template.PROJECT / "docs" / "paid-calls.md").read_text(encoding="utf-8")


def _steps(text: str) -> int:
    """The number of dialplan steps."""
    return len(re.findall(r"^(exten| same) ", text, flags=re.M))


def _old_flow() -> str:
    """The documented requests' call, without the ten subroutines that it has in common with other dialplans."""
    text = (_KIT / "extensions.conf").read_text(encoding="utf-8")
    return text[text.index("\n[paidline-call]") :]


def test_every_row_of_the_table_names_tests_that_exist() -> None:
    table = _PAGE.partition("## What happens when")[2].partition("\n\nIn no row")[0]
    rows = [line for line in table.splitlines() if line.startswith("| ") and not line.startswith("| |")]
    tests = "".join(
        path.read_text(encoding="utf-8") for path in (template.PROJECT / "tests/asterisk").glob("test_*.py")
    )

    assert len(rows) >= 25
    for row in rows:
        names = re.findall(r"`(test_\w+)`", row)
        assert names, row
        assert [name for name in names if f"def {name}(" not in tests] == []


def test_no_row_leaves_an_agent_in_conversation() -> None:
    assert "**" not in _PAGE.partition("## What happens when")[2].partition("## Times")[0]


def test_a_call_of_two_requests_takes_at_most_half_the_steps() -> None:
    steps = _steps((_KIT / "paid-call.conf").read_text(encoding="utf-8"))

    assert steps <= _steps(_old_flow()) / 2
    assert f"`paid-call.conf` is a call in {steps} lines" in _PAGE


def test_every_file_that_is_installed_exists() -> None:
    for name in ("paid-call.conf", "globals.conf", "paidline_sync.py", "paidline-sync.service", "paidline-sync.timer"):
        assert name in _PAGE
        assert (_KIT / name).exists()
