"""Sweep: let the paid calls expire that nobody ends. Runs on a schedule, without a route."""

from collections.abc import Mapping
from typing import Any

from paidline import cold_start
from paidline.api import telemetry
from paidline.api.endpoint import Context
from paidline.domain.calls import expiry

_NAME = "calls_sweep"

expiry.prepare()
cold_start.end()


def lambda_handler(event: Mapping[str, Any], context: Context) -> dict[str, int]:
    """Sweep once and return how many calls have expired. Raises the first error of a call that could not."""
    swept = expiry.sweep(context.get_remaining_time_in_millis, handler=_NAME)
    telemetry.count("ExpiredCalls", swept.expired)
    for failure in swept.failures:
        telemetry.log_fault(_NAME, context.aws_request_id, failure)
    if swept.failures:
        raise swept.failures[0]
    return {"expired": swept.expired}
