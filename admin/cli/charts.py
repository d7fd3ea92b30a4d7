"""Charts of calls and tokens per hour: bars in the terminal, or a page with plots."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any

from rich import box
from rich.bar import Bar
from rich.table import Table

from admin.cli.output import console
from admin.reports.times import Period

_BAR_WIDTH = 30
# In pixels.
_PLOT_WIDTH, _PLOT_HEIGHT = 1100, 240
_HOURS_PER_LABEL = 6
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
    """Return a bar chart as SVG; each bar shows its hour and number when pointed at."""
    most = max((row[column] for row in rows), default=0) or 1
    step = _PLOT_WIDTH / max(len(rows), 1)
    bars = []
    for place, row in enumerate(rows):
        height = _PLOT_HEIGHT * row[column] / most
        label = f"{row['hour']:%Y-%m-%d %H:%M %z}: {row[column]}"
        bars.append(
            f'<rect x="{place * step:.1f}" y="{_PLOT_HEIGHT - height:.1f}" width="{step * 0.8:.1f}" '
            f'height="{height:.1f}" fill="#36c"><title>{label}</title></rect>'
        )
        if row["hour"].hour % _HOURS_PER_LABEL == 0:
            bars.append(f'<text x="{place * step:.1f}" y="{_PLOT_HEIGHT + 16}">{row["hour"]:%d %b %H}</text>')
    size = f'width="{_PLOT_WIDTH}" height="{_PLOT_HEIGHT + 24}" font-size="11" font-family="sans-serif"'
    return f"<h2>{name} per hour, at most {most}</h2>\n<svg {size}>{''.join(bars)}</svg>"
