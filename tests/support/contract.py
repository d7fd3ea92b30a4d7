"""The contract's endpoints, and its requests: as events/ has them, and with changes."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from local import template
from local.template import PROJECT

AGENTS_HASH = "ff36f129745a122e591722d3fda495416fe05aa9586e12238ec4dad37895e069"
CREDIT_HASH = "a27be8c537581a512c1ea651f727a0af3a19eaf6915de9b983a55dc1ea8a8572"
CALLS_HASH = "cf2de5b4f9e950567ba3afcd7a95ac37b125b597b6b90dca8af017590bc11268"
WALLBOARD_HASH = "5d2c8a1b7e4f9036c1d8b5a2e7f40c3986b1d2e5f8a7c4b90e3d6f1a2b5c8e47"

Event = dict[str, Any]
Parameters = dict[str, Any]


@dataclass(frozen=True)
class ReferenceEndpoint:
    """An endpoint of the API reference: its path, its host and the codes that it lists."""

    path: str
    host: str
    codes: list[int]


REFERENCE = tuple(
    ReferenceEndpoint(**entry)
    for entry in yaml.safe_load(Path(__file__).with_name("api_reference.yaml").read_text(encoding="utf-8"))
)


def _has_handler(function: template.Function) -> bool:
    file = function.folder / f"{function.module}.py"
    return file.exists() and f"def {function.attribute}(" in file.read_text(encoding="utf-8")


def _can_be_asked() -> tuple[str, ...]:
    """Endpoints with a handler, an event and golden answers; test_completeness.py says what the others lack."""
    served = {route.function.stem for route in template.read().routes if _has_handler(route.function)}
    events = {path.stem for path in (PROJECT / "events").glob("*.json")}
    golden = {path.parent.name for path in (PROJECT / "tests" / "endpoints").glob("*/golden.yaml")}
    return tuple(sorted(served & events & golden))


STEMS = _can_be_asked()


def event(stem: str) -> Event:
    """The endpoint's documented request as API Gateway delivers it."""
    read: Event = json.loads((PROJECT / "events" / f"{stem}.json").read_text(encoding="utf-8"))
    return read


def body(stem: str) -> str:
    """The body of the documented request, to the letter."""
    return str(event(stem)["body"])


def parameters(stem: str) -> Parameters:
    """The parameters of the documented request."""
    return parsed(body(stem))


def parsed(text: str) -> Parameters:
    """Parse a documented body; the one ref that is not valid JSON is read as its digits."""
    read: Parameters = json.loads(re.sub(r": (0\d+)", r': "\1"', text))
    return read


def refusal(stem: str, code: int, message: str, reason: str) -> str:
    """The body of a refusal: paid calls say the reason in it as well."""
    more = f',"reason":"{reason}"' if stem.startswith("calls_") else ""
    return f'{{"status":0,"message":"{message}","code":{code}{more}}}'


def changed(stem: str, **changes: Any) -> Parameters:
    """The parameters of the documented request with some changed; None removes one."""
    merged = {**parameters(stem), **changes}
    return {name: value for name, value in merged.items() if value is not None}


def event_with(stem: str, content: Parameters | str | bytes, **headers: str) -> Event:
    """The documented request with another body; bytes are in base64, like a body whose type is not text."""
    made = event(stem)
    if isinstance(content, bytes):
        made["body"], made["isBase64Encoded"] = base64.b64encode(content).decode(), True
    else:
        made["body"] = content if isinstance(content, str) else json.dumps(content)
    made["headers"] |= {name.replace("_", "-"): value for name, value in headers.items()}
    return made
