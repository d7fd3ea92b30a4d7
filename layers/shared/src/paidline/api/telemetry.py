"""Logs and metrics for each request: one line of JSON that is both. Never a value that a caller sent.

A hash, a PIN, a phone number or an e-mail address can stand in any of them, and in the text of any exception too:
so a fault is logged by its type and place.
"""

import json
import time
import traceback

from paidline.api.response import Response
from paidline.errors import ApiError, ServerError

_SERVICE = "paidline"
# CloudWatch makes metrics of a line that describes them so (its "embedded metric format").
_METRICS = {
    "Namespace": "Paidline",
    "Dimensions": [["endpoint", "code", "service"]],
    "Metrics": [{"Name": "Answers", "Unit": "Count"}, {"Name": "Faults", "Unit": "Count"}],
}


def log_response(endpoint: str, request_id: str, response: Response) -> None:
    """Count an answer by endpoint and code, a fault of ours as such too, and log it with its reason."""
    line = {
        "_aws": {"Timestamp": time.time_ns() // 1_000_000, "CloudWatchMetrics": [_METRICS]},
        "service": _SERVICE,
        "endpoint": endpoint,
        "code": str(int(response.code)),
        "requestId": request_id,
        "reason": response.headers.get("x-error-reason", ""),
        "Answers": 1,
        "Faults": int(response.http_status >= ServerError.http_status),
    }
    print(json.dumps(line))


def log_fault(endpoint: str, request_id: str, error: BaseException) -> None:
    """Log a fault of ours: the types of the exception and its causes, and where they were raised."""
    chain = []
    cause: BaseException | None = error
    while cause is not None:
        frames = traceback.extract_tb(cause.__traceback__)
        chain.append({"type": type(cause).__name__, "at": [f"{f.filename}:{f.lineno} {f.name}" for f in frames]})
        cause = cause.__cause__ or cause.__context__
    line = {
        "level": "ERROR",
        "message": "fault",
        "service": _SERVICE,
        "endpoint": endpoint,
        "requestId": request_id,
        "reason": error.reason if isinstance(error, ApiError) else "internal_error",
        "exceptions": chain,
    }
    print(json.dumps(line))
