"""A WSGI app that stands in for API Gateway: it passes HTTP requests to handlers as payload 2.0 events."""

from __future__ import annotations

import base64
import importlib.util
import itertools
import logging
import os
import sys
import time
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl
from wsgiref.types import StartResponse, WSGIEnvironment

from local.template import Function, Route, Template

_REGION = "eu-west-1"
_ACCOUNT = "000000000000"
_API_ID = "local"
_MAX_BODY_BYTES = 10 * 1024 * 1024
_TEXT_TYPES = frozenset({"application/json", "application/xml", "application/javascript"})
# API Gateway does not pass these on; cookies have their own field.
_HIDDEN_HEADERS = frozenset({"connection", "cookie", "keep-alive", "te", "transfer-encoding", "upgrade"})
_REASONS = {
    200: "200 OK",
    302: "302 Found",
    404: "404 Not Found",
    413: "413 Request Entity Too Large",
    500: "500 Internal Server Error",
}

Event = dict[str, Any]
Handler = Callable[[Event, "Context"], dict[str, Any]]

_log = logging.getLogger("local.gateway")


class BodyTooLarge(Exception):
    """The request's body exceeds API Gateway's limit."""


@dataclass(frozen=True)
class Context:
    """The context object that Lambda passes to a handler."""

    function_name: str
    memory_limit_in_mb: int
    invoked_function_arn: str
    log_group_name: str
    timeout_s: int
    function_version: str = "$LATEST"
    log_stream_name: str = "local"
    aws_request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    started: float = field(default_factory=time.monotonic)

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds left before Lambda would time out."""
        return max(0, int((self.started + self.timeout_s - time.monotonic()) * 1000))


@dataclass(frozen=True)
class Endpoint:
    """A route with its loaded handler."""

    route: Route
    handler: Handler

    def context(self) -> Context:
        """Return a context for one invocation."""
        function = self.route.function
        return Context(
            function_name=function.name,
            memory_limit_in_mb=function.memory_mb,
            invoked_function_arn=f"arn:aws:lambda:{_REGION}:{_ACCOUNT}:function:{function.name}",
            log_group_name=f"/aws/lambda/{function.name}",
            timeout_s=function.timeout_s,
        )


class Gateway:
    """The HTTP API of a template as a WSGI app."""

    def __init__(self, template: Template) -> None:
        self._endpoints = {
            (route.method, route.path): Endpoint(route, load_handler(route.function))
            for route in (*template.routes, *template.optional_routes)
        }

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Handle one HTTP request."""
        endpoint = self._find(environ["REQUEST_METHOD"], environ["PATH_INFO"])
        if endpoint is None:
            return _gateway_response(start_response, 404, b'{"message":"Not Found"}')
        try:
            event = make_event(environ, endpoint.route)
        except BodyTooLarge:
            return _gateway_response(start_response, 413, b'{"message":"Request Entity Too Large"}')
        try:
            status, headers, body = _read_result(endpoint.handler(event, endpoint.context()))
        except Exception:
            _log.exception("%s raised; Lambda would report a function error", endpoint.route.function.name)
            return _gateway_response(start_response, 500, b'{"message":"Internal Server Error"}')
        start_response(status, [*headers, ("apigw-requestid", event["requestContext"]["requestId"])])
        return [body]

    def _find(self, method: str, path: str) -> Endpoint | None:
        """Find the endpoint of a path, or of the route whose last segment is a variable such as {file}."""
        exact = self._endpoints.get((method, path))
        if exact is not None:
            return exact
        parent = path.rpartition("/")[0]
        return next(
            (
                endpoint
                for (of_method, of_path), endpoint in self._endpoints.items()
                if of_method == method and of_path.endswith("}") and of_path.rpartition("/")[0] == parent
            ),
            None,
        )


def set_environment(template: Template, endpoint: str) -> None:
    """Set the functions' environment variables in this process, with a local engine as the endpoint."""
    os.environ.update(template.environment)
    os.environ.update(
        DYNAMODB_ENDPOINT=endpoint,
        AWS_REGION=_REGION,
        AWS_DEFAULT_REGION=_REGION,
        # Fake, so that no request can ever use an AWS account.
        AWS_ACCESS_KEY_ID="local",
        AWS_SECRET_ACCESS_KEY="local",
        AWS_EC2_METADATA_DISABLED="true",
        # The engine runs on this machine, and on macOS looking up system proxies is not safe after a fork.
        NO_PROXY="*",
        no_proxy="*",
    )
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_DYNAMODB"):
        os.environ.pop(name, None)


