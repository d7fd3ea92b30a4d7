"""Cuts the layer's packages down to what the functions use: `python trim.py FOLDER`, where pip installed them.

A cold start reads what lies here, and half of it belongs to other services or to nobody's need. What the functions
run stays as it was released. tests/integration/test_layer.py builds a layer and calls every function with it: where an
upgrade needs something that is cut off here, that test says so.
"""

import gzip
import json
import shutil
import sys
from pathlib import Path
from typing import Any

SERVICE = "dynamodb"
OPERATIONS = ("GetItem", "Query", "Scan", "TransactWriteItems")

# Files of botocore's data folder that belong to no service.
_SHARED_DATA = frozenset({"_retry.json", "endpoints.json", "partitions.json", "sdk-default-configuration.json"})

# Parts of packages that nobody imports: a web framework, a type checker's plugin, pydantic's first version.
_UNUSED = (
    "aws_lambda_powertools/event_handler",
    "bin",
    "pydantic/mypy.py",
    "pydantic/v1",
)

# What is imported for things that no function does, and small empty modules that take their places. Each is a
# noticeable part of a cold start: the generator of documentation a tenth of it.
_STAND_INS = {
    "botocore/docs/__init__.py": '"""Nothing is documented at run time."""\n',
    "botocore/docs/docstring.py": """
class NoDocumentation(str):
    def __new__(cls, *args, **kwargs):
        return str.__new__(cls)


ClientMethodDocstring = PaginatorDocstring = WaiterDocstring = NoDocumentation
""",
    "botocore/docs/utils.py": """
def ignore(*args, **kwargs):
    pass


class NoDocumentation:
    append_documentation = document_auto_populated_param = hide_param = ignore
    replace_documentation_for_matching_shape = ignore

    def __init__(self, *args, **kwargs):
        pass


AppendParamDocumentation = AutoPopulatedParam = DocumentModifiedShape = HideParamFromOperations = NoDocumentation
""",
    "pydantic/plugin/_loader.py": """
def get_plugins():
    return ()
""",
    "urllib3/http2/__init__.py": '"""HTTP/2 is never switched on."""\n',
}

# pydantic_core describes its schemas by a hundred TypedDicts, for type checkers: a plain class is made far faster.
_TYPED_DICT = "class CoreConfig(TypedDict, total=False):"
_PLAIN_CLASS = """class TypedDict(dict):
    def __init_subclass__(cls, total=True):
        pass


"""

# Most of these modules' import is the generating of methods for data classes. They only mark annotations, and a plain
# initialiser is all that is asked of them.
_PLAIN_RECORDS = """
def dataclass(cls=None, **_):
    if cls is None:
        return dataclass
    names = [name for base in reversed(cls.__mro__) for name in base.__dict__.get("__annotations__", ())]

    def __init__(self, *values, **named):
        for name, value in (*zip(names, values), *named.items()):
            object.__setattr__(self, name, value)

    if "__init__" not in cls.__dict__:
        cls.__init__ = __init__
    return cls
"""
_NAMESPACE_OF_PLAIN_RECORDS = """

class _dataclasses:
    dataclass = staticmethod(dataclass)
"""

# botocore works out the whole signature of each listener only to see whether it takes any keyword: Python has a flag.
_SIGNATURE = "return inspect.getfullargspec(func)[2]"
_FLAG = "return getattr(func, '__func__', func).__code__.co_flags & inspect.CO_VARKEYWORDS"

# botocore makes every session listen for a hundred events of other services.
_OTHER_SERVICES_EVENTS = f"""
BUILTIN_HANDLERS = [spec for spec in BUILTIN_HANDLERS if set(spec[0].split(".")[1:2]) <= {{"*", "{SERVICE}"}}]
"""


