"""docs/operations.md names every command of `paidline import` with the fields that it takes."""

from __future__ import annotations

import re

from admin.importing.run import KINDS, STATUS_LOG, fields
from local.template import PROJECT

_TABLE = re.compile(r"^\| `import ([a-z-]+) FILE` \| (.*) \| .* \|$", re.M)


def test_the_page_has_a_row_for_every_kind_and_names_its_fields() -> None:
    rows = dict(_TABLE.findall((PROJECT / "docs" / "operations.md").read_text(encoding="utf-8")))

    assert rows.keys() == {*KINDS, STATUS_LOG}
    for noun in KINDS:
        plain = {name for name in fields(noun) if not name.startswith("_ctb") and name != "statusVisual"}
        assert plain <= set(re.findall(r"`([A-Za-z]+)`", rows[noun]))
