"""Parse request parameters from JSON, a form or the query string, ignoring the Content-Type.

Asterisk labels JSON as form data, and API Gateway base64-encodes such a body.
"""

import base64
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from paidline.errors import InvalidRequest

Event = Mapping[str, Any]
Parameters = Mapping[str, Any]

# The longest documented request is under 400 bytes.
_MAX_BYTES = 65_536
_MAX_FIELDS = 100

# Matches a string, which is left alone, or an integer with leading zeros that is the value of a member. The API
# reference's own example has "ref": 000038; no other invalid JSON is repaired. An open string is consumed whole:
# retrying from each of its escaped quotes would be quadratic, and 64 KB of them would take twenty seconds.
_STRING_OR_ZEROS = re.compile(r'"(?:[^"\\]|\\.)*+"?|(?<=:)(\s*)(0[0-9]+)(?=\s*[,}])', re.DOTALL)


def read_parameters(event: Event, names: Iterable[str]) -> dict[str, Any]:
    """Return the named parameters; the body takes precedence over the query string, exact over other letter case.

    Null and blank values count as absent everywhere, so they never hide a value of lower precedence. Raises
    InvalidRequest if the body cannot be parsed or a named parameter is not UTF-8. Other parameters may be anything,
    such as a caller's name in Latin-1.
    """
    sources = [source for source in (_body_parameters(event), _parse_form(event.get("rawQueryString") or "")) if source]
    parameters = {name: value for name in names if (value := _find_value(sources, name)) is not None}
    for name, value in parameters.items():
        if isinstance(value, str) and not _is_utf8(value):
            raise InvalidRequest(f"invalid:{name}")
    return parameters


def _is_utf8(value: str) -> bool:
    # Bytes that are not UTF-8 were decoded to lone surrogates; JSON escapes can produce those too.
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _find_value(sources: Iterable[Parameters], name: str) -> Any:
    for source in sources:
        if name in source:
            return source[name]
        for other, value in source.items():
            if other.lower() == name.lower():
                return value
    return None


def _without_blanks(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Drop null and blank values; the last remaining value of a name wins."""
    return {name: value for name, value in pairs if not _is_blank(value)}


def _is_blank(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _body_parameters(event: Event) -> Parameters:
    text = _decode_body(event).strip()
    if not text.startswith(("{", "[")):
        return _parse_form(text)
    try:
        return _parse_json(text)
    # JSON nested too deeply is a RecursionError; an integer with too many digits for Python is a ValueError.
    except (ValueError, RecursionError) as error:
        raise InvalidRequest("invalid_json") from error


def _decode_body(event: Event) -> str:
    body = event.get("body") or ""
    if len(body) > _MAX_BYTES * 4 // 3 + 4:
        raise InvalidRequest("body_too_large")
    try:
        raw = (
            base64.b64decode(body, validate=True)
            if event.get("isBase64Encoded")
            else body.encode("utf-8", "surrogatepass")
        )
    except ValueError as error:
        raise InvalidRequest("invalid_base64") from error
    if len(raw) > _MAX_BYTES:
        raise InvalidRequest("body_too_large")
    return raw.decode("utf-8-sig", "surrogateescape")


def _parse_json(text: str) -> Parameters:
    try:
        return _parse_object(text)
    except json.JSONDecodeError:
        return _parse_object(_STRING_OR_ZEROS.sub(_quote_zeros, text))


def _parse_object(text: str) -> Parameters:
    value = json.loads(text, object_pairs_hook=_without_blanks, parse_constant=_reject_constant)
    if not isinstance(value, dict):
        raise InvalidRequest("invalid_json")
    return value


def _reject_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _quote_zeros(match: re.Match[str]) -> str:
    return f'{match[1]}"{match[2]}"' if match[2] else match[0]


def _parse_form(text: str) -> Parameters:
    try:
        return _without_blanks(parse_qsl(text, errors="surrogateescape", max_num_fields=_MAX_FIELDS))
    except ValueError as error:
        raise InvalidRequest("invalid_form") from error


def read_headers(event: Event) -> dict[str, str]:
    """Return the non-blank headers by lower-case name, which AWS sends and `sam local` does not."""
    return _without_blanks((name.lower(), value) for name, value in (event.get("headers") or {}).items())
