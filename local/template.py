"""Read routes, functions and tables from template.yaml, so that nothing is declared twice."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

PROJECT = Path(__file__).resolve().parent.parent
TEMPLATE = PROJECT / "template.yaml"

# The properties that matter to a local engine, unlike encryption, backups and deletion protection.
_TABLE_PROPERTIES = (
    "AttributeDefinitions",
    "KeySchema",
    "GlobalSecondaryIndexes",
    "LocalSecondaryIndexes",
    "BillingMode",
    "StreamSpecification",
)


@dataclass(frozen=True)
class Function:
    """A Lambda function as the template declares it."""

    name: str
    folder: Path
    module: str
    attribute: str
    memory_mb: int
    timeout_s: int
    environment: dict[str, str]

    @property
    def stem(self) -> str:
        """The name that the function shares with its event and its tests."""
        return self.folder.name


@dataclass(frozen=True)
class Route:
    """A method and path of the HTTP API, and the function behind it."""

    method: str
    path: str
    function: Function

    @property
    def key(self) -> str:
        """The route key as API Gateway writes it."""
        return f"{self.method} {self.path}"


@dataclass(frozen=True)
class Table:
    """A DynamoDB table: the arguments that create it, and the attribute that expires its items."""

    logical_id: str
    definition: dict[str, Any]
    ttl_attribute: str | None

    @property
    def name(self) -> str:
        """The table's name in the engine."""
        return str(self.definition["TableName"])


@dataclass(frozen=True)
class Template:
    """The routes and tables of the service."""

    routes: tuple[Route, ...]
    tables: tuple[Table, ...]
    # Those of functions that the stack only has under a condition: pages, not endpoints.
    optional_routes: tuple[Route, ...] = ()

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables of all functions, which share one process here and therefore must agree."""
        merged: dict[str, str] = {}
        for route in self.routes:
            for name, value in route.function.environment.items():
                if merged.setdefault(name, value) != value:
                    raise ValueError(f"template.yaml gives {name} different values in different functions")
        return merged


def read(path: Path = TEMPLATE, table_prefix: str = "") -> Template:
    """Read a template. Tables are named by the prefix and their logical ids."""
    document = load(path)
    resources: dict[str, dict[str, Any]] = document["Resources"]
    references = _references(document, table_prefix)
    globals_: dict[str, Any] = document.get("Globals", {}).get("Function", {})

    routes: list[Route] = []
    optional_routes: list[Route] = []
    tables: list[Table] = []
    for logical_id, resource in resources.items():
        properties = _resolve(resource.get("Properties", {}), references)
        if resource["Type"] == "AWS::Serverless::Function":
            function = _function(logical_id, properties, _resolve(globals_, references), path.parent)
            (optional_routes if "Condition" in resource else routes).extend(_routes(function, properties))
        elif resource["Type"] == "AWS::DynamoDB::Table":
            tables.append(_table(logical_id, properties, references))
    return Template(routes=tuple(routes), tables=tuple(tables), optional_routes=tuple(optional_routes))


def load(path: Path = TEMPLATE) -> dict[str, Any]:
    """Load a template unresolved. A short tag becomes a mapping, so `!Ref Name` is `{"Ref": "Name"}`."""
    document: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)
    return document


class _Loader(yaml.SafeLoader):
    """Safe YAML plus CloudFormation's short tags."""


def _short_tag(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    if isinstance(node, yaml.ScalarNode):
        return {suffix: loader.construct_scalar(node)}
    if isinstance(node, yaml.SequenceNode):
        return {suffix: loader.construct_sequence(node, deep=True)}
    assert isinstance(node, yaml.MappingNode)
    return {suffix: loader.construct_mapping(node, deep=True)}


_Loader.add_multi_constructor("!", _short_tag)


def _references(document: dict[str, Any], table_prefix: str) -> dict[str, Any]:
    """Return the value of each !Ref: a parameter's default, or a table's name."""
    references = {name: parameter.get("Default") for name, parameter in document.get("Parameters", {}).items()}
    for logical_id, resource in document["Resources"].items():
        if resource["Type"] == "AWS::DynamoDB::Table":
            references[logical_id] = table_prefix + logical_id
    return references


def _resolve(value: Any, references: dict[str, Any]) -> Any:
    """Replace every !Ref that has a value here; leave other tags as they are."""
    if isinstance(value, list):
        return [_resolve(entry, references) for entry in value]
    if not isinstance(value, dict):
        return value
    if value.keys() == {"Ref"} and value["Ref"] in references:
        return references[value["Ref"]]
    return {key: _resolve(entry, references) for key, entry in value.items()}


def _function(name: str, properties: dict[str, Any], defaults: dict[str, Any], root: Path) -> Function:
    settings = {**defaults, **properties}
    module, attribute = settings["Handler"].rsplit(".", 1)
    return Function(
        name=name,
        folder=root / settings["CodeUri"],
        module=module,
        attribute=attribute,
        memory_mb=int(settings["MemorySize"]),
        timeout_s=int(settings["Timeout"]),
        environment={**_variables(defaults), **_variables(properties)},
    )


def _variables(properties: dict[str, Any]) -> dict[str, str]:
    variables = properties.get("Environment", {}).get("Variables", {})
    return {name: str(value) for name, value in variables.items()}


def _routes(function: Function, properties: dict[str, Any]) -> list[Route]:
    return [
        Route(method=event["Properties"]["Method"].upper(), path=event["Properties"]["Path"], function=function)
        for event in properties.get("Events", {}).values()
        if event["Type"] == "HttpApi"
    ]


def _table(logical_id: str, properties: dict[str, Any], references: dict[str, Any]) -> Table:
    definition = {key: properties[key] for key in _TABLE_PROPERTIES if key in properties}
    ttl = properties.get("TimeToLiveSpecification", {})
    return Table(
        logical_id=logical_id,
        definition={"TableName": references[logical_id], **definition},
        ttl_attribute=ttl.get("AttributeName") if ttl.get("Enabled") else None,
    )
