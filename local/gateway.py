"""A WSGI app that stands in for API Gateway: it passes HTTP requests to handlers as payload 2.0 events.

For functions without a route it stands in for Lambda's Invoke call, like `sam local start-lambda`.
"""

from __future__ import annotations

import base64
import importlib.util
import itertools
import json
import logging
import os
import re
import sys
import time
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote
from wsgiref.types import StartResponse, WSGIEnvironment

from local import log_delivery
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
    400: "400 Bad Request",
    404: "404 Not Found",
    413: "413 Request Entity Too Large",
    500: "500 Internal Server Error",
}
_WAITED_FOR = "RequestResponse"
_FUNCTION_ERROR = ("x-amz-function-error", "Unhandled")
_INVOKE_PATH = re.compile(r"/2015-03-31/functions/([^/]+)/invocations")

# What a test or a trial shortens.
_SETTINGS = ("CALL_SYNC_SILENCE_S", "CALL_SYNC_GRACE_S")

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
class Loaded:
    """A function with its handler."""

    function: Function
    handler: Handler

    def invoke(self, event: Any) -> dict[str, Any]:
        """Call the handler as Lambda does."""
        return self.handler(event, context(self.function))


def context(function: Function) -> Context:
    """Return a context for one invocation of a function."""
    return Context(
        function_name=function.name,
        memory_limit_in_mb=function.memory_mb,
        invoked_function_arn=f"arn:aws:lambda:{_REGION}:{_ACCOUNT}:function:{function.name}",
        log_group_name=f"/aws/lambda/{function.name}",
        timeout_s=function.timeout_s,
    )


class Gateway:
    """The HTTP API of a template as a WSGI app, with Lambda's Invoke call for the functions without a route."""

    def __init__(self, template: Template) -> None:
        loaded = {function.name: Loaded(function, load_handler(function)) for function in template.functions}
        self._endpoints = {
            (route.method, route.path): (route, loaded[route.function.name])
            for route in (*template.routes, *template.optional_routes)
        }
        self._invoked = {function.name: loaded[function.name] for function in template.invoked_functions}
        self._log_subscribers = [loaded[function.name] for function in template.log_subscribers]

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Handle one HTTP request."""
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        if method == "POST" and (invoke := _INVOKE_PATH.fullmatch(path)):
            return self._invoke(unquote(invoke[1]), environ, start_response)
        found = self._find(method, path)
        if found is None:
            return _json_response(start_response, 404, b'{"message":"Not Found"}')
        route, loaded = found
        try:
            event = make_event(environ, route)
        except BodyTooLarge:
            return _json_response(start_response, 413, b'{"message":"Request Entity Too Large"}')
        try:
            status, headers, body = _read_result(loaded.invoke(event))
        except Exception:
            _log.exception("%s raised; Lambda would report a function error", route.function.name)
            return _json_response(start_response, 500, b'{"message":"Internal Server Error"}')
        if reason := dict(headers).get("x-error-reason"):
            self._deliver(log_delivery.refused_request(reason, is_fault=int(status[:3]) >= 500))
        start_response(status, [*headers, ("apigw-requestid", event["requestContext"]["requestId"])])
        return [body]

    def _deliver(self, event: Event) -> None:
        """Hand log lines to the functions that subscribe to them. An error is logged, as Lambda would."""
        for loaded in self._log_subscribers:
            try:
                loaded.invoke(event)
            except Exception:
                _log.exception("%s raised; Lambda would report a function error", loaded.function.name)

    def _invoke(self, name: str, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer Lambda's Invoke call. A function is named by its logical id or by an ARN that ends with it."""
        loaded = self._invoked.get(name.rpartition(":")[2])
        if loaded is None:
            return _invoke_failure(start_response, 404, "ResourceNotFoundException", f"Function not found: {name}")
        try:
            event = json.loads(_read_body(environ) or b"{}")
        except BodyTooLarge:
            return _invoke_failure(start_response, 413, "RequestTooLargeException", "The payload is too large")
        except ValueError as error:
            message = f"Could not parse request body into json: {error}"
            return _invoke_failure(start_response, 400, "InvalidRequestContentException", message)
        if environ.get("HTTP_X_AMZ_INVOCATION_TYPE", _WAITED_FOR) != _WAITED_FOR:
            message = f"The local gateway knows only the invocation type {_WAITED_FOR}"
            return _invoke_failure(start_response, 400, "InvalidParameterValueException", message)
        try:
            result = json.dumps(loaded.invoke(event)).encode()
        except Exception as error:
            _log.exception("%s raised; Lambda would report a function error", loaded.function.name)
            raised = {"errorMessage": str(error), "errorType": type(error).__name__}
            return _json_response(start_response, 200, json.dumps(raised).encode(), _FUNCTION_ERROR)
        return _json_response(start_response, 200, result)

    def _find(self, method: str, path: str) -> tuple[Route, Loaded] | None:
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
    os.environ.update(template.environment | _own_settings())
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


def _own_settings() -> dict[str, str]:
    """Return the settings that this process's environment may change, as stack parameters do in AWS."""
    return {name: value for name in _SETTINGS if (value := os.environ.get(name))}


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


def _json_response(start_response: StartResponse, status: int, body: bytes, *headers: tuple[str, str]) -> list[bytes]:
    own = [("content-type", "application/json"), ("content-length", str(len(body)))]
    start_response(_REASONS[status], [*own, *headers])
    return [body]


def _invoke_failure(start_response: StartResponse, status: int, error: str, message: str) -> list[bytes]:
    """Answer as Lambda refuses an Invoke call; SDKs read the error's name from a header."""
    body = json.dumps({"Type": "User", "Message": message}).encode()
    return _json_response(start_response, status, body, ("x-amzn-errortype", error))
