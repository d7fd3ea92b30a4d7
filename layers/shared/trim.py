"""Cuts the layer's packages down to what the functions use: `python trim.py FOLDER`, where pip installed them.

A cold start reads what lies here, and most of it belongs to other services. Files are left out, botocore's data is cut
to one service, and its generator of documentation is empty. Every other file is the one that its authors released:
tests/integration/test_layer.py compares each with its package's own RECORD, and calls every function.
"""

import gzip
import json
import shutil
import sys
from pathlib import Path
from typing import Any

SERVICE = "dynamodb"
OPERATIONS = ("GetItem", "Query", "Scan", "TransactGetItems", "TransactWriteItems", "UpdateItem")

_ENDPOINT_PARAMETERS = frozenset({"contextParam", "operationContextParams"})

# Files of botocore's data folder that belong to no service.
_SHARED_DATA = frozenset({"_retry.json", "endpoints.json", "partitions.json", "sdk-default-configuration.json"})

# Parts of packages that nobody imports: a web framework, scripts, a type checker's plugin, pydantic's first version.
_UNUSED = ("aws_lambda_powertools/event_handler", "bin", "pydantic/mypy.py", "pydantic/v1")

# botocore's client imports the generator of its documentation, for `help()`: these take its place and write nothing.
DOCUMENTATION = "botocore/docs"
_NO_DOCUMENTATION = {
    "__init__.py": '"""Nothing is documented at run time."""\n',
    "docstring.py": """
class NoDocumentation(str):
    def __new__(cls, *args, **kwargs):
        return str.__new__(cls)


ClientMethodDocstring = PaginatorDocstring = WaiterDocstring = NoDocumentation
""",
    "utils.py": """
def ignore(*args, **kwargs):
    pass


class NoDocumentation:
    append_documentation = document_auto_populated_param = hide_param = ignore
    replace_documentation_for_matching_shape = ignore

    def __init__(self, *args, **kwargs):
        pass


AppendParamDocumentation = AutoPopulatedParam = DocumentModifiedShape = HideParamFromOperations = NoDocumentation
""",
}


def main() -> None:
    """Trim the folder that the command line names."""
    packages = Path(sys.argv[1])
    data = packages / "botocore" / "data"
    trim_service(data / SERVICE)
    trim_endpoints(data / "endpoints.json")
    keep(data, {SERVICE, *_SHARED_DATA})
    for path in _UNUSED:
        remove(packages / path)
    empty_documentation(packages / DOCUMENTATION)


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


def empty_documentation(folder: Path) -> None:
    """Put modules that write nothing in the place of botocore's generator of documentation."""
    remove(folder)
    folder.mkdir()
    for name, text in _NO_DOCUMENTATION.items():
        (folder / name).write_text(text, encoding="utf-8")


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
