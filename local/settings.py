"""Settings from environment variables, which `make` passes on."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from local import template

EXAMPLE_DATA = template.PROJECT / "local" / "example_data.json"
_MAX_PORT = 65535


class SettingError(Exception):
    """A setting cannot be used; the message says why in one sentence."""


def port() -> int:
    """Return PORT, or the documented default."""
    text = os.environ.get("PORT") or "3000"
    if not (text.isascii() and text.isdigit() and int(text) <= _MAX_PORT):
        raise SettingError(f"PORT is {text!r}, which is not a port number.")
    return int(text)


def seed_path() -> Path | None:
    """Return SEED, or the path of the example data; None if SEED is "none", for an empty service."""
    text = os.environ.get("SEED") or EXAMPLE_DATA
    return None if text == "none" else Path(text)


def read_seed(path: Path | None) -> dict[str, Any]:
    """Read a file of seed data; None is no data. Raises SettingError if it is not readable JSON."""
    if path is None:
        return {}
    try:
        document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingError(f"SEED {path} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise SettingError(f"SEED {path} is not JSON: {error}.") from error
    return document


def required(name: str, what: str) -> str:
    """Return a setting that has no default; `what` describes it in the error."""
    value = os.environ.get(name)
    if not value:
        raise SettingError(f"{name} is missing: it names {what}.")
    return value
