"""Measures sweep and synchronisation with many open calls: `python -m benchmarks.paid_calls`.

Each case runs in a process of its own on a store of its own, and the named baseline beside it in the same run.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.contenders import store
from benchmarks.store_calls import recorded
from local import engine
from paidline import clock, deadline
from paidline.domain.calls import expiry
from paidline.store.agents import Agent
from paidline.store.calls import Call, CallState, TakenAgent
from paidline.store.dynamodb import dynamodb
from paidline.store.ledger import NO_DIGEST, LedgerEntry
from paidline.store.wallets import Wallet

_BASELINE, _COUNT = 1_000, 10_000
_PBX, _HELD, _BALANCE = "pbx1", 900, 1_000
_LIVE = 1_000
_BATCH = 25
_ALL_DAY_MS = 24 * 60 * 60 * 1000
# What may be added to the peak by nine thousand calls more.
_FLAT_MB = 8
_CASES = (
    "sweep, PBX alive",
    "sync, nothing to expire",
    "sync, all but 1,000 to expire",
    "sweep, all to expire",
)


def main() -> None:
    """Fill, measure each case at both sizes, and print the table and the verdict."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=_COUNT)
    parser.add_argument("--case", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.case:
        _measure(options.case)
        return
    print("| case | open calls | s | calls expired | store calls | read units | write units | peak MB |")
    print("|---|---|---|---|---|---|---|---|", flush=True)
    peaks: dict[str, list[float]] = {case: [] for case in _CASES}
    for case in _CASES:
        for count in (_BASELINE, options.count):
            with store() as running:
                _fill(running, count)
                command = [sys.executable, "-m", "benchmarks.paid_calls", "--case", case]
                done = subprocess.run(command, env=_settings(case), check=True, stdout=subprocess.PIPE, text=True)
            result = json.loads(done.stdout)
            peaks[case].append(result["peak"])
            print(f"| {case} | {count:,} | {result['row']} | {result['peak']:.0f} |", flush=True)
    grown = max(most - least for least, most in peaks.values())
    print(f"{'met' if grown <= _FLAT_MB else 'MISSED'}: memory grows by {grown:.0f} MB, goal at most {_FLAT_MB}")


def _settings(case: str) -> dict[str, str]:
    """Let everything be old enough to expire, or nothing."""
    age_s = "0" if case.endswith("to expire") and "nothing" not in case else str(24 * 60 * 60)
    return {**os.environ, "CALL_SYNC_GRACE_S": age_s, "CALL_SYNC_SILENCE_S": age_s}


def _measure(case: str) -> None:
    run: Callable[[], int] = _sweep if case.startswith("sweep") else _synchronise
    dynamodb()
    with recorded() as usage:
        started = time.perf_counter()
        expired = run()
        took = time.perf_counter() - started
    calls = sum(Counter(usage.operations).values())
    row = f"{took:.2f} | {expired:,} | {calls:,} | {usage.read_units:,.1f} | {usage.write_units:,.0f}"
    # Not getrusage, whose peak begins with that of the process that started this one.
    status = Path("/proc/self/status").read_text(encoding="ascii")
    print(json.dumps({"row": row, "peak": int(status.partition("VmHWM:")[2].split()[0]) / 1024}))


def _sweep() -> int:
    swept = expiry.sweep(lambda: _ALL_DAY_MS, handler="calls_sweep")
    if swept.failures:
        raise swept.failures[0]
    return swept.expired


def _synchronise() -> int:
    live = frozenset(_call_id(number) for number in range(_LIVE))
    # A request has 2.3 s. What only reads is measured to its end, however slow the machine is.
    budget_s = deadline.LAST_ATTEMPT_S if os.environ["CALL_SYNC_GRACE_S"] == "0" else 60.0
    with deadline.start(_ALL_DAY_MS, budget_s):
        return expiry.synchronise(_PBX, live, handler="calls_sync", ip="203.0.113.7").expired


def _fill(running: engine.Engine, count: int) -> None:
    """Open calls, each with an agent and a wallet of its own that holds for it, on a PBX that has just synchronised."""
    client = running.client()
    items: dict[str, list[dict[str, Any]]] = {
        "PBXS_TABLE": [{"pbx": {"S": _PBX}, "lastSync": {"N": str(int(time.time()) - 1)}}]
    }
    for number in range(count):
        for variable, item in _items(number):
            items.setdefault(variable, []).append(item)
    for variable, rows in items.items():
        for start in range(0, len(rows), _BATCH):
            puts: Any = [{"PutRequest": {"Item": item}} for item in rows[start : start + _BATCH]]
            client.batch_write_item(RequestItems={os.environ[variable]: puts})


def _call_id(number: int) -> str:
    return f"pbx1-1764072000.{number}"


def _items(number: int) -> list[tuple[str, dict[str, Any]]]:
    agent = Agent(
        user_id=10_000 + number,
        ref=str(10_000 + number),
        status="inConversation",
        outbound_number=str(31_700_000_000 + number),
        line_sharing=False,
        last_log_id=1,
        dial_time_out=30,
        tpm=90,
    )
    wallet = Wallet("1288", f"w{number}", str(10_000_000 + number), _BALANCE, 0, NO_DIGEST)
    opening = _entry(wallet, amount=_BALANCE, balance=_BALANCE)
    wallet = wallet._replace(seq=1, digest=opening.digest())
    hold = _entry(wallet, balance=_BALANCE, kind="hold", held=_HELD, call_id=_call_id(number))
    wallet = wallet._replace(seq=2, digest=hold.digest(), held=_HELD)
    return [
        ("AGENTS_TABLE", agent.to_item()),
        ("WALLETS_TABLE", wallet.to_item()),
        ("WALLET_LEDGER_TABLE", opening.to_item()),
        ("WALLET_LEDGER_TABLE", hold.to_item()),
        ("CALLS_TABLE", _call(number, agent, wallet).to_item()),
    ]


def _entry(wallet: Wallet, *, balance: int, amount: int = 0, **more: Any) -> LedgerEntry:
    return LedgerEntry(
        wallet_id=wallet.wallet_id,
        seq=wallet.seq + 1,
        amount=amount,
        balance=balance,
        time="2026-11-25T12:00:00.000000Z",
        source="calls_begin" if more else "opening",
        key="",
        request_id=f"{wallet.wallet_id}-{wallet.seq}",
        previous_digest=wallet.digest,
        **more,
    )


def _call(number: int, agent: Agent, wallet: Wallet) -> Call:
    return Call(
        call_id=_call_id(number),
        pbx=_PBX,
        state=CallState.OPEN,
        opened=clock.to_iso(clock.now()),
        deadline=int(time.time()) + 60 * 60,
        request_id=f"{number:032x}",
        request_digest="1:0",
        application_id=wallet.application_id,
        wallet_id=wallet.wallet_id,
        pin=wallet.pin,
        dialed_number="14620905014",
        inbound_number=str(31_800_000_000 + number),
        billing_increments="1/1",
        user_id=agent.user_id,
        ref=agent.ref,
        outbound_number=agent.outbound_number,
        dial_time_out=agent.dial_time_out,
        line_sharing=agent.line_sharing,
        tpm=agent.tpm,
        tokens=wallet.available,
        held=_HELD,
        max_seconds=600,
        agents=(TakenAgent(agent.ref, agent.user_id, agent.last_log_id),),
    )


if __name__ == "__main__":
    main()
