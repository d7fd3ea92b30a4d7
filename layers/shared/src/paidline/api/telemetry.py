"""Logs and metrics for each request: one line of JSON that is both.

No value that a caller sent is logged, because any of them may be a hash, a PIN, a phone number or an e-mail address.
Clients and idempotency keys are named by the first digits of their digests.
Nor is the text of an exception, which may quote one: a fault is logged by the exception's type and place.
"""

import functools
import hashlib
import time
import traceback
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from paidline.api.response import Response
from paidline.errors import ApiError, ServerError
from paidline.store.api_clients import PREFIX_LENGTH
from paidline.store.dynamodb import start_usage

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger


class RequestLog:
    """The log line of one request: what is known of it so far, and its time from here on.

    `client` is the prefix of the authenticated client's digest, or "": it shows when a hash was last used, and a guess
    may be a PIN. `idempotency_key` is the key as sent, of which the line has the prefix of a digest.
    """

    client = ""
    idempotency_key: str | None = None

    def __init__(self, endpoint: str, version: str, request_id: str, stored_id: str) -> None:
        self._endpoint = endpoint
        self._version = version
        self._request_id = request_id
        self._stored_id = stored_id
        self._started = time.monotonic()
        self._usage = start_usage()

    def write(self, response: Response) -> None:
        """Write the line. Its three metrics have one dimension, the stack: each combination of values has a price."""
        # Ephemeral: Powertools' usual metrics object is shared by all threads, and the local gateway has many.
        metrics = EphemeralMetrics()
        metrics.add_metric("Faults", MetricUnit.Count, response.http_status >= ServerError.http_status)
        metrics.add_metric("Latency", MetricUnit.Milliseconds, round((time.monotonic() - self._started) * 1000, 1))
        metrics.add_metric("StoreRetries", MetricUnit.Count, self._usage.retries)
        for name, value in {
            "endpoint": self._endpoint,
            "code": int(response.code),
            "reason": response.headers.get("x-error-reason", ""),
            "client": self.client,
            "idempotencyKey": _digest_prefix(self.idempotency_key),
            "storeCalls": self._usage.attempts,
            "storeMs": round(self._usage.seconds * 1000, 1),
            "version": self._version,
            "requestId": self._request_id,
            # The `requestId` of what it stored: ledger entries, agents, call sessions.
            "storedRequestId": self._stored_id,
        }.items():
            metrics.add_metadata(name, value)
        metrics.flush_metrics()


def _digest_prefix(key: str | None) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:PREFIX_LENGTH] if key else ""


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
