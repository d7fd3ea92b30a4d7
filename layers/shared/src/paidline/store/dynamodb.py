"""The DynamoDB client of the process, and calls with retries within the request's deadline."""

import functools
import os
import time
from binascii import crc32
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, cast

import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionError, HTTPClientError, ResponseStreamingError
from botocore.handlers import BUILTIN_HANDLERS

from paidline import deadline
from paidline.cold_start import IN_LAMBDA
from paidline.errors import StoreUnavailable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

P = ParamSpec("P")
T = TypeVar("T")

# The retryable errors among those with HTTP 400, which otherwise means a faulty request. HTTP 500 and above is always
# the fault of DynamoDB or of a proxy in front of it.
_RETRYABLE = frozenset(
    {
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ThrottlingException",
        "TransactionInProgressException",
    }
)
_SERVER_ERROR = 500

# For errors that DynamoDB returns at once; these attempts take about a second. Time-outs are bounded by the deadline.
MAX_ATTEMPTS = 6
_FIRST_PAUSE_S = 0.1


class Usage:
    """What a request has used of the store: attempts, how many of them were retries, and the seconds they took."""

    def __init__(self) -> None:
        self.attempts = 0
        self.retries = 0
        self.seconds = 0.0


# Outside a request, nobody reads what is counted.
_NO_REQUEST = Usage()
_usage: ContextVar[Usage] = ContextVar("usage", default=_NO_REQUEST)


def start_usage() -> Usage:
    """Measure from here on what this thread uses of the store."""
    usage = Usage()
    _usage.set(usage)
    return usage


@functools.cache
def dynamodb() -> "DynamoDBClient":
    """Make the DynamoDB client, once per process. Operations are called through `call`."""
    session = _session()
    config = Config(
        connect_timeout=deadline.CONNECT_S,
        read_timeout=deadline.READ_S,
        # `call` makes the attempts and the pauses between them, because the SDK's ignore the deadline.
        retries={"mode": "standard", "total_max_attempts": 1},
        tcp_keepalive=True,
        max_pool_connections=32,
        # The items are built here and in the right form; checking them again costs a tenth of a request.
        parameter_validation=False,
        # The SDK's user agent with our name appended. If not set here, the SDK builds it anew for every call.
        user_agent=session.user_agent(),
    )
    endpoint = os.environ.get("DYNAMODB_ENDPOINT") or None
    made = session.create_client(
        "dynamodb",
        config=config,
        endpoint_url=endpoint,
        # Lambda sets these. Without them, the SDK's search prepares HTTPS for sources that are never asked.
        aws_access_key_id=os.environ.get("AWS_ACCESS_KEY_ID"),
        aws_secret_access_key=os.environ.get("AWS_SECRET_ACCESS_KEY"),
        aws_session_token=os.environ.get("AWS_SESSION_TOKEN"),
    )
    made.meta.events.register("before-parse.dynamodb", _check_response)
    return cast("DynamoDBClient", made)


def prepare() -> None:
    """Make the client at cold start, if this is Lambda."""
    if IN_LAMBDA:
        dynamodb()


def _session() -> botocore.session.Session:
    """Make a session that listens to DynamoDB's events only.

    By default it also listens to a hundred that other services and the generator of documentation emit, and botocore
    inspects the signature of each listener: a twentieth of a cold start.
    """
    session = botocore.session.Session(include_builtin_handlers=False)
    session.user_agent_extra = "app/paidline"
    for event, handler, *_ in BUILTIN_HANDLERS:
        stage, _, service = event.partition(".")
        if stage != "docs" and service.partition(".")[0] in {"", "*", "dynamodb"}:
            session.register(event, handler)
    return session


def _check_response(response_dict: dict[str, Any], **_: Any) -> None:
    """Raise ResponseStreamingError for a response that is incomplete or not from DynamoDB.

    The SDK would treat a truncated item as a missing one, and a proxy's HTML page with HTTP 200 as a success.
    """
    headers, body = response_dict["headers"], response_dict["body"]
    if len(body) != int(headers.get("content-length", len(body))):
        raise ResponseStreamingError(error="the response broke off")
    if "x-amz-crc32" in headers and crc32(body) != int(headers["x-amz-crc32"]):
        raise ResponseStreamingError(error="the response does not match its checksum")
    if body.startswith(b"{"):
        return
    if response_dict["status_code"] < _SERVER_ERROR:
        raise ResponseStreamingError(error="the response is not DynamoDB's")
    # An error page from a proxy: the status is enough, and parsing the body could fail.
    response_dict["body"] = b""


def call(operation: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call an operation of the client, retrying retryable errors until the request's deadline.

    A retry is identical to the first attempt, including its ClientRequestToken.
    Raises DeadlineExceeded if the deadline passes, and StoreUnavailable after too many attempts. Other errors are
    left to the caller.
    """
    attempts = 0
    usage = _usage.get()
    while True:
        deadline.check()
        started = time.monotonic()
        try:
            return operation(*args, **kwargs)
        except (ClientError, ConnectionError, HTTPClientError) as error:
            if not _is_retryable(error):
                raise
            attempts += 1
            if attempts == MAX_ATTEMPTS:
                raise StoreUnavailable from error
            usage.retries += 1
            # If the deadline passes here, DynamoDB's error is logged as the cause of DeadlineExceeded.
            pause_s = _FIRST_PAUSE_S * 2 ** (attempts - 1)
        finally:
            usage.attempts += 1
            usage.seconds += time.monotonic() - started
        deadline.pause(pause_s)


def _is_retryable(error: Exception) -> bool:
    if not isinstance(error, ClientError):
        return True
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return error.response["Error"]["Code"] in _RETRYABLE or status >= _SERVER_ERROR


def pages(operation: str, parameters: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield all items of a query or scan. One call per megabyte, made only when its items are consumed."""
    after: dict[str, Any] | None = None
    while True:
        items, after = page(operation, parameters, after)
        yield from items
        if after is None:
            return


def page(
    operation: str, parameters: dict[str, Any], after: dict[str, Any] | None
) -> tuple[list[dict[str, Any]], dict[str, Any] | None]:
    """Return one page of a query or scan, at most a megabyte, and the key after which the next begins, if any."""
    if after is not None:
        parameters = {**parameters, "ExclusiveStartKey": after}
    found = call(getattr(dynamodb(), operation), **parameters)
    return found["Items"], found.get("LastEvaluatedKey")
