"""The one DynamoDB client of the process, and the translation of its errors."""

import functools
import os
from collections.abc import Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any, cast

import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionError, HTTPClientError, ResponseStreamingError

from paidline.codes import StoreUnavailable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# What AWS documents as "send it again" among what is otherwise the request's own fault (HTTP 400): by then the SDK has
# sent it three times. HTTP 500 and above is always the store's, or that of what stands before it.
_UNAVAILABLE = frozenset(
    {
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ThrottlingException",
        "TransactionInProgressException",
    }
)
_STORES_FAULT = 500


@functools.cache
def client() -> "DynamoDBClient":
    """Make the client, once per process.

    A caller waits on the line and gives up after four seconds, so a call gets a second, three times at most.
    """
    config = Config(
        connect_timeout=1,
        read_timeout=1,
        retries={"mode": "standard", "total_max_attempts": 3},
        tcp_keepalive=True,
        max_pool_connections=32,
        # The items are built here and in the right form; checking them again costs a tenth of a request.
        parameter_validation=False,
        # The SDK's own is put together anew for every call, for some six hundredths of a warm request.
        user_agent="paidline",
    )
    endpoint = os.environ.get("DYNAMODB_ENDPOINT") or None
    made = botocore.session.Session().create_client(
        "dynamodb",
        config=config,
        endpoint_url=endpoint,
        # Lambda puts them here. Left to look for itself, the SDK prepares to ask other places first, by HTTPS.
        aws_access_key_id=os.environ.get("AWS_ACCESS_KEY_ID"),
        aws_secret_access_key=os.environ.get("AWS_SECRET_ACCESS_KEY"),
        aws_session_token=os.environ.get("AWS_SESSION_TOKEN"),
    )
    made.meta.events.register("before-parse.dynamodb", _refuse_foreign)
    return cast("DynamoDBClient", made)


def _refuse_foreign(response_dict: dict[str, Any], **_: Any) -> None:
    """Refuse what is not DynamoDB's answer, such as the page of a proxy; the SDK would read it as an empty answer.

    A transaction that got such a page with HTTP 200 would count as written.
    """
    if response_dict["body"].startswith(b"{"):
        return
    if response_dict["status_code"] < _STORES_FAULT:
        raise ResponseStreamingError(error="no answer of the store's")
    # The status alone says what it is; the page may be in any encoding.
    response_dict["body"] = b""


def _is_unavailable(error: ClientError) -> bool:
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return status >= _STORES_FAULT or error.response["Error"]["Code"] in _UNAVAILABLE


class Translated:
    """Turns the store's "not now" into StoreUnavailable, by its status and code, and lets everything else through."""

    def __enter__(self) -> None:
        """Do nothing: there is nothing to open."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Raise StoreUnavailable from an error that says that the store is down, slow or throttled."""
        if isinstance(error, HTTPClientError | ConnectionError):
            raise StoreUnavailable from error
        if isinstance(error, ClientError) and _is_unavailable(error):
            raise StoreUnavailable from error


translated = Translated()


def pages(operation: str, parameters: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the items of a query or scan, to its end. One call per megabyte, none for a page that nobody reads."""
    while True:
        with translated:
            page = getattr(client(), operation)(**parameters)
        yield from page["Items"]
        if "LastEvaluatedKey" not in page:
            return
        parameters = {**parameters, "ExclusiveStartKey": page["LastEvaluatedKey"]}
