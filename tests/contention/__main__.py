"""Many clients on one wallet, and on one agent's status, through the local gateway, against one client alone.

`make contention`. Then the same on the wallet with as many processes as clients, each of which has one request at a
time, as in Lambda.

Settings: CLIENTS, REQUESTS (of each client), ENGINE (an endpoint; without it the embedded engine is started).
"""

from __future__ import annotations

import contextlib
import ctypes
import http.client
import json
import multiprocessing
import os
import signal
import socket
import statistics
import sys
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from admin import data
from local import engine, server, tables, template
from local.gateway import Gateway, set_environment
from local.template import Template
from paidline.management.verification import verify

_CREDIT_HASH, _AGENTS_HASH = "credit-hash", "agents-hash"
_NUMBER = "14620905014"
_PATHS = {1: "/wp-json/credsys/v1/json/addTokensToWallet", -1: "/wp-json/credsys/v1/json/subtractTokensFromWallet"}
_STATUS_PATH = "/wp-json/ctb/v1/json/updateStatusByRef"
_START = 1_000_000

# What a client asks for in its n-th turn: the path, the parameters, and the tokens that move if it succeeds.
Ask = Callable[[int, int], tuple[str, dict[str, Any], int]]


class Tally:
    """How many transactions all server processes have sent, in memory that they share."""

    def __init__(self) -> None:
        self._sent: Any = multiprocessing.Value(ctypes.c_longlong)

    def count(self, **_: Any) -> None:
        """Counts one, as a handler of botocore's before-call event."""
        with self._sent.get_lock():
            self._sent.value += 1

    @property
    def sent(self) -> int:
        """The number so far."""
        return int(self._sent.value)


class CountingServer(server.Server):
    """The server of `make run`, whose processes count their transactions."""

    def __init__(self, service: Template, listener: socket.socket, tally: Tally) -> None:
        self._tally = tally
        super().__init__(service, listener, "")

    def load(self) -> Gateway:
        """Loads the gateway, then watches the client that its handlers share."""
        from paidline.store.dynamodb import dynamodb

        gateway = super().load()
        dynamodb().meta.events.register("before-call.dynamodb.TransactWriteItems", self._tally.count)
        return gateway


class LambdaLikeServer(CountingServer):
    """A server whose requests each have a process to themselves, so that none can queue behind another there."""

    def __init__(self, service: Template, listener: socket.socket, tally: Tally, processes: int) -> None:
        self._processes = processes
        super().__init__(service, listener, tally)

    def load_config(self) -> None:
        """Sets what differs from the local gateway."""
        super().load_config()
        self.cfg.set("worker_class", "sync")
        self.cfg.set("workers", self._processes)
        # The modules once for all of them: their start is not what is measured.
        self.cfg.set("preload_app", True)


@dataclass
class Result:
    """What clients saw: each answer's HTTP status, each request's seconds, and the tokens they were told had moved."""

    statuses: Counter[int] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    moved: int = 0

    def merge(self, other: Result) -> None:
        """Takes over another client's."""
        self.statuses += other.statuses
        self.seconds += other.seconds
        self.moved += other.moved


def tokens(number: int, turn: int) -> tuple[str, dict[str, Any], int]:
    """Adds and subtracts by turns, every second time with a key."""
    sign = 1 if turn % 2 else -1
    amount = 1 + (number + turn) % 7
    body = {"authenticationHash": _CREDIT_HASH, "dialedNumber": _NUMBER, "pin": "0042", "tokens": amount}
    if turn % 2:
        body["idempotencyKey"] = uuid.uuid4().hex
    return _PATHS[sign], body, sign * amount


def status(_: int, turn: int) -> tuple[str, dict[str, Any], int]:
    """Sets one agent's status."""
    return _STATUS_PATH, {"authenticationHash": _AGENTS_HASH, "ref": "38", "status": ("online", "pause")[turn % 2]}, 0


def one_client(port: int, ask: Ask, number: int, requests: int) -> Result:
    """Sends one request after the other over one connection."""
    result = Result()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    for turn in range(requests):
        path, body, moved = ask(number, turn)
        started = time.perf_counter()
        connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
        response = connection.getresponse()
        answer = json.loads(response.read())
        result.seconds.append(time.perf_counter() - started)
        result.statuses[response.status] += 1
        if answer["code"] == 20:
            result.moved += moved
    connection.close()
    return result


