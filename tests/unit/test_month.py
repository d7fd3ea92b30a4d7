"""What a month costs is counted in templates and code, and the page says the same."""

from __future__ import annotations

from benchmarks import month


def test_the_page_has_the_table_that_is_counted() -> None:
    assert month.table() in month.PAGE.read_text(encoding="utf-8"), "Run `make month`, and put its table into the page."
