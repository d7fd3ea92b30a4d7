"""JSON schemas of the answers, inferred from the golden answers: the keys in them are all keys there are."""

from __future__ import annotations

from typing import Any

from paidline.codes import Code
from paidline.domain.types import STATUS_VISUAL, AgentStatus

Schema = dict[str, Any]

# Whose data it is: a caller's, an agent's or a wallet owner's. Never logged by the service.
PERSONAL = frozenset(
    {
        "_ctbOutboundNumber",
        "email",
        "inboundNumber",
        "ip",
        "outboundNumber",
        "outboundnumber",
        "phoneNumber",
        "pin",
    }
)
SECRET = frozenset({"authenticationHash"})
_VALUES: dict[str, Schema] = {
    "lineSharing": {"enum": ["true", "false"]},
    "status": {"enum": list(map(str, AgentStatus))},
    "statusVisual": {"enum": list(STATUS_VISUAL.values())},
    "tokens": {"pattern": "^[0-9]+$"},
    "dialTimeOut": {"pattern": "^[0-9]+$"},
}


def marks(name: str) -> Schema:
    """Return the marks of a field that is personal or secret."""
    return {
        **({"x-personal-data": True} if name in PERSONAL else {}),
        **({"x-secret": True} if name in SECRET else {}),
    }


def success(answer: Any) -> Schema:
    """Return the schema of a success, from the parsed golden answer."""
    if isinstance(answer, list):
        # The client chooses the keys, so none is certain to be there.
        return {"type": "array", "items": {**_schema("", answer[0]), "required": []}}
    content = {name: value for name, value in answer.items() if name not in ("status", "message", "code")}
    return _object(
        {
            "status": {"const": answer["status"]},
            "message": {"const": answer["message"]},
            "code": {"const": answer["code"]},
            **{name: _schema(name, value) for name, value in content.items()},
        }
    )


def refusal(code: Code, reasons: list[str] | None = None) -> Schema:
    """Return the schema of a refusal or of a server error: exactly three keys, and the reason for paid calls."""
    return _object(
        {
            "status": {"const": 0},
            "message": {"const": code.message},
            "code": {"const": int(code)},
            **({"reason": {"enum": reasons}} if reasons else {}),
        }
    )


def _object(properties: dict[str, Schema]) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _schema(name: str, value: Any) -> Schema:
    match value:
        case dict():
            return _object({key: _schema(key, entry) for key, entry in value.items()})
        case list():
            return {"type": "array", "items": _schema("", value[0]) if value else {}}
        case bool():
            return {"type": "boolean"}
        case int():
            return {"type": "integer", **marks(name)}
        case str():
            return {"type": "string", **_VALUES.get(name, {}), **marks(name)}
    return {"type": ["string", "integer", "null"]}
