"""Options whose values are more than text."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import typer


def whole_number(text: object) -> int:
    """Read a whole number, which may be negative."""
    if not re.fullmatch(r"-?[0-9]{1,20}", str(text).strip()):
        raise typer.BadParameter("not a whole number.")
    return int(str(text))


def day(text: str) -> date:
    """Read a day."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter("not a day that exists, written YYYY-MM-DD.") from error


def number_option(*names: str, **settings: Any) -> Any:
    """Return an option whose value is a whole number."""
    return typer.Option(*names, parser=whole_number, metavar="NUMBER", **settings)


def day_option(*names: str, **settings: Any) -> Any:
    """Return an option whose value is a day."""
    return typer.Option(*names, parser=day, metavar="YYYY-MM-DD", **settings)
