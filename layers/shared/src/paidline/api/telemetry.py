"""What is told of a request: one line that is log and metric at once. Never a value that a caller sent.

A hash, a PIN, a phone number or an e-mail address can stand in any of them, and in the text of any exception too:
so a fault is told by its type and place.
"""

import functools
import traceback
from typing import TYPE_CHECKING

from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from paidline.api.response import Response
from paidline.errors import ApiError, ServerError

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger


def log_response(endpoint: str, request_id: str, response: Response) -> None:
    """Count an answer by endpoint and code, a fault of ours as such too, and log it with its reason."""
    # One of its own per request: the usual kind is shared by all threads of a process, and the local gateway has many.
    metrics = EphemeralMetrics()
    metrics.add_dimension("endpoint", endpoint)
    metrics.add_dimension("code", str(int(response.code)))
    metrics.add_metric("Answers", MetricUnit.Count, 1)
    metrics.add_metric("Faults", MetricUnit.Count, response.http_status >= ServerError.http_status)
    metrics.add_metadata("requestId", request_id)
    metrics.add_metadata("reason", response.headers.get("x-error-reason", ""))
    metrics.flush_metrics()


def log_fault(endpoint: str, request_id: str, error: BaseException) -> None:
    """Log a fault of ours: the types of the exception and its causes, and where they were raised."""
    chain = []
    cause: BaseException | None = error
    while cause is not None:
        frames = traceback.extract_tb(cause.__traceback__)
        chain.append({"type": type(cause).__name__, "at": [f"{f.filename}:{f.lineno} {f.name}" for f in frames]})
        cause = cause.__cause__ or cause.__context__
    reason = error.reason if isinstance(error, ApiError) else "internal_error"
    logger().error("fault", endpoint=endpoint, requestId=request_id, reason=reason, exceptions=chain)


@functools.cache
def logger() -> "Logger":
    """Make the logger with the first fault: a start without one need not wait for it."""
    from aws_lambda_powertools import Logger

    return Logger()
