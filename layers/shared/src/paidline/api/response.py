"""Responses: the contract's JSON, byte for byte as PHP's json_encode writes it, in API Gateway's payload 2.0."""

import base64
import functools
import gzip
import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from paidline.codes import Code
from paidline.domain.idempotency import Outcome
from paidline.errors import ApiError, ResponseTooLarge

_JSON = "application/json; charset=UTF-8"

# All documented responses except the two lists are shorter, and not worth compressing.
_MIN_COMPRESSED_CHARS = 1_024

# Lambda's limit is 6 MB for the whole payload, which includes the headers.
_MAX_BYTES = 5_900_000


class Response(NamedTuple):
    """A response before it becomes a payload: the JSON body, and headers other than Content-Type."""

    body: str
    headers: Mapping[str, str] = {}
    code: Code = Code.SUCCESS
    http_status: int = 200


def to_json(value: Any) -> str:
    r"""Serialize JSON as PHP does: on one line without spaces, non-ASCII as \uXXXX, / as \/, DEL unescaped."""
    text = json.dumps(value, separators=(",", ":")).replace("/", "\\/")
    if "\\u007f" in text:
        # Skip it where the backslash before the "u" is itself escaped.
        text = re.sub(r"(?<!\\)((?:\\\\)*)\\u007f", "\\1\x7f", text)
    return text


def envelope(code: Code, **content: Any) -> str:
    """Serialize a success: status 1, message and code, then `content` in the order given."""
    return to_json({"status": 1, "message": code.message, "code": code, **content})


def success(code: Code, **content: Any) -> Response:
    """Return a response with a success envelope."""
    return Response(envelope(code, **content), code=code)


def idempotent_response(outcome: Outcome, code: Code) -> Response:
    """Return the response to an idempotent request, with a header that marks a replay."""
    return Response(outcome.body, {"idempotency-hit": "true"} if outcome.is_replay else {}, code)


def failure(error: ApiError, *, shows_reason: bool = False) -> Response:
    """Return an error response: exactly the three documented keys, with the reason in a header.

    With `shows_reason` it is in the body as well, because a dialplan sees no headers.
    """
    more = {"reason": error.reason} if shows_reason else {}
    body = to_json({"status": 0, "message": error.code.message, "code": error.code, **more})
    return Response(body, {"x-error-reason": error.reason}, error.code, error.http_status)


def to_payload(response: Response, accept_encoding: str | None) -> dict[str, Any]:
    """Build API Gateway's payload, compressed if the client accepts gzip and the body is long enough.

    A client without Accept-Encoding accepts anything (RFC 9110, 12.5.3), but gets gzip only if the body would
    otherwise exceed Lambda's limit. Raises ResponseTooLarge if the response does not fit.
    """
    if len(response.body) < _MIN_COMPRESSED_CHARS or not _should_compress(accept_encoding, response.body):
        if not _fits_uncompressed(response.body):
            raise ResponseTooLarge
        return _payload(response, response.body, is_base64=False, extra={})
    compressed = _gzip_base64(response.body)
    if len(compressed) > _MAX_BYTES:
        raise ResponseTooLarge
    return _payload(response, compressed, is_base64=True, extra={"content-encoding": "gzip", "vary": "accept-encoding"})


def _payload(response: Response, body: str, *, is_base64: bool, extra: Mapping[str, str]) -> dict[str, Any]:
    return {
        "statusCode": response.http_status,
        "headers": {"content-type": _JSON, **response.headers, **extra},
        "body": body,
        "isBase64Encoded": is_base64,
    }


def _should_compress(accept_encoding: str | None, body: str) -> bool:
    return not _fits_uncompressed(body) if accept_encoding is None else _accepts_gzip(accept_encoding)


# Cached so that a cached list of profiles is compressed only once.
@functools.lru_cache(maxsize=1)
def _gzip_base64(body: str) -> str:
    return base64.b64encode(gzip.compress(body.encode(), 5)).decode()


def _fits_uncompressed(body: str) -> bool:
    # The runtime embeds the body in JSON, which adds a backslash before each quote and backslash.
    return len(body) < _MAX_BYTES and len(body) + body.count('"') + body.count("\\") < _MAX_BYTES


def _accepts_gzip(accept_encoding: str) -> bool:
    weights = {}
    for choice in accept_encoding.lower().split(","):
        coding, _, weight = choice.partition(";")
        weights[coding.strip()] = weight.replace(" ", "")
    # An explicit weight for gzip takes precedence over the wildcard.
    return weights.get("gzip", weights.get("*", "q=0")) not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
