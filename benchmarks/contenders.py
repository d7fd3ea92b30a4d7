"""Who is measured: the functions on the layer as it is deployed, and four common ways of writing one of them."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from admin import data
from benchmarks import request
from local import engine, tables, template
from local.gateway import set_environment
from paidline.domain.authentication import hash_digest
from paidline.store.dynamodb import dynamodb

BUILD = template.PROJECT / "build" / "bench"
LAYER = BUILD / "layer" / "python"
PLAIN = BUILD / "plain"
EXAMPLE_DATA = template.PROJECT / "local" / "example_data.json"
BASELINES = template.PROJECT / "benchmarks" / "baselines"
# The baselines answer this endpoint only.
COMPARED = "get_status_by_ref"
FLOOR = "bare"
# Tokens for every debit of a benchmark.
_ENOUGH = 1_000_000_000
_BEGIN, _END = "calls_begin", "calls_end"

Result = dict[str, Any]
Event = dict[str, Any]


@dataclass(frozen=True)
class Contender:
    """A handler: the folder of its app.py, the packages that it imports, and the event that it answers."""

    name: str
    folder: Path
    packages: Path
    event: Path

    def environment(self) -> dict[str, str]:
        """Return the variables of a process that measures it, without those of this process's Python."""
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith("PYTHON")},
            "PYTHONPATH": f"{self.folder}:{self.packages}",
            # As in Lambda, where it tells a program that it is a function.
            "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:9001",
            # A function's own folder is read-only in Lambda, so its app.py is compiled at every start.
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    def measure(self, warm_up: int, requests: int) -> Result:
        """Measure it in a fresh process, on a fresh store."""
        return self.run(warm_up, requests)[0]

    def run(self, warm_up: int, requests: int, under: Sequence[str] = ()) -> tuple[Result, str]:
        """Measure it, `under` the command of a tool if one is given, and return the tool's output as well.

        `-S` because Lambda has no site-packages of a virtual environment.
        """
        script = template.PROJECT / "benchmarks" / "one_process.py"
        command = [*under, "python3.13", "-S", str(script), str(warm_up), str(requests)]
        with self.ready(1 + warm_up + requests) as events:
            done = subprocess.run(
                command, input=json.dumps(events), env=self.environment(), capture_output=True, text=True, check=False
            )
        if done.returncode:
            raise RuntimeError(f"{self.name} failed:\n{done.stderr}")
        result: Result = json.loads(done.stdout)
        if '"status":0' in result["answer"].replace(" ", ""):
            raise RuntimeError(f"{self.name} refused the request: {result['answer']}")
        return result, done.stderr

    @contextmanager
    def ready(self, requests: int) -> Iterator[list[Event]]:
        """Run a fresh store that can serve this many requests, and yield the event of each."""
        event = json.loads(self.event.read_text(encoding="utf-8"))
        with store(_ENOUGH) as running:
            if self.name not in (_BEGIN, _END):
                yield [event] * requests
                return
            # A call begins once and ends once, so each request has a call and an agent of its own.
            refs = _add_agents(running, requests)
            begins = [request.about(request.documented(_BEGIN), callId=f"bench-{ref}", ref=ref) for ref in refs]
            if self.name == _BEGIN:
                yield begins
                return
            # The client of the store before this one.
            dynamodb.cache_clear()
            request.send(_BEGIN, begins)
            yield [request.about(event, callId=f"bench-{ref}") for ref in refs]


def _add_agents(running: engine.Engine, count: int) -> list[str]:
    example = json.loads(EXAMPLE_DATA.read_text(encoding="utf-8"))["agents"][0]
    agents = [
        {**example, "userId": number, "ref": str(number), "outboundNumber": str(31_700_000_000 + number)}
        for number in range(100_000, 100_000 + count)
    ]
    data.load(running.client(), {"agents": agents})
    return [agent["ref"] for agent in agents]


def ours() -> list[Contender]:
    """List the functions behind a route."""
    functions = sorted((route.function for route in template.read().routes), key=lambda function: function.stem)
    return [
        Contender(function.stem, function.folder, LAYER, template.PROJECT / "events" / f"{function.stem}.json")
        for function in functions
    ]


def baselines() -> list[Contender]:
    """List the other ways of writing one of them, the floor first."""
    event = template.PROJECT / "events" / f"{COMPARED}.json"
    names = ("bare", "pydantic_logger", "powertools_resolver", "fastapi_mangum")
    return [Contender(name, BASELINES / name, PLAIN, event) for name in names]


@contextmanager
def store(tokens: int | None = None) -> Iterator[engine.Engine]:
    """Run the embedded engine with the example data, and point this process and its children at it.

    With `tokens`, the first wallet of the example data has that many.
    """
    service = template.read()
    with engine.start() as running:
        set_environment(service, running.endpoint)
        client = running.client()
        tables.create(client, service.tables)
        example = json.loads(EXAMPLE_DATA.read_text(encoding="utf-8"))
        if tokens:
            example["wallets"][0]["tokens"] = tokens
        data.load(client, example)
        os.environ["HASH_DIGEST"] = hash_digest(example["apiClients"][0]["authenticationHash"])
        yield running
