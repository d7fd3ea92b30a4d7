"""Writes the dialplan under test as one file, because an Asterisk in a container of its own sees no other."""

from __future__ import annotations

import re
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
_INCLUDE = re.compile(r'^#include "(.+)"$', re.MULTILINE)


def text() -> str:
    """The test's extensions.conf with its #include lines written out."""
    source = (FOLDER / "extensions.conf").read_text(encoding="utf-8")
    return _INCLUDE.sub(lambda line: (FOLDER / line[1]).read_text(encoding="utf-8"), source)
