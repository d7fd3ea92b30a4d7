"""Read routes, functions and tables from template.yaml, so that nothing is declared twice."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

try:
    # Ten times as quick, and missing only where PyYAML was built without libyaml.
    from yaml import CSafeLoader as SafeLoader
except ImportError:
    from yaml import SafeLoader  # type: ignore[assignment]

PROJECT = Path(__file__).resolve().parent.parent
TEMPLATE = PROJECT / "template.yaml"

# The name of the stack that the local gateway stands in for.
_STACK = "local"

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


@dataclass(frozen=True, eq=False)
class Schedule:
    """A function that runs at regular intervals, if it is enabled."""

    function: Function
    every_s: int
    enabled: bool


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
    """The functions, routes, schedules and tables of the service."""

    functions: tuple[Function, ...]
    routes: tuple[Route, ...]
    schedules: tuple[Schedule, ...]
    tables: tuple[Table, ...]
    # Those of functions that the stack only has under a condition: pages, not endpoints.
    optional_routes: tuple[Route, ...] = ()
    # The functions that CloudWatch Logs hands the log lines of requests.
    log_subscribers: tuple[Function, ...] = ()

    @property
    def invoked_functions(self) -> tuple[Function, ...]:
        """The functions without a route, which are invoked through Lambda."""
        routed = {route.function.name for route in (*self.routes, *self.optional_routes)}
        return tuple(function for function in self.functions if function.name not in routed)

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables of all functions, which share one process here and therefore must agree."""
        merged: dict[str, str] = {}
        for function in self.functions:
            for name, value in function.environment.items():
                if merged.setdefault(name, value) != value:
                    raise ValueError(f"template.yaml gives {name} different values in different functions")
        return merged


def read(path: Path = TEMPLATE, table_prefix: str = "") -> Template:
    """Read a template. Tables are named by the prefix and their logical ids."""
    document = load(path)
    resources: dict[str, dict[str, Any]] = document["Resources"]
    references = _references(document, table_prefix)
    references |= _conditions(document, references)
    globals_: dict[str, Any] = document.get("Globals", {}).get("Function", {})

    functions: list[Function] = []
    routes: list[Route] = []
    optional_routes: list[Route] = []
    schedules: list[Schedule] = []
    tables: list[Table] = []
    log_subscribers: list[Function] = []
    for logical_id, resource in resources.items():
        properties = _resolve(resource.get("Properties", {}), references)
        if resource["Type"] == "AWS::Serverless::Function":
            function = _function(logical_id, properties, _resolve(globals_, references), path.parent)
            functions.append(function)
            (optional_routes if "Condition" in resource else routes).extend(_routes(function, properties))
            schedules += _schedules(function, properties)
            if "CloudWatchLogs" in _event_types(properties):
                log_subscribers.append(function)
        elif resource["Type"] == "AWS::DynamoDB::Table":
            tables.append(_table(logical_id, properties, references))
    return Template(
        tuple(functions),
        tuple(routes),
        tuple(schedules),
        tuple(tables),
        tuple(optional_routes),
        tuple(log_subscribers),
    )


def load(path: Path = TEMPLATE) -> dict[str, Any]:
    """Load a template unresolved. A short tag becomes a mapping, so `!Ref Name` is `{"Ref": "Name"}`."""
    return parse(path.read_text(encoding="utf-8"))


def parse(text: str) -> dict[str, Any]:
    """Parse a template's text, as `load`."""
    document: dict[str, Any] = yaml.load(text, Loader=_Loader)
    return document


class _Loader(SafeLoader):
    """Safe YAML plus CloudFormation's short tags."""


def _short_tag(loader: SafeLoader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    if isinstance(node, yaml.ScalarNode):
        return {suffix: loader.construct_scalar(node)}
    if isinstance(node, yaml.SequenceNode):
        return {suffix: loader.construct_sequence(node, deep=True)}
    assert isinstance(node, yaml.MappingNode)
    return {suffix: loader.construct_mapping(node, deep=True)}


_Loader.add_multi_constructor("!", _short_tag)


def _references(document: dict[str, Any], table_prefix: str) -> dict[str, Any]:
    """Return the value of each !Ref: a parameter's default ("" if it has none), the stack's name, or a table's name."""
    references = {name: parameter.get("Default", "") for name, parameter in document.get("Parameters", {}).items()}
    references["AWS::StackName"] = _STACK
    for logical_id, resource in document["Resources"].items():
        if resource["Type"] == "AWS::DynamoDB::Table":
            references[logical_id] = table_prefix + logical_id
    return references


def _conditions(document: dict[str, Any], references: dict[str, Any]) -> dict[str, bool]:
    """Return whether each condition holds with the parameters' defaults."""
    conditions: dict[str, Any] = document.get("Conditions", {})

    def holds(condition: dict[str, Any]) -> bool:
        (function, operands), *_ = condition.items()
        if function == "Condition":
            return holds(conditions[operands])
        if function == "Equals":
            first, second = _resolve(operands, references)
            return bool(first == second)
        if function == "Not":
            return not holds(operands[0])
        return {"And": all, "Or": any}[function](map(holds, operands))

    return {name: holds(condition) for name, condition in conditions.items()}


def _resolve(value: Any, references: dict[str, Any]) -> Any:
    """Replace every !Ref that has a value here, and every !If; leave other tags as they are."""
    if isinstance(value, list):
        return [_resolve(entry, references) for entry in value]
    if not isinstance(value, dict):
        return value
    if value.keys() == {"Ref"} and value["Ref"] in references:
        return references[value["Ref"]]
    if value.keys() == {"If"} and value["If"][0] in references:
        condition, when_true, when_false = value["If"]
        return _resolve(when_true if references[condition] else when_false, references)
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


def _event_types(properties: dict[str, Any]) -> set[str]:
    return {event["Type"] for event in properties.get("Events", {}).values()}


def _schedules(function: Function, properties: dict[str, Any]) -> list[Schedule]:
    return [
        Schedule(
            function,
            _every_s(event["Properties"]["Schedule"]),
            enabled=event["Properties"].get("State", "ENABLED") == "ENABLED",
        )
        for event in properties.get("Events", {}).values()
        if event["Type"] == "Schedule"
    ]


def _every_s(expression: str) -> int:
    """Return the interval of a rate, such as `rate(5 minutes)`, in seconds."""
    match = re.fullmatch(r"rate\((\d+) (minute|hour|day)s?\)", expression)
    if match is None:
        raise ValueError(f"template.yaml has the schedule {expression}, but only rates can be run here")
    return int(match[1]) * {"minute": 60, "hour": 3600, "day": 86_400}[match[2]]


def _table(logical_id: str, properties: dict[str, Any], references: dict[str, Any]) -> Table:
    definition = {key: properties[key] for key in _TABLE_PROPERTIES if key in properties}
    ttl = properties.get("TimeToLiveSpecification", {})
    return Table(
        logical_id=logical_id,
        definition={"TableName": references[logical_id], **definition},
        ttl_attribute=ttl.get("AttributeName") if ttl.get("Enabled") else None,
    )
