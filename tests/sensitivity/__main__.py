"""Plants one defect after the other in a copy of the project and runs its tests there: `make sensitivity`.

Setting: ONLY, a part of the names of the defects to plant.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from local import engine, find_engine
from tests.sensitivity.defects import DEFECTS, Defect

PROJECT = Path(__file__).resolve().parents[2]
_COPIED = (
    "docs",
    "events",
    "examples",
    "functions",
    "layers",
    "admin",
    "local",
    "tests",
    "README.md",
    "template.yaml",
    "alarms.yaml",
    "backups.yaml",
    "deploy-role.yaml",
    "samconfig.toml",
    "stack-policy.json",
    "pyproject.toml",
)
_LONGEST_S = 300
_CAUGHT = 1


def main() -> int:
    """Ends with 1 where a defect survives, or the tests fail without any."""
    chosen = [defect for defect in DEFECTS if os.environ.get("ONLY", "") in defect.name]
    with tempfile.TemporaryDirectory() as folder, engine.start():
        copy = Path(folder)
        for name in _COPIED:
            _copy(PROJECT / name, copy / name)
        tests = sorted({test for defect in chosen for test in defect.tests})
        if failing := [test for test in tests if _run(copy, [test]) != 0]:
            print(f"Without any defect {', '.join(failing)} fails.")
            return 1
        survivors = [defect for defect in chosen if not _is_caught(copy, defect)]
    print(f"{len(chosen) - len(survivors)} caught / {len(chosen)} planted")
    return 1 if survivors else 0


def _copy(source: Path, target: Path) -> None:
    if source.is_file():
        shutil.copy(source, target)
        return
    left_out = shutil.ignore_patterns("node_modules", "__pycache__", "*.egg-info")
    shutil.copytree(source, target, ignore=left_out)


def _is_caught(copy: Path, defect: Defect) -> bool:
    file = copy / defect.path
    whole = file.read_text()
    file.write_text(defect.plant(whole))
    try:
        by = next((test for test in defect.tests if _run(copy, [test]) == _CAUGHT), None)
    finally:
        file.write_text(whole)
    print(f"{'caught by ' + by if by else 'SURVIVED':<52} {defect.name}", flush=True)
    return by is not None


def _run(copy: Path, tests: list[str]) -> int:
    """Runs tests on the copy; pytest ends with 1 where a test fails, and with another number where none could run."""
    # The installed package is the project's own, so the copy's goes before it.
    environment = {
        **os.environ,
        "PYTHONPATH": str(copy / "layers" / "shared" / "src"),
        "PYTHONDONTWRITEBYTECODE": "1",
        "DYNAMODB_ENGINE": str(find_engine.dynoxide() or ""),
    }
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests]
    try:
        return subprocess.run(
            command, cwd=copy, env=environment, timeout=_LONGEST_S, capture_output=True, check=False
        ).returncode
    except subprocess.TimeoutExpired:
        # Tests that end no more have noticed something.
        return _CAUGHT


if __name__ == "__main__":
    sys.exit(main())
