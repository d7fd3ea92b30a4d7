"""Who may import whom: functions, management, api, domain, store, paidline's own modules, each only those after it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.template import PROJECT

LAYER = PROJECT / "layers" / "shared" / "src"
PACKAGES = ("functions", "management", "api", "domain", "store", "paidline", "local", "admin", "benchmarks", "tests")
# "paidline" stands for the modules that lie directly in it, such as paidline.errors.
MAY_IMPORT = {
    "functions": {"management", "api", "domain", "store", "paidline"},
    "management": {"management", "api", "domain", "store", "paidline"},
    "api": {"api", "domain", "store", "paidline"},
    "domain": {"domain", "store", "paidline"},
    "store": {"store", "paidline"},
    "paidline": {"paidline"},
    "local": {"local", "admin", "management", "api", "domain", "store", "paidline"},
    "admin": {"local", "admin", "management", "api", "domain", "store", "paidline"},
    "benchmarks": set(PACKAGES) - {"tests"},
}
FOLDERS = {
    **{name: PROJECT / name for name in ("functions", "local", "admin", "benchmarks")},
    **{name: LAYER / "paidline" / name for name in ("management", "api", "domain", "store")},
    "paidline": LAYER / "paidline",
}


def modules(package: str) -> list[Path]:
    folder = FOLDERS[package]
    return sorted(folder.glob("*.py") if package == "paidline" else folder.rglob("*.py"))


def package_of(module: str) -> str | None:
    """The package of ours that a module belongs to, None for anybody else's."""
    first, *rest = module.split(".")
    if first == "paidline" and rest and rest[0] in ("management", "api", "domain", "store"):
        return rest[0]
    return first if first in PACKAGES else None


def imported(code: str) -> Iterator[tuple[str, int]]:
    """Every name that the code imports, with its line: `paidline.store.agents.Agent` for a class of a module."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            yield from ((f"{module}.{alias.name}", node.lineno) for alias in node.names)


def violations(package: str, path: str, code: str) -> Iterator[str]:
    """Each forbidden import, as a sentence."""
    for name, line in imported(code):
        target = package_of(name)
        if name.startswith("."):
            yield f"{path}:{line} imports {name}: write the absolute name of the module."
        elif target and target not in MAY_IMPORT[package]:
            allowed = ", ".join(sorted(MAY_IMPORT[package]))
            yield f"{path}:{line} imports {name}, but {package} may import only {allowed}."
        # Functions know the store's types, such as CallSession, and leave its calls to the domain.
        elif package == "functions" and target == "store" and not name.rpartition(".")[2][0].isupper():
            yield f"{path}:{line} imports {name}, but functions may import only types from store."


@pytest.mark.parametrize("package", FOLDERS)
def test_a_package_imports_only_what_it_may(package: str) -> None:
    paths = modules(package)
    found = [
        sentence
        for path in paths
        for sentence in violations(package, str(path.relative_to(PROJECT)), path.read_text(encoding="utf-8"))
    ]

    assert paths
    assert not found, "\n".join(found)


def test_only_the_admin_function_imports_management() -> None:
    importing = {
        path.parent.name
        for path in modules("functions")
        for name, _ in imported(path.read_text(encoding="utf-8"))
        if package_of(name) == "management"
    }

    assert importing == {"admin"}


@pytest.mark.parametrize(
    ("package", "code", "sentence"),
    [
        ("store", "from paidline.domain import agents", "store may import only paidline, store"),
        ("store", "if TYPE_CHECKING:\n    import paidline.api.response", "store may import only paidline, store"),
        ("domain", "def f():\n    from paidline import api", "domain may import only domain, paidline, store"),
        ("paidline", "from paidline.store import cache", "paidline may import only paidline"),
        ("api", "import local", "api may import only api, domain, paidline, store"),
        ("functions", "from paidline.store import transaction", "functions may import only types from store"),
        ("functions", "from functions.get_status_log import app", "functions may import only api, domain"),
        ("benchmarks", "from tests.support import store", "benchmarks may import only"),
        ("domain", "from . import wallets", "write the absolute name"),
    ],
)
def test_a_forbidden_import_is_reported_wherever_it_stands(package: str, code: str, sentence: str) -> None:
    (found,) = violations(package, "module.py", code)

    assert found.startswith("module.py:")
    assert sentence in found
