"""Charts of calls and tokens per hour: bars in the terminal, or a page with plots."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any

import pygal
from rich import box
from rich.bar import Bar
from rich.table import Table

from admin.cli.output import console
from admin.reports.times import Period

_BAR_WIDTH = 30
_PLOTS = (("calls", "Calls"), ("minutes", "Minutes of talk"), ("tokensTaken", "Tokens taken"))


def show(rows: Sequence[dict[str, Any]]) -> None:
    """Print two bars per hour: calls and tokens."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("hour")
    for column in ("calls", "tokensTaken"):
        table.add_column(column, justify="right")
        table.add_column(width=_BAR_WIDTH)
    most = {column: max((row[column] for row in rows), default=0) or 1 for column in ("calls", "tokensTaken")}
    for row in rows:
        cells: list[Any] = [row["hour"].strftime("%Y-%m-%d %H:%M %z")]
        for column, size in most.items():
            cells += [str(row[column]), Bar(size, 0, row[column], width=_BAR_WIDTH)]
        table.add_row(*cells)
    console().print(table)


def page(rows: Sequence[dict[str, Any]], period: Period) -> str:
    """Return an HTML page with a plot for calls, minutes and tokens; it loads nothing from elsewhere."""
    title = html.escape(f"Paidline, {period.first} to {period.last} ({period.zone.key})")
    plots = "\n".join(_plot(rows, column, name) for column, name in _PLOTS)
    head = f'<!doctype html>\n<html lang="en"><meta charset="utf-8"><title>{title}</title>'
    return f"{head}\n<h1>{title}</h1>\n{plots}\n</html>\n"


def _plot(rows: Sequence[dict[str, Any]], column: str, name: str) -> str:
    chart = pygal.Bar(
        title=name, height=320, width=1100, show_legend=False, js=[], disable_xml_declaration=True, x_label_rotation=40
    )
    chart.x_labels = [row["hour"].strftime("%d %b %H:%M") for row in rows]
    chart.add(name, [row[column] for row in rows])
    drawn: str = chart.render(is_unicode=True)
    return drawn
