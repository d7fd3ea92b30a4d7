"""Many callers at one moment: `make contention-calls`. One agent takes one call; one wallet as many as it can pay.

Settings: PROCESSES (64) that send, CALLS (100) that they begin altogether.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import sys
import tempfile
from collections import Counter
from typing import Any

from admin import data
from local import engine, server, tables, template
from local.gateway import set_environment
from paidline.management.verification import verify
from tests.support import golden

_HASH, _NUMBER, _TPM, _SECONDS = "calls-hash", "14620905014", 60, 60
_TRIES, _BUSY = 20, 503
_HEADERS = {"content-type": "application/json"}


def _document(calls: int) -> dict[str, Any]:
    agents = [{"userId": 1 + n, "ref": str(1 + n), "tpm": _TPM, "status": "online"} for n in range(calls + 1)]
    # The first wallet is for the calls to one agent; the second pays for half of the calls to many.
    balances = {"1": _TPM * calls, "2": _TPM * (calls // 2)}
    return {
        "apiClients": [{"authenticationHash": _HASH, "scope": "calls", "applicationIds": "all"}],
        "dialedNumbers": [{"dialedNumber": _NUMBER, "applicationId": "1", "companyName": "Company"}],
        "agents": agents,
        "wallets": [
            {"applicationId": "1", "walletId": pin, "pin": pin, "tokens": tokens} for pin, tokens in balances.items()
        ],
    }


def _begin(url: str, call_id: str, pin: str, ref: str) -> str:
    """Begin a call, and again with the same id after a 503, as a PBX does; gives the answer in a word."""
    body = {
        "authenticationHash": _HASH,
        "callId": call_id,
        "pbx": "pbx1",
        "dialedNumber": _NUMBER,
        "ref": ref,
        "inboundNumber": "anonymous",
        "pin": pin,
        "maxSeconds": _SECONDS,
    }
    for _ in range(_TRIES):
        reply = golden.post(url, "/v1/calls/begin", json.dumps(body).encode(), _HEADERS)
        if reply.status != _BUSY:
            return reply.reason or "begun"
    return "503"


def _one_process(url: str, barrier: Any, requests: list[tuple[str, str, str]], results: Any) -> None:
    barrier.wait()
    results.put([_begin(url, *request) for request in requests])


def _at_once(url: str, processes: int, requests: list[tuple[str, str, str]]) -> Counter[str]:
    """Send the requests from all processes at one moment."""
    forked = multiprocessing.get_context("fork")
    barrier, results = forked.Barrier(processes), forked.Queue()
    shares = [requests[n::processes] for n in range(processes)]
    running = [forked.Process(target=_one_process, args=(url, barrier, share, results)) for share in shares]
    for process in running:
        process.start()
    outcomes = Counter(outcome for _ in running for outcome in results.get())
    for process in running:
        process.join()
    return outcomes


def main() -> int:
    """Ends with 1 where more or fewer calls have begun than could."""
    processes, calls = int(os.environ.get("PROCESSES") or 64), int(os.environ.get("CALLS") or 100)
    service = template.read()
    with engine.start() as store, server.listen(0) as listener, tempfile.TemporaryFile() as log:
        set_environment(service, store.endpoint)
        client = store.client()
        tables.create(client, service.tables)
        data.load(client, _document(calls))
        url = server.url(listener)
        gateway = multiprocessing.get_context("fork").Process(target=_serve, args=(service, listener, log.fileno()))
        gateway.start()
        one_agent = _at_once(url, processes, [(f"agent-{n}", "1", "1") for n in range(calls)])
        one_wallet = _at_once(url, processes, [(f"wallet-{n}", "2", str(2 + n)) for n in range(calls)])
        gateway.terminate()
        gateway.join()
        problems = verify(client, os.environ).problems
    print(f"{calls} callers of one agent from {processes} processes: {dict(one_agent)}")
    print(f"{calls} calls on one wallet that pays for {calls // 2}, from {processes} processes: {dict(one_wallet)}")
    print(f"{len(problems)} problems in the wallets")
    is_right = one_agent == {"begun": 1, "agent_unavailable": calls - 1} and one_wallet == {
        "begun": calls // 2,
        "insufficient_tokens": calls - calls // 2,
    }
    return 0 if is_right and not problems else 1


def _serve(service: template.Template, listener: Any, log: int) -> None:
    os.dup2(log, 1)
    server.Server(service, listener, "").run()


if __name__ == "__main__":
    sys.exit(main())
