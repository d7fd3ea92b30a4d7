"""Compare a bill of materials of the layer with its locked requirements, and list the licences.

Run as `python -m admin.bill_of_materials build/layer.cdx.json`; `make bill-of-materials` makes the file.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from local.template import PROJECT

REQUIREMENTS = PROJECT / "layers" / "shared" / "requirements.txt"

Component = Mapping[str, Any]


def main(path: str) -> int:
    """Print each package with its licence and what is wrong, and return 1 if anything is."""
    components: list[Component] = json.loads(Path(path).read_text(encoding="utf-8"))["components"]
    for component in components:
        print(f"{component['name']} {component['version']}: {', '.join(licences(component))}")
    found = list(problems(components, REQUIREMENTS.read_text(encoding="utf-8")))
    print("\n".join([*found, f"{len(components)} packages, {len(found)} problems"]))
    return 1 if found else 0


def licences(component: Component) -> list[str]:
    """Return the licences that a package declares, by their SPDX ids or expressions where it uses these."""
    return [
        str(choice.get("expression") or choice["license"].get("id") or choice["license"]["name"])
        for choice in component.get("licenses", [])
    ]


def problems(components: list[Component], requirements: str) -> Iterator[str]:
    """Yield every difference between what is in the layer and what is locked, and every package without a licence."""
    present = {(_normal(component["name"]), component["version"]) for component in components}
    locked = {(_normal(name), version) for name, version in re.findall(r"^([\w.-]+)==([\w.]+)", requirements, re.M)}
    for name, version in sorted(present - locked):
        yield f"{name} {version} is in the layer but not locked"
    for name, version in sorted(locked - present):
        yield f"{name} {version} is locked but not in the layer"
    for component in components:
        if not licences(component):
            yield f"{component['name']} declares no licence"


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