def many_clients(port: int, ask: Ask, clients: int, requests: int) -> Result:
    """Lets clients send at the same time."""
    total = Result()
    with ThreadPoolExecutor(clients) as pool:
        for result in pool.map(lambda number: one_client(port, ask, number, requests), range(clients)):
            total.merge(result)
    return total


def measure(name: str, port: int, tally: Tally, clients: int, requests: int, ask: Ask = tokens) -> Result:
    """Warms the server up, lets the clients send, and prints what they saw."""
    warm_up = many_clients(port, ask, 2, 20)
    before = tally.sent
    result = many_clients(port, ask, clients, requests)
    report(name, result, tally.sent - before)
    result.moved += warm_up.moved
    return result


def report(name: str, result: Result, transactions: int) -> None:
    """Prints one line."""
    quantiles = statistics.quantiles(result.seconds, n=100)
    requests = len(result.seconds)
    print(
        f"{name:>24}: {requests} requests, HTTP {dict(result.statuses)}, "
        f"{(transactions - requests) / requests:.2f} retries per request, "
        f"p50 {quantiles[49] * 1000:.1f} ms, p99 {quantiles[98] * 1000:.1f} ms, "
        f"longest {max(result.seconds) * 1000:.0f} ms",
        flush=True,
    )


@contextlib.contextmanager
def serving(make_server: Callable[[socket.socket], server.Server]) -> Iterator[int]:
    """Runs a server in a process of its own until the block ends, and gives its port."""
    listener = server.listen(0)
    port = int(listener.getsockname()[1])

    def serve() -> None:
        # The functions' metrics, a line for each request.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        make_server(listener).run()

    process = multiprocessing.get_context("fork").Process(target=serve)
    process.start()
    listener.close()
    try:
        while socket.socket().connect_ex((server.HOST, port)):
            time.sleep(0.05)
        yield port
    finally:
        assert process.pid is not None
        os.kill(process.pid, signal.SIGTERM)
        process.join()


def document() -> dict[str, Any]:
    """One client of each API, one agent, one service number, one wallet."""
    return {
        "apiClients": [
            {"authenticationHash": _CREDIT_HASH, "scope": "credsys", "applicationIds": "all"},
            {"authenticationHash": _AGENTS_HASH, "scope": "ctb"},
        ],
        "agents": [{"userId": 194, "ref": "000038"}],
        "dialedNumbers": [{"dialedNumber": _NUMBER, "applicationId": "1", "companyName": "One"}],
        "wallets": [{"applicationId": "1", "walletId": "1", "pin": "0042", "tokens": _START}],
    }


def main() -> int:
    """Ends with 1 where an effect is wrong or a client was sent away."""
    clients, requests = int(os.environ.get("CLIENTS") or 64), int(os.environ.get("REQUESTS") or 50)
    service = template.read(table_prefix=f"Contention{os.getpid()}")
    tally = Tally()
    with contextlib.ExitStack() as stack:
        endpoint = os.environ.get("ENGINE") or stack.enter_context(engine.start()).endpoint
        set_environment(service, endpoint)
        store = engine.client(endpoint)
        tables.create(store, service.tables)
        stack.callback(tables.delete, store, service.tables)
        data.load(store, document())
        crowd = f"{clients} clients"
        with serving(lambda listener: CountingServer(service, listener, tally)) as port:
            results = [
                measure("1 client", port, tally, 1, requests * 4),
                measure(crowd, port, tally, clients, requests),
                measure(f"{crowd}, one agent", port, tally, clients, requests, status),
            ]
            failed = any(set(result.statuses) != {200} for result in results)
        with serving(lambda listener: LambdaLikeServer(service, listener, tally, clients)) as port:
            # Where nothing queues, a 503 may say that a request has to be sent again; it must not have moved anything.
            results.append(measure(f"{crowd}, {clients} processes", port, tally, clients, requests))
        moved = sum(result.moved for result in results)
        found = verify(store, os.environ)
        missing = _START + moved - found.tokens
        print(f"{found.entries - 1} ledger entries, {len(found.problems)} problems, {missing} tokens missing")
        return int(failed or bool(found.problems) or missing != 0)


if __name__ == "__main__":
    sys.exit(main())
