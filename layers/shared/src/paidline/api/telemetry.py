"""Logs and metrics for each request: one line of JSON that is both.

No value that a caller sent is logged, because any of them may be a hash, a PIN, a phone number or an e-mail address.
Nor is the text of an exception, which may quote one: a fault is logged by the exception's type and place.
"""

import functools
import traceback
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from paidline.api.response import Response
from paidline.errors import ApiError, ServerError

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger


def log_response(endpoint: str, request_id: str, stored_id: str, response: Response, client: str) -> None:
    """Log a response with its reason, and count it by endpoint and code; a 5xx also counts as a fault.

    `stored_id` is the `requestId` of what the request stored, such as a ledger entry.

    `client` is the prefix of the authenticated client's digest, or "". It shows when a hash was last used.
    """
    # Ephemeral: Powertools' usual metrics object is shared by all threads, and the local gateway has many.
    metrics = EphemeralMetrics()
    metrics.add_dimension("endpoint", endpoint)
    metrics.add_dimension("code", str(int(response.code)))
    metrics.add_metric("Answers", MetricUnit.Count, 1)
    metrics.add_metric("Faults", MetricUnit.Count, response.http_status >= ServerError.http_status)
    metrics.add_metadata("requestId", request_id)
    metrics.add_metadata("storedRequestId", stored_id)
    metrics.add_metadata("reason", response.headers.get("x-error-reason", ""))
    if client:
        metrics.add_metadata("client", client)
    metrics.flush_metrics()


def count(metric: str, number: int) -> None:
    """Count something that an operator has to know of, if there is any."""
    if number:
        metrics = EphemeralMetrics()
        metrics.add_metric(metric, MetricUnit.Count, number)
        metrics.flush_metrics()


def log_verification(request_id: str, read: Mapping[str, int], problems: Sequence[str]) -> None:
    """Log what is wrong with ledgers, and count it; nothing wrong counts as 0, so that a missing run can be noticed."""
    for problem in problems:
        logger().error("ledger problem", requestId=request_id, problem=problem)
    metrics = EphemeralMetrics()
    metrics.add_metric("LedgerProblems", MetricUnit.Count, len(problems))
    for name, number in {"requestId": request_id, **read}.items():
        metrics.add_metadata(name, number)
    metrics.flush_metrics()


def log_fault(endpoint: str, request_id: str, error: BaseException) -> None:
    """Log the types of an exception and its causes, and where they were raised."""
    chain = []
    cause: BaseException | None = error
    while cause is not None:
        frames = traceback.extract_tb(cause.__traceback__)
        chain.append({"type": type(cause).__name__, "at": [f"{f.filename}:{f.lineno} {f.name}" for f in frames]})
        cause = cause.__cause__ or cause.__context__
    reason = error.reason if isinstance(error, ApiError) else "internal_error"
    logger().error("fault", endpoint=endpoint, requestId=request_id, reason=reason, exceptions=chain)


def log_audit(request_id: str, line: Mapping[str, Any]) -> None:
    """Log who did what: a command of the admin function with its operator, target ids and outcome."""
    logger().info("audit", requestId=request_id, **line)


@functools.cache
def logger() -> "Logger":
    """Create the logger at the first line, so that a cold start does not wait for it."""
    from aws_lambda_powertools import Logger

    return Logger()
