"""Reckon what a month costs, CloudWatch included, by what templates and code make: `python -m benchmarks.month`.

The mix is one of a small service: half status look-ups, a quarter wallets by PIN, a quarter debits.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
from pathlib import Path
from typing import Any
from unittest.mock import patch

from local import template
from local.template import PROJECT
from paidline.api.response import success
from paidline.api.telemetry import RequestLog
from paidline.codes import Code

PAGE = PROJECT / "docs" / "performance.md"
REQUESTS = 500_000
MIX = {"get_status_by_ref": 0.5, "get_wallet_by_dialed_number_and_pin": 0.25, "subtract_tokens_from_wallet": 0.25}

_PRICES = json.loads(Path(__file__).with_name("prices.json").read_text(encoding="utf-8"))
_GB = 1_000_000_000
_UUID = "11111111-2222-3333-4444-555555555555"
# START, END and REPORT as Lambda's documentation shows them, and what CloudWatch adds to each of the four events.
_LAMBDAS_OWN_BYTES = 350
_PER_EVENT_BYTES = 26
# Values as API Gateway's documentation shows them.
_ACCESS = {
    "$context.requestId": "HqOg4i9XjoEEJ4Q=",
    "$context.awsEndpointRequestId": _UUID,
    "$context.routeKey": "POST /wp-json/credsys/v1/json/getWalletByDialedNumberAndPin",
    "$context.status": "200",
    "$context.responseLatency": "14",
    "$context.integrationErrorMessage": "-",
    "${SourceIp}": "",
}
_SWEEPS = 60 * 24 * 365 // 12
_SWEEP_MS = 10


def main() -> None:
    """Print the table."""
    print(table())


def table() -> str:
    """Return what each thing costs in a month, as a table."""
    per_million = sum(share * _per_million(stem) for stem, share in MIX.items())
    line, access = _line_bytes(), _access_bytes()
    written, filtered, alarms = _metrics(), _filters(), _alarms()
    costs = {
        f"requests, computing and DynamoDB: 0.5 million at {per_million:.2f}": per_million * REQUESTS / 1_000_000,
        f"the sweep of paid calls: {_SWEEPS:,} runs of {_SWEEP_MS} ms": _sweeps(),
        f"function logs: {line} bytes of ours and {_LAMBDAS_OWN_BYTES} of Lambda's for each request": _logs(
            line + _LAMBDAS_OWN_BYTES + 4 * _PER_EVENT_BYTES
        ),
        f"access log: {access} bytes for each request": _logs(access + _PER_EVENT_BYTES),
        f"metrics: {written} that functions write, {filtered} from filters of the log": _PRICES["cloudwatch_metric"]
        * (written + filtered),
        f"alarms: {alarms}": _PRICES["cloudwatch_alarm"] * alarms,
        "dashboard": _PRICES["cloudwatch_dashboard"],
    }
    rows = [f"| {what} | {usd:.2f} |" for what, usd in costs.items()]
    return "\n".join(["| what | USD a month |", "|---|---|", *rows, f"| all | {sum(costs.values()):.2f} |"])


def _per_million(stem: str) -> float:
    """Return the price of a million requests as the page has it; `make cost` measures it."""
    (cells,) = re.findall(rf"^\| {stem} \|(.*)\|$", PAGE.read_text(encoding="utf-8"), flags=re.M)
    return float(cells.split("|")[-1])


def _line_bytes() -> int:
    """Return the length of a request's log line, written as the functions write it."""
    line = io.StringIO()
    named = {"POWERTOOLS_SERVICE_NAME": "paidline-prod", "POWERTOOLS_METRICS_NAMESPACE": "Paidline"}
    with contextlib.redirect_stdout(line), patch.dict(os.environ, named):
        log = RequestLog("subtract_tokens_from_wallet", "12", _UUID, "0" * 32)
        log.client, log.idempotency_key = "0" * 12, "pbx1-1732377600.42"
        log.write(success(Code.SUCCESS))
    # Times are a few digits longer than here, where nothing was done.
    return round(len(line.getvalue()) + 6, -1)


def _access_bytes() -> int:
    text: str = template.load()["Resources"]["HttpApi"]["Properties"]["AccessLogSettings"]["Format"]["Sub"][0]
    # The longest names first: one is the beginning of no other then.
    for name, value in sorted(_ACCESS.items(), reverse=True):
        text = text.replace(name, value)
    return round(len(text), -1)


def _logs(bytes_each: int) -> float:
    return float(bytes_each * REQUESTS / _GB * _PRICES["cloudwatch_log_gb"])


def _metrics() -> int:
    sources = [PROJECT / "layers/shared/src/paidline/api/telemetry.py", *(PROJECT / "functions").rglob("app.py")]
    text = "".join(path.read_text(encoding="utf-8") for path in sources)
    return len(set(re.findall(r'(?:add_metric|telemetry\.count)\("(\w+)"', text)))


def _resources(type_: str) -> int:
    documents: list[dict[str, Any]] = [template.load(), template.load(PROJECT / "alarms.yaml")]
    return sum(one["Type"] == type_ for document in documents for one in document["Resources"].values())


def _filters() -> int:
    return _resources("AWS::Logs::MetricFilter")


def _alarms() -> int:
    return _resources("AWS::CloudWatch::Alarm")


def _sweeps() -> float:
    computing = _SWEEP_MS / 1000 * _PRICES["full_processor_mb"] / 1024 * _PRICES["lambda_gb_second_arm64"]
    millions = ("lambda_million_requests", "dynamodb_million_read_units", "dynamodb_million_write_units")
    return float(_SWEEPS * (computing + sum(_PRICES[name] for name in millions) / 1_000_000))


if __name__ == "__main__":
    main()
