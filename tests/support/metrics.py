"""Metrics among what the service has logged."""

from __future__ import annotations

import json
from typing import Any


def counted(written: str, name: str) -> list[float]:
    """Every value of a metric that was written, in the namespace and with the dimension that alarms are set for."""
    lines = [line for line in map(json.loads, written.splitlines()) if name in line]
    for line in lines:
        (metric,) = _metrics(line)
        assert (metric["Namespace"], metric["Dimensions"]) == ("Paidline", [["service"]])
        # Alarms name the stack; on this machine it is called so.
        assert line["service"] == "local"
        assert metric["Metrics"] == [{"Name": name, "Unit": "Count"}]
    return [value for line in lines for value in line[name]]


def _metrics(line: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = line["_aws"]["CloudWatchMetrics"]
    return found
