"""Verify every wallet against its ledger. Runs on a schedule, without a route; docs/operations.md switches it on."""

import os
from collections.abc import Mapping
from typing import Any

import botocore.session

from paidline import cold_start
from paidline.api import telemetry
from paidline.api.endpoint import Context
from paidline.management.verification import verify

# Not the endpoints' client, whose short time-outs are for live calls: the SDK's retries respect throttling.
_session: Any = botocore.session.get_session()
_client = _session.create_client("dynamodb", endpoint_url=os.environ["DYNAMODB_ENDPOINT"] or None)
cold_start.end()


def lambda_handler(event: Mapping[str, Any], context: Context) -> dict[str, int]:
    """Verify once, log what is wrong and return how much was read. The DynamoDB calls of `verify`."""
    found = verify(_client, os.environ)
    read = {"wallets": found.wallets, "entries": found.entries, "problems": len(found.problems)}
    telemetry.log_verification(context.aws_request_id, read, [str(problem) for problem in found.problems])
    return read
