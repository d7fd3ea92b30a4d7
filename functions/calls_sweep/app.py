"""Sweep: let the paid calls expire that nobody ends. Runs on a schedule, without a route."""

from collections.abc import Mapping
from typing import Any

from paidline import cold_start
from paidline.api import telemetry
from paidline.api.endpoint import Context
from paidline.cold_start import IN_LAMBDA
from paidline.domain.calls.expiry import sweep
from paidline.store.dynamodb import dynamodb

_NAME = "calls_sweep"

if IN_LAMBDA:
    dynamodb()
cold_start.end()


def lambda_handler(event: Mapping[str, Any], context: Context) -> dict[str, int]:
    """Sweep once and return how many calls have expired. Raises the first error of a call that could not."""
    swept = sweep(context.get_remaining_time_in_millis, handler=_NAME)
    telemetry.count("ExpiredCalls", swept.expired)
    for failure in swept.failures:
        telemetry.log_fault(_NAME, context.aws_request_id, failure)
    if swept.failures:
        raise swept.failures[0]
    return {"expired": swept.expired}
