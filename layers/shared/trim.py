"""Cuts the layer's packages down to what the functions use: `python trim.py FOLDER`, where pip installed them.

A cold start reads what lies here, and half of it belongs to other services or to nobody's need. What the functions
run stays as it was released. tests/integration/test_layer.py builds a layer and calls every function with it: where an
upgrade needs something that is cut off here, that test says so.
"""

import _sre
import gzip
import importlib
import json
import re
import shutil
import sys
from pathlib import Path
from typing import Any
from unittest.mock import patch

SERVICE = "dynamodb"
OPERATIONS = ("GetItem", "Query", "Scan", "TransactGetItems", "TransactWriteItems")

_ENDPOINT_PARAMETERS = frozenset({"contextParam", "operationContextParams"})

# Files of botocore's data folder that belong to no service.
_SHARED_DATA = frozenset({"_retry.json", "endpoints.json", "partitions.json", "sdk-default-configuration.json"})

# Parts of packages that nobody imports: a web framework, a type checker's plugin, pydantic's first version.
_UNUSED = (
    "aws_lambda_powertools/event_handler",
    "bin",
    "pydantic/mypy.py",
    "pydantic/v1",
)

# What is imported for things that no function does, and small modules that take their places: they are empty, or load
# the real one when it is used. Each is a noticeable part of a cold start: the generator of documentation a tenth of it.
_STAND_INS = {
    "aws_lambda_powertools/__init__.py": """
def __getattr__(name):
    if name != "Logger":
        raise AttributeError(name)
    from aws_lambda_powertools.logging import Logger

    return Logger
""",
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
    # Times are read for credentials that expire: not for those that Lambda puts into the environment.
    "dateutil/parser/__init__.py": """
def parse(*args, **kwargs):
    from dateutil.parser._parser import parse

    return parse(*args, **kwargs)
""",
    "dateutil/tz/__init__.py": """
def tzlocal():
    from dateutil.tz.tz import tzlocal

    return tzlocal()


def tzutc():
    from dateutil.tz.tz import tzutc

    return tzutc()


def __getattr__(name):
    from dateutil.tz import tz

    return getattr(tz, name)
""",
    "pydantic/_internal/_docs_extraction.py": """
def extract_docstrings_from_cls(cls, use_inspect=False):
    return {}
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
    kinds = [kind for base in reversed(cls.__mro__) for kind in base.__dict__.get("__annotations__", {}).items()]
    names = [name for name, kind in kinds if "ClassVar" not in str(kind)]

    def __init__(self, *values, **named):
        for name, value in (*zip(names, values), *named.items()):
            object.__setattr__(self, name, value)

    if "__init__" not in cls.__dict__:
        cls.__init__ = __init__
    return cls
"""
# What these two hold needs more than that: lists of their own, and a step after the initialiser.
_DATA_CLASSES = "from dataclasses import dataclass as data_class, field\n"
_NOT_PLAIN = (
    "@dataclass(slots=True)\nclass DecoratorInfos:",
    "@dataclass  # can't use slots here since we set attributes on `__post_init__`\n",
)
_NAMESPACE_OF_PLAIN_RECORDS = """

class {}:
    dataclass = staticmethod(dataclass)
"""

# botocore works out the whole signature of each listener only to see whether it takes any keyword: Python has a flag.
_SIGNATURE = "return inspect.getfullargspec(func)[2]"
_FLAG = "return getattr(func, '__func__', func).__code__.co_flags & inspect.CO_VARKEYWORDS"

# An XML error is a syntax error, and this service speaks JSON: the parser of XML need not be loaded to name it.
_XML_ERROR = "XMLParseError = ETree.ParseError"
_SYNTAX_ERROR = "XMLParseError = SyntaxError"

# Compiling urllib3's patterns for addresses takes as long as a request. They are kept compiled, for the Python that
# builds the layer; any other one compiles them.
_URL = "urllib3.util.url"
_KEPT_COMPILED = """
import _sre

_COMPILED = {compiled!r}


def _compiled(pattern, flags=0):
    kept = _COMPILED.get(pattern) if _sre.MAGIC == {magic!r} else None
    if kept is None:
        return re.compile(pattern, flags)
    flags, code, groups, groupindex, indexgroup = kept
    return _sre.compile(pattern, flags, list(code), groups, groupindex, indexgroup)

"""

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
    replace(packages / "botocore" / "compat.py", _XML_ERROR, _SYNTAX_ERROR)
    append(packages / "botocore" / "handlers.py", _OTHER_SERVICES_EVENTS)
    make_records_plain(packages)
    replace(packages / "pydantic_core" / "core_schema.py", _TYPED_DICT, _PLAIN_CLASS + _TYPED_DICT)
    keep_patterns_compiled(packages)


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
    """Reduce a service's model to the operations that are called and the shapes that they reach.

    Without documentation, and without the parameters by which botocore looks for an account's number in the names of
    tables: only an ARN has one, and these are names.
    """
    operations = {name: model["operations"][name] for name in OPERATIONS}
    shapes: dict[str, Any] = {}
    waiting = _shape_names(operations)
    while waiting:
        name = waiting.pop()
        shapes[name] = model["shapes"][name]
        waiting |= _shape_names(shapes[name]) - shapes.keys()
    trimmed: dict[str, Any] = _without_ballast({**model, "operations": operations, "shapes": shapes})
    return trimmed


def _shape_names(part: Any) -> set[str]:
    if isinstance(part, list):
        return set().union(*map(_shape_names, part))
    if not isinstance(part, dict):
        return set()
    names = set().union(*map(_shape_names, part.values()))
    # A member may be called "shape" as well; a reference to a shape is a string.
    return names | ({part["shape"]} if isinstance(part.get("shape"), str) else set())


def _without_ballast(part: Any) -> Any:
    if isinstance(part, list):
        return [_without_ballast(entry) for entry in part]
    if not isinstance(part, dict):
        return part
    return {
        name: _without_ballast(value)
        for name, value in part.items()
        # A member may be called "documentation" as well; the documentation itself is a string.
        if name not in _ENDPOINT_PARAMETERS and not (name == "documentation" and isinstance(value, str))
    }


def trim_endpoints(path: Path) -> None:
    """Keep every partition and region, and of the services only ours."""
    endpoints = load(path)
    for partition in endpoints["partitions"]:
        partition["services"] = {SERVICE: partition["services"][SERVICE]}
    save(path, endpoints)


def make_records_plain(packages: Path) -> None:
    """Make plain classes of the data classes that only mark annotations and decorators."""
    replace(packages / "annotated_types" / "__init__.py", "from dataclasses import dataclass\n", _PLAIN_RECORDS)
    pydantic = packages / "pydantic"
    for module, import_line, name in (
        ("types.py", "import dataclasses as _dataclasses\n", "_dataclasses"),
        ("functional_validators.py", "import dataclasses\n", "dataclasses"),
    ):
        replace(pydantic / module, import_line, _PLAIN_RECORDS + _NAMESPACE_OF_PLAIN_RECORDS.format(name))
    decorators = pydantic / "_internal" / "_decorators.py"
    replace(decorators, "from dataclasses import dataclass, field\n", _DATA_CLASSES + _PLAIN_RECORDS)
    for passage in _NOT_PLAIN:
        replace(decorators, passage, passage.replace("@dataclass", "@data_class"))


def keep_patterns_compiled(packages: Path) -> None:
    """Write the patterns of urllib3's module of URLs into it as they are handed to the engine of `re`."""
    made: dict[str, tuple[Any, ...]] = {}

    def note(pattern: str, flags: int, code: list[int], *groups: Any) -> re.Pattern[str]:
        made[pattern] = (flags, tuple(map(int, code)), *groups)
        return compile_code(pattern, flags, code, *groups)

    compile_code = _sre.compile
    with (
        patch.object(sys, "path", [str(packages), *sys.path]),
        # The layer's makefile compiles it, and leaves alone what is compiled already.
        patch.object(sys, "dont_write_bytecode", True),
        patch.object(_sre, "compile", note),
    ):
        module = importlib.import_module(_URL)
    kept = {found.pattern: made[found.pattern] for found in vars(module).values() if isinstance(found, re.Pattern)}
    path = packages.joinpath(*_URL.split(".")).with_suffix(".py")
    text = path.read_text(encoding="utf-8").replace("re.compile(", "_compiled(")
    path.write_text(text, encoding="utf-8")
    replace(path, "import re\n", "import re\n" + _KEPT_COMPILED.format(compiled=kept, magic=_sre.MAGIC))


def stand_in(path: Path, text: str) -> None:
    """Put a small module in the place of one that is imported for nothing."""
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
