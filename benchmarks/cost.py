"""Reckons what a million requests of each endpoint cost at list price: `python -m benchmarks.cost`, after `make bench`.

A function gets a processor's share that grows with its memory, up to one whole processor for its one thread. So a
request takes its measured CPU time divided by that share, and the time that DynamoDB takes to answer.
"""

from __future__ import annotations

import json
import math
import re
import statistics
import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks.contenders import BUILD, ours
from benchmarks.store_calls import TABLE

_PRICES = json.loads(Path(__file__).with_name("prices.json").read_text(encoding="utf-8"))
_FULL_PROCESSOR_MB: int = _PRICES["full_processor_mb"]
_STORE_CALL_MS: float = _PRICES["store_call_ms"]
_MEASURED = BUILD.parent / "handlers.json"
_SIZES_MB = (128, 256, 512, 1024, 1769, 3008)
_ROW = re.compile(r"\| (\w+), following \| (.*?) \| (.*?) \| (.*?) \|")


@dataclass(frozen=True)
class Endpoint:
    """What an endpoint was measured to need."""

    name: str
    warm_cpu_ms: float
    cold_cpu_ms: float
    store_calls: int
    read_units: float
    write_units: float

    def warm_ms(self, memory_mb: int) -> float:
        """Reckon how long a request takes."""
        return self.warm_cpu_ms / _share(memory_mb) + self.store_calls * _STORE_CALL_MS

    def cold_ms(self, memory_mb: int) -> float:
        """Reckon how long a start with its first request takes."""
        return self.cold_cpu_ms / _share(memory_mb) + self.store_calls * _STORE_CALL_MS

    def lambda_cost(self, memory_mb: int) -> float:
        """Reckon a million requests' price of computing; durations are rounded up to a millisecond."""
        cold_share = _PRICES["cold_share"]
        billed_ms = (1 - cold_share) * math.ceil(self.warm_ms(memory_mb)) + cold_share * math.ceil(
            self.cold_ms(memory_mb)
        )
        return float(billed_ms * 1_000 * memory_mb / 1_024 * _PRICES["lambda_gb_second_arm64"])

    def other_cost(self) -> float:
        """Reckon what does not depend on memory: the requests and the store."""
        requests = _PRICES["lambda_million_requests"] + _PRICES["http_api_million_requests"]
        reads = self.read_units * _PRICES["dynamodb_million_read_units"]
        return float(requests + reads + self.write_units * _PRICES["dynamodb_million_write_units"])


def main() -> None:
    """Print both tables."""
    if not _MEASURED.exists():
        sys.exit("Nothing has been measured here yet: make bench")
    endpoints = _endpoints()
    print(_by_memory(endpoints))
    print()
    print(_by_endpoint(endpoints))


def _share(memory_mb: int) -> float:
    return min(1.0, memory_mb / _FULL_PROCESSOR_MB)


def _endpoints() -> list[Endpoint]:
    measured = json.loads(_MEASURED.read_text(encoding="utf-8"))
    rows = {
        name: (calls, reads, writes) for name, calls, reads, writes in _ROW.findall(TABLE.read_text(encoding="utf-8"))
    }
    return [
        Endpoint(
            name=one.name,
            warm_cpu_ms=statistics.median(result["warm"][0] for result in measured[one.name]),
            cold_cpu_ms=statistics.median(result["cold"][0] for result in measured[one.name]),
            store_calls=sum(map(int, re.findall(r"(\d+) [A-Z]", rows[one.name][0]))),
            read_units=float(rows[one.name][1]),
            write_units=float(rows[one.name][2]),
        )
        for one in ours()
    ]


def _by_memory(endpoints: list[Endpoint]) -> str:
    lines = [
        "| memory MB | warm ms | cold ms | computing, USD per million | all, USD per million |",
        "|---|---|---|---|---|",
    ]
    for size in _SIZES_MB:
        warm = statistics.mean(one.warm_ms(size) for one in endpoints)
        cold = statistics.mean(one.cold_ms(size) for one in endpoints)
        computing = statistics.mean(one.lambda_cost(size) for one in endpoints)
        total = computing + statistics.mean(one.other_cost() for one in endpoints)
        lines.append(f"| {size} | {warm:.1f} | {cold:.0f} | {computing:.3f} | {total:.2f} |")
    return "\n".join(lines)


def _by_endpoint(endpoints: list[Endpoint]) -> str:
    fastest = _FULL_PROCESSOR_MB
    lines = [
        f"| endpoint | DynamoDB | HTTP API and Lambda's requests | computing at {fastest} MB | all, USD per million |",
        "|---|---|---|---|---|",
    ]
    requests = _PRICES["lambda_million_requests"] + _PRICES["http_api_million_requests"]
    for one in endpoints:
        total = one.other_cost() + one.lambda_cost(fastest)
        cells = f"{one.other_cost() - requests:.2f} | {requests:.2f} | {one.lambda_cost(fastest):.2f} | {total:.2f}"
        lines.append(f"| {one.name} | {cells} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
