"""The file of rows that were not imported: each with its number and the reason, to be mended and imported itself."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from admin.importing import mapping, sources
from admin.importing.staging import Staging

if TYPE_CHECKING:
    from admin.importing.run import Source

# It holds personal data.
_OWNER_ONLY = 0o600


def default_path(path: Path) -> Path:
    """Return where the rejects of a file are written if nothing else is said: beside it, in its format."""
    suffix = ".csv" if sources.is_csv(path) else ".jsonl"
    return path.with_name(f"{path.name.removesuffix(path.suffix)}.rejects{suffix}")


def write(path: Path, source: Source, staging: Staging) -> None:
    """Write the rejected rows with their fields, so that no mapping is needed to import them. None: no file.

    The source is read once more, because nothing else has the rows as they were.
    """
    if not staging.count_rejects():
        return
    rows = _rejected(source, staging)
    first = next(rows)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _OWNER_ONLY)
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="", errors="backslashreplace") as file:
        if not sources.is_csv(path):
            for row in chain([first], rows):
                print(json.dumps(row), file=file)
            return
        writer = csv.DictWriter(file, list(first), restval="", extrasaction="ignore")
        writer.writeheader()
        writer.writerows(chain([first], rows))


def _rejected(source: Source, staging: Staging) -> Iterator[dict[str, Any]]:
    rejects = staging.rejects()
    reject = next(rejects, None)
    for row in mapping.rows(source.path, source.mapping, staging.find_meta):
        if reject is None:
            return
        if row.number == reject.row:
            yield {**row.values, **dict(zip(sources.REJECT_FIELDS, reject, strict=True))}
            reject = next(rejects, None)
