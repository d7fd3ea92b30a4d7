"""What the tests know beside the example data: an old paid call, wallets that cannot pay, and refusals."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from paidline import clock
from paidline.store import ledger
from paidline.store.calls import Call, CallState
from paidline.store.ledger import NO_DIGEST, LedgerEntry
from paidline.store.wallets import Wallet

if TYPE_CHECKING:
    from tests.support.store import Store

PBX = "pbx1"
# Those of events/calls_end.json and events/calls_begin.json.
LIVE, NEW = "pbx1-1764072000.42", "pbx1-1764072000.43"
BLOCKED_PIN, POOR_PIN = "710002", "710003"
HELD, BALANCE = 900, 1000
REFUSALS = {"agent_unavailable": {"N": "3"}, "unknown_pin": {"N": "7"}}
_POINTERS = ("phone#31688006396", "phone#31688006397", "phone#31688006398")
_LONG_AGO = "2025-11-25T12:00:00.000000Z"
_LONG_AFTER = 4_000_000_000


def load(store: Store) -> None:
    """Write the live call, which has no agents, its wallet, the other wallets, the PBX and the day's refusals."""
    wallets = [
        _entered(_wallet("6255", "710001", "31688006396"), [(BALANCE, 0), (0, HELD)]),
        _entered(_wallet("6256", BLOCKED_PIN, "31688006397", blocked=True), [(BALANCE, 0)]),
        _entered(_wallet("6257", POOR_PIN, "31688006398"), [(1, 0)]),
    ]
    for wallet, entries in wallets:
        store.put("WALLETS_TABLE", wallet.to_item())
        store.put("WALLETS_TABLE", wallet.to_pointer())
        store.put_all("WALLET_LEDGER_TABLE", [entry.to_item() for entry in entries])
    store.put("CALLS_TABLE", live_call().to_item())
    store.put("PBXS_TABLE", {"pbx": {"S": PBX}})
    # The tests may go on past midnight.
    for day in (clock.now(), clock.now() + timedelta(days=1)):
        store.put("REFUSALS_TABLE", {"day": {"S": clock.local_day(clock.to_iso(day))}, **REFUSALS})


def remove_wallets(store: Store) -> None:
    """Leave only the example's wallets, for tests that compare all there are with a file."""
    table, client = "WalletsTable", store.client
    for item in client.scan(TableName=table, ConsistentRead=True)["Items"]:
        if {"6255", "6256", "6257"} & {item.get("walletId", {}).get("S", "")} or item["walletKey"]["S"] in _POINTERS:
            key = {name: item[name] for name in ("applicationId", "walletKey")}
            client.delete_item(TableName=table, Key=key)
    for wallet_id in ("6255", "6256", "6257"):
        for seq in ("1", "2"):
            key = {"walletId": {"S": wallet_id}, "seq": {"N": seq}}
            client.delete_item(TableName="WalletLedgerTable", Key=key)


def _wallet(wallet_id: str, pin: str, phone_number: str, **more: Any) -> Wallet:
    return Wallet("1288", wallet_id, pin, 0, 0, NO_DIGEST, phone_number, **more)


def _entered(wallet: Wallet, movements: list[tuple[int, int]]) -> tuple[Wallet, list[LedgerEntry]]:
    """The wallet after movements, each an amount and what is held from then on, and their entries."""
    entries = []
    for amount, held in movements:
        entry = ledger.LedgerEntry(
            wallet_id=wallet.wallet_id,
            seq=wallet.seq + 1,
            amount=amount,
            balance=wallet.tokens + amount,
            time=_LONG_AGO,
            source="calls_begin" if held else "opening",
            key="",
            request_id=f"{wallet.wallet_id}-{wallet.seq}",
            previous_digest=wallet.digest,
            kind="hold" if held else "",
            held=held,
            call_id=LIVE if held else "",
        )
        wallet = wallet._replace(tokens=entry.balance, held=held, seq=entry.seq, digest=entry.digest())
        entries.append(entry)
    return wallet, entries


def live_call() -> Call:
    """A call that lives since long ago, and has no agents."""
    return Call(
        call_id=LIVE,
        pbx=PBX,
        state=CallState.OPEN,
        opened=_LONG_AGO,
        deadline=_LONG_AFTER,
        request_id="long ago",
        request_digest="1:0",
        application_id="1288",
        wallet_id="6255",
        pin="710001",
        dialed_number="14620905014",
        inbound_number="31688006396",
        billing_increments="1/1",
        user_id=194,
        ref="000038",
        outbound_number="31612345678",
        dial_time_out=30,
        line_sharing=True,
        tpm=90,
        tokens=BALANCE - HELD,
        held=HELD,
        max_seconds=600,
        agents=(),
    )