def main() -> None:
    """Trim the folder that the command line names."""
    packages = Path(sys.argv[1])
    data = packages / "botocore" / "data"
    trim_service(data / SERVICE)
    trim_endpoints(data / "endpoints.json")
    keep(data, {SERVICE, *_SHARED_DATA})
    # Logger imports this one of the utilities.
    keep(packages / "aws_lambda_powertools" / "utilities", {"__init__.py", "jmespath_utils"})
    for path in _UNUSED:
        remove(packages / path)
    remove(packages / "botocore" / "docs")
    for path, text in _STAND_INS.items():
        stand_in(packages / path, text)
    replace(packages / "botocore" / "compat.py", _SIGNATURE, _FLAG)
    append(packages / "botocore" / "handlers.py", _OTHER_SERVICES_EVENTS)
    replace(packages / "annotated_types" / "__init__.py", "from dataclasses import dataclass\n", _PLAIN_RECORDS)
    replace(
        packages / "pydantic" / "types.py",
        "import dataclasses as _dataclasses\n",
        _PLAIN_RECORDS + _NAMESPACE_OF_PLAIN_RECORDS,
    )
    replace(packages / "pydantic_core" / "core_schema.py", _TYPED_DICT, _PLAIN_CLASS + _TYPED_DICT)


def trim_service(folder: Path) -> None:
    """Keep the newest version's endpoint rules, and of its model the operations that are called."""
    newest = max(folder.iterdir())
    keep(folder, {newest.name})
    model = load(newest / "service-2.json.gz")
    rules = load(newest / "endpoint-rule-set-1.json.gz")
    keep(newest, set())
    save(newest / "service-2.json", trimmed_model(model))
    save(newest / "endpoint-rule-set-1.json", rules)


def trimmed_model(model: dict[str, Any]) -> dict[str, Any]:
    """Reduce a service's model to the operations that are called, the shapes that they reach, and no documentation."""
    operations = {name: model["operations"][name] for name in OPERATIONS}
    shapes: dict[str, Any] = {}
    waiting = _shape_names(operations)
    while waiting:
        name = waiting.pop()
        shapes[name] = model["shapes"][name]
        waiting |= _shape_names(shapes[name]) - shapes.keys()
    trimmed: dict[str, Any] = _without_documentation({**model, "operations": operations, "shapes": shapes})
    return trimmed


def _shape_names(part: Any) -> set[str]:
    if isinstance(part, list):
        return set().union(*map(_shape_names, part))
    if not isinstance(part, dict):
        return set()
    names = set().union(*map(_shape_names, part.values()))
    # A member may be called "shape" as well; a reference to a shape is a string.
    return names | ({part["shape"]} if isinstance(part.get("shape"), str) else set())


def _without_documentation(part: Any) -> Any:
    if isinstance(part, list):
        return [_without_documentation(entry) for entry in part]
    if not isinstance(part, dict):
        return part
    return {
        name: _without_documentation(value)
        for name, value in part.items()
        if not (name == "documentation" and isinstance(value, str))
    }


def trim_endpoints(path: Path) -> None:
    """Keep every partition and region, and of the services only ours."""
    endpoints = load(path)
    for partition in endpoints["partitions"]:
        partition["services"] = {SERVICE: partition["services"][SERVICE]}
    save(path, endpoints)


def stand_in(path: Path, text: str) -> None:
    """Put an empty module in the place of one that is imported for nothing."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")


def append(path: Path, text: str) -> None:
    """Put text at the end of a module."""
    path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")


def replace(path: Path, old: str, new: str) -> None:
    """Replace a passage of a module. Raises ValueError where the package has changed and it is not there."""
    text = path.read_text(encoding="utf-8")
    if text.count(old) != 1:
        raise ValueError(f"{path} has changed: it does not hold {old!r} once")
    path.write_text(text.replace(old, new), encoding="utf-8")


def keep(folder: Path, names: set[str]) -> None:
    """Remove everything from a folder but these names."""
    for path in folder.iterdir():
        if path.name not in names:
            remove(path)


def remove(path: Path) -> None:
    """Remove a file or a folder; one that is not there tells that a package has changed."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()


def load(path: Path) -> Any:
    """Read JSON, compressed or not."""
    raw = path.read_bytes()
    return json.loads(gzip.decompress(raw) if path.suffix == ".gz" else raw)


def save(path: Path, value: Any) -> None:
    """Write JSON, uncompressed: the layer is compressed as a whole, and unpacked once."""
    path.write_text(json.dumps(value, separators=(",", ":")), encoding="utf-8")


if __name__ == "__main__":
    main()
