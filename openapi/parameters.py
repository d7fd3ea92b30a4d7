"""JSON schemas of the request parameters' types, with what a validator checks and no schema can be derived from.

An unknown type is an error, so a new one in `paidline.domain.types` has to be described here.
"""

from __future__ import annotations

import ast
import functools
import itertools
import types as python_types
from pathlib import Path
from typing import Any, Union, get_args, get_origin, get_type_hints

from paidline.api.endpoint import Request
from paidline.domain import types

Schema = dict[str, Any]

# Parts of the service's own patterns. A value that matches is accepted; a few odd ones that don't are accepted too.
_SEPARATORS = r"[ .()-]*"
_PHONE_NUMBER = rf"{_SEPARATORS}(\+{_SEPARATORS})?([1-9]{_SEPARATORS})([0-9]{_SEPARATORS}){{0,14}}"
_MAX_PHONE_NUMBER = 10**15 - 1
_WITHHELD = "[Aa]nonymous|[Rr]estricted|[Uu]nknown|[Uu]navailable|[Pp]rivate"


def _printable(max_length: int) -> Schema:
    return {
        "type": ["string", "integer"],
        "minLength": 1,
        "maxLength": max_length,
        # Letters, digits and punctuation of ASCII, with blanks only in between.
        "pattern": "^[!-~]([ -~]*[!-~])?$",
        "minimum": 0,
        "maximum": 10**15 - 1,
    }


def _whole_number(minimum: int, maximum: int) -> Schema:
    digits = len(str(maximum))
    pattern = f"^0*[1-9][0-9]{{0,{digits - 1}}}$" if minimum else f"^[0-9]{{1,{digits}}}$"
    schema: Schema = {"type": ["string", "integer"], "pattern": pattern, "maxLength": digits}
    return {**schema, "minimum": minimum, "maximum": maximum}


_TEXT: Schema = {"type": "string", "pattern": r"\S"}

# Every date that exists from the year 1 to 9999, so that a client may trust the schema.
_YEAR = "([0-9]{3}[1-9]|[0-9]{2}[1-9]0|[0-9][1-9]00|[1-9]000)"
_DAY = "((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))"
_LEAP_YEAR = "([0-9]{2}(0[48]|[2468][048]|[13579][26])|([02468][48]|[13579][26]|[2468]0)00)"
_DATE = f"({_YEAR}-{_DAY}|{_LEAP_YEAR}-02-29)"

_CALL_ID: Schema = {
    "type": ["string", "integer"],
    "pattern": "^[A-Za-z0-9_.:@/+-]{1,64}$",
    "minimum": 0,
    "maximum": 10**15 - 1,
}

_SCHEMAS: dict[str, Schema] = {
    "Text": _TEXT,
    # No enumerations: other texts are not invalid requests, but have codes of their own.
    "StatusName": {**_TEXT, "examples": list(map(str, types.AgentStatus))},
    "DialStatusName": {**_TEXT, "examples": list(map(str, types.DialStatus))},
    "Keys": {"type": "string", "minLength": 1, "maxLength": 2_000, "pattern": "^[!-~]+$"},
    "Ref": _printable(64),
    "PhoneNumber": {
        "type": ["string", "integer"],
        "pattern": f"^{_PHONE_NUMBER}$",
        "minimum": 0,
        "maximum": _MAX_PHONE_NUMBER,
    },
    "CallerNumber": {
        "type": ["string", "integer"],
        "pattern": f"^({_PHONE_NUMBER}|{_WITHHELD})$",
        "minimum": 0,
        "maximum": _MAX_PHONE_NUMBER,
    },
    "WalletPin": _printable(64),
    "Tokens": _whole_number(1, types.MAX_TOKENS),
    "Duration": _whole_number(0, types.MAX_CALL_S),
    "LocalTime": {
        "type": "string",
        "pattern": f"^{_DATE} ([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]$",
    },
    "Limit": {**_whole_number(1, 1000), "pattern": "^0*([1-9][0-9]{0,2}|1000)$"},
    "RowId": _whole_number(1, 10**16 - 1),
    "IdempotencyKey": {
        "type": ["string", "integer"],
        "pattern": "^[A-Za-z0-9_.:@/+-]{1,255}$",
        "minimum": 0,
        "maximum": 10**15 - 1,
    },
    "CallId": _CALL_ID,
    "PbxName": _CALL_ID,
    "CallIds": {
        "type": ["string", "array"],
        "pattern": "^[A-Za-z0-9_.:@/+-]{1,64}( *, *[A-Za-z0-9_.:@/+-]{1,64})*$",
        "items": _CALL_ID,
        "maxItems": types.MAX_LIVE_CALLS,
    },
    "MaxSeconds": {
        "type": ["string", "integer"],
        "pattern": "^0*([1-9][0-9]{0,3}|[1-7][0-9]{4}|8[0-5][0-9]{3}|86[0-3][0-9]{2}|86400)$",
        "maxLength": 20,
        "minimum": 1,
        "maximum": 86_400,
    },
}
# Of two types with the same rules, that of a field with this name.
_BY_FIELD = {"pbx": "PbxName", "status": "StatusName", "dial_status": "DialStatusName"}


class UndescribedType(Exception):
    """A request has a parameter of a type that has no schema; the message says which."""


def components() -> dict[str, Schema]:
    """Return the schema of each parameter type by its name, described by its docstring."""
    descriptions = _docstrings()
    return {name: {"description": descriptions[name], **schema} for name, schema in _SCHEMAS.items()}


def fields(model: type[Request]) -> dict[str, str]:
    """Return the name of the type of each parameter of a request, by the parameter's name in the contract."""
    hints = get_type_hints(model, include_extras=True)
    return {field.alias or name: _type_name(model, name, hints[name]) for name, field in model.model_fields.items()}


def _type_name(model: type[Request], field: str, hint: Any) -> str:
    if get_origin(hint) in (Union, python_types.UnionType):
        (hint,) = (part for part in get_args(hint) if part is not type(None))
    for name in (_BY_FIELD.get(field, ""), *_SCHEMAS):
        if name and hint == getattr(types, name):
            return name
    raise UndescribedType(f"{model.__name__}.{field} is of a type that openapi/parameters.py does not describe.")


@functools.cache
def _docstrings() -> dict[str, str]:
    """Read the text below each type's definition."""
    body = ast.parse(Path(types.__file__).read_text(encoding="utf-8")).body
    found = {}
    for statement, following in itertools.pairwise(body):
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            match following:
                case ast.Expr(ast.Constant(str(text))):
                    found[statement.targets[0].id] = " ".join(text.split())
    return found
