"""What makes the start of a function shorter. In Lambda only: elsewhere the process belongs to others as well."""

import gc
import os
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

IN_LAMBDA = "AWS_LAMBDA_RUNTIME_API" in os.environ

# What the packages import for things that hardly any request does. Only those gain that are imported by a plain
# "import x", for "from x import y" uses them at once.
_LATER = frozenset(
    {
        "ast",
        "calendar",
        "configparser",
        "jmespath",
        "locale",
        "tokenize",
        "traceback",
        "xml.etree.ElementTree",
    }
)


class _LaterModule(ModuleType):
    """A module that is loaded when something of it is first used.

    Not importlib's own LazyLoader: its modules are loaded by the second "import x" that meets them. Without a lock,
    because in Lambda a process has one request, and so one thread.
    """

    def __getattr__(self, name: str) -> Any:
        self.__class__ = ModuleType  # type: ignore[assignment]
        self.__spec__.loader.exec_module(self)  # type: ignore[union-attr]
        return getattr(self, name)


class _LaterLoader:
    def __init__(self, loader: Any) -> None:
        self._loader = loader

    def create_module(self, spec: ModuleSpec) -> None:
        """Leave it to Python."""

    def exec_module(self, module: ModuleType) -> None:
        module.__spec__.loader = module.__loader__ = self._loader  # type: ignore[union-attr]
        module.__class__ = _LaterModule


class _LaterFinder:
    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> ModuleSpec | None:
        spec = PathFinder.find_spec(name, path, target) if name in _LATER else None
        if spec:
            spec.loader = _LaterLoader(spec.loader)  # type: ignore[assignment]
        return spec


def begin() -> None:
    """Put off what can wait, and stop looking for garbage.

    What is made while the modules load stays, and looking takes a tenth of the start.
    """
    if IN_LAMBDA:
        gc.disable()
        sys.meta_path.insert(0, _LaterFinder)


def end() -> None:
    """Load at once what is imported from now on, and look for garbage, but not in what was made so far."""
    if IN_LAMBDA:
        sys.meta_path.remove(_LaterFinder)
        gc.freeze()
        gc.enable()