def load_handler(function: Function) -> Handler:
    """Import a function's handler, giving each app.py a unique module name."""
    path = function.folder / f"{function.module}.py"
    spec = importlib.util.spec_from_file_location(f"functions.{function.stem}.{function.module}", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is not a Python module")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    handler: Handler = getattr(module, function.attribute)
    return handler


def make_event(environ: WSGIEnvironment, route: Route) -> Event:
    """Build the event that API Gateway's HTTP API passes to Lambda (payload 2.0)."""
    headers = _headers(environ)
    host = headers.get("host", "")
    domain = host.partition(":")[0]
    now = time.time()
    query = environ.get("QUERY_STRING", "")
    event: Event = {
        "version": "2.0",
        "routeKey": route.key,
        "rawPath": environ["PATH_INFO"],
        "rawQueryString": query,
        "headers": headers,
        "requestContext": {
            "accountId": _ACCOUNT,
            "apiId": _API_ID,
            "domainName": domain,
            "domainPrefix": domain.partition(".")[0],
            "http": {
                "method": route.method,
                "path": environ["PATH_INFO"],
                "protocol": environ["SERVER_PROTOCOL"],
                "sourceIp": environ["REMOTE_ADDR"],
                "userAgent": headers.get("user-agent", ""),
            },
            "requestId": base64.b64encode(os.urandom(11)).decode(),
            "routeKey": route.key,
            "stage": "$default",
            "time": time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(now)),
            "timeEpoch": int(now * 1000),
        },
        "isBase64Encoded": False,
    }
    if "HTTP_COOKIE" in environ:
        event["cookies"] = [cookie.strip() for cookie in environ["HTTP_COOKIE"].split(";")]
    if query:
        event["queryStringParameters"] = _query_parameters(query)
    body = _read_body(environ)
    if body:
        event["body"], event["isBase64Encoded"] = _encode_body(body, headers.get("content-type", ""))
    return event


def _headers(environ: WSGIEnvironment) -> dict[str, str]:
    # The server has already joined the values of repeated headers with commas.
    headers = {
        name: value
        for key, value in environ.items()
        if key.startswith("HTTP_") and (name := _header_name(key)) not in _HIDDEN_HEADERS
    }
    if content_type := environ.get("CONTENT_TYPE"):
        headers["content-type"] = content_type
    if content_length := environ.get("CONTENT_LENGTH"):
        headers["content-length"] = content_length
    forwarded = (headers.get("x-forwarded-for"), environ["REMOTE_ADDR"])
    headers["x-forwarded-for"] = ", ".join(address for address in forwarded if address)
    headers["x-forwarded-port"] = environ["SERVER_PORT"]
    headers["x-forwarded-proto"] = environ["wsgi.url_scheme"]
    return headers


def _header_name(key: str) -> str:
    return key[5:].replace("_", "-").lower()


def _query_parameters(query: str) -> dict[str, str]:
    pairs = sorted(parse_qsl(query, keep_blank_values=True), key=lambda pair: pair[0])
    grouped = itertools.groupby(pairs, key=lambda pair: pair[0])
    return {name: ",".join(value for _, value in same) for name, same in grouped}


def _read_body(environ: WSGIEnvironment) -> bytes:
    # The server ends the stream at the end of the body, even a chunked one of unknown length.
    stream = environ["wsgi.input"]
    body: bytes = stream.read(_MAX_BODY_BYTES + 1)
    if len(body) > _MAX_BODY_BYTES:
        # Read the rest too, or the client would see a broken connection instead of the response.
        while stream.read(_MAX_BODY_BYTES):
            pass
        raise BodyTooLarge
    return body


def _encode_body(body: bytes, content_type: str) -> tuple[str, bool]:
    """Return the body as in an event, unchanged for text and otherwise in base64, and whether it is base64."""
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type in _TEXT_TYPES or media_type.startswith("text/"):
        try:
            return body.decode("utf-8"), False
        except UnicodeDecodeError:
            pass
    return base64.b64encode(body).decode("ascii"), True


def _read_result(result: dict[str, Any]) -> tuple[str, list[tuple[str, str]], bytes]:
    """Convert a handler's result to a status line, headers and body."""
    status = int(result["statusCode"])
    text: str = result.get("body", "")
    body = base64.b64decode(text) if result.get("isBase64Encoded") else text.encode("utf-8")
    headers = [(name, str(value)) for name, value in result.get("headers", {}).items()]
    headers.append(("content-length", str(len(body))))
    return _REASONS.get(status) or f"{status} Status", headers, body


def _gateway_response(start_response: StartResponse, status: int, body: bytes) -> list[bytes]:
    start_response(_REASONS[status], [("content-type", "application/json"), ("content-length", str(len(body)))])
    return [body]
