"""Compares the functions with the baselines, in fresh processes, interleaved: `python -m benchmarks.handlers`."""

from __future__ import annotations

import argparse
import json
import statistics
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

from benchmarks.contenders import BUILD, COMPARED, FLOOR, LAYER, Contender, Result, baselines, ours

_WARM_UP = 100
_REQUESTS = 300
_MB = 1024 * 1024

Samples = dict[str, list[Result]]


def main() -> None:
    """Measure, print the table and the verdicts, and keep the samples."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--report", type=Path, default=BUILD.parent / "handlers.json")
    options = parser.parse_args()
    chosen = [*baselines(), *(one for one in ours() if not options.only or one.name in options.only)]
    samples = measure(chosen, options.rounds)
    options.report.write_text(json.dumps(samples), encoding="utf-8")
    print(table(samples))
    print(verdicts(samples))


def measure(contenders: list[Contender], rounds: int) -> Samples:
    """Measure everybody once per round, so that whatever else the machine does meets all of them alike."""
    samples: Samples = defaultdict(list)
    for number in range(rounds):
        # Every other round runs backwards: nobody is always measured after the same neighbour.
        for contender in contenders if number % 2 else reversed(contenders):
            samples[contender.name].append(contender.measure(_WARM_UP, _REQUESTS))
    return samples


def cold_cpu(result: Result) -> float:
    """Give the CPU time of import and first request."""
    return float(result["cold"][0])


def cold_wall(result: Result) -> float:
    """Give the wall time of import and first request."""
    return float(result["cold"][1])


def warm_cpu(result: Result) -> float:
    """Give the CPU time of a later request."""
    return float(result["warm"][0])


def warm_wall(result: Result) -> float:
    """Give the wall time of a later request."""
    return float(result["warm"][1])


def peak_mb(result: Result) -> float:
    """Give the peak of memory."""
    return float(result["peak_mb"])


def ratio(samples: Samples, name: str, value: Callable[[Result], float]) -> float:
    """Compare with the floor round by round, and take the median: neighbours in time had the same machine."""
    pairs = zip(samples[name], samples[FLOOR], strict=True)
    return statistics.median(value(own) / value(floor) for own, floor in pairs)


def table(samples: Samples) -> str:
    """Write the medians with the spread of their middle half, and the ratios to the floor."""
    lines = [
        "| handler | cold CPU ms | to floor | cold wall ms | warm CPU ms | to floor | warm wall ms | peak MB |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, results in samples.items():
        cells = (
            _spread(results, cold_cpu, 0),
            f"{ratio(samples, name, cold_cpu):.2f}",
            _spread(results, cold_wall, 0),
            _spread(results, warm_cpu, 2),
            f"{ratio(samples, name, warm_cpu):.2f}",
            _spread(results, warm_wall, 2),
            f"{statistics.median(map(peak_mb, results)):.0f}",
        )
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def verdicts(samples: Samples) -> str:
    """Say of each goal whether it is met."""
    functions = [name for name in samples if name not in {one.name for one in baselines()}]
    slowest = max(functions, key=lambda name: ratio(samples, name, cold_cpu))
    layer = sum(path.stat().st_size for path in LAYER.rglob("*") if path.is_file()) / _MB
    goals = [
        _verdict(f"cold start of every function, {slowest} the slowest", ratio(samples, slowest, cold_cpu), 0.95),
        _verdict(f"warm request of {COMPARED}", ratio(samples, COMPARED, warm_cpu), 1.1),
        _verdict("layer unzipped, in MB", layer, 20),
    ]
    return "\n".join(goals)


def _verdict(what: str, value: float, most: float) -> str:
    return f"{'met' if value <= most else 'MISSED'}: {what}: {value:.2f}, goal at most {most}"


def _spread(results: list[Result], value: Callable[[Result], float], digits: int) -> str:
    values = [value(result) for result in results]
    low, middle, high = statistics.quantiles(values, n=4)
    return f"{middle:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"


if __name__ == "__main__":
    main()
