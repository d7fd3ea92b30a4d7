"""Count refusals for the wallboard. CloudWatch Logs invokes this function with the log lines of refused requests."""

import base64
import gzip
import json
from collections.abc import Mapping
from typing import Any

from paidline import cold_start, deadline
from paidline.api import telemetry
from paidline.api.endpoint import Context
from paidline.domain import refusals
from paidline.domain.refusals import LogLine

_NAME = "count_refusals"

refusals.prepare()
cold_start.end()


def lambda_handler(event: Mapping[str, Any], context: Context) -> dict[str, int]:
    """Count the refusals in one batch of lines and return how many there were. One UpdateItem per day in it.

    Counts may be slightly off: CloudWatch Logs may deliver a batch twice, and Lambda gives up on one that has failed
    three times.
    """
    batch = json.loads(gzip.decompress(base64.b64decode(event["awslogs"]["data"])))
    if batch["messageType"] != "DATA_MESSAGE":
        # CloudWatch Logs checks whether it may call the function.
        return {"refusals": 0}
    lines = (LogLine(entry["timestamp"], entry["message"]) for entry in batch["logEvents"])
    try:
        with deadline.start(context.get_remaining_time_in_millis()):
            return {"refusals": refusals.count(lines)}
    except Exception as error:
        telemetry.log_fault(_NAME, context.aws_request_id, error)
        raise
