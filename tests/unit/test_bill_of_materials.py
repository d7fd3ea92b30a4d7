"""What is in the layer has to be what is locked, each package with a licence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from admin import bill_of_materials
from admin.bill_of_materials import problems

LOCKED = "six==1.17.0 \\\n    --hash=sha256:0\ntyping-extensions==4.16.0 \\\n    --hash=sha256:1\n"
SIX: dict[str, Any] = {"name": "six", "version": "1.17.0", "licenses": [{"license": {"id": "MIT"}}]}
TYPING = {"name": "typing_extensions", "version": "4.16.0", "licenses": [{"expression": "PSF-2.0"}]}


def test_a_layer_of_what_is_locked_has_no_problem() -> None:
    assert list(problems([SIX, TYPING], LOCKED)) == []


@pytest.mark.parametrize(
    ("components", "problem"),
    [
        ([SIX], "typing-extensions 4.16.0 is locked but not in the layer"),
        ([SIX, TYPING, {**SIX, "name": "boto3"}], "boto3 1.17.0 is in the layer but not locked"),
        ([{**SIX, "version": "1.16.0"}, TYPING], "six 1.16.0 is in the layer but not locked"),
        ([{**SIX, "licenses": []}, TYPING], "six declares no licence"),
    ],
)
def test_a_difference_or_a_missing_licence_is_named(components: list[Any], problem: str) -> None:
    assert problem in list(problems(components, LOCKED))


def test_the_licences_are_listed_and_problems_end_with_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "layer.cdx.json"
    file.write_text(json.dumps({"components": [SIX]}), encoding="utf-8")

    assert bill_of_materials.main(str(file)) == 1
    assert "six 1.17.0: MIT\n" in capsys.readouterr().out
