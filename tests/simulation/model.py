"""What must be true: a second bookkeeping of everything that the engine has done, and the comparison with every answer.

Each check raises Violation, whose text says which promise was broken.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from paidline.domain.types import MAX_TOKENS
from paidline.management.verification import verify
from tests.simulation.commits import Commit
from tests.simulation.messages import TRANSACTION, Received, Sent
from tests.simulation.seams import Time

_TTL_S = 30 * 24 * 60 * 60
# A PBX hangs up after four seconds and sends again.
_LAST_WRITE_S, _LAST_RESPONSE_S = 3.0, 4.0


class Violation(BaseException):
    """A promise was broken. Found on the wire in the middle of a request, it passes the handler's last resort too."""


def check(holds: bool, promise: str) -> None:
    """Raises Violation where it does not hold."""
    if not holds:
        raise Violation(promise)


@dataclass
class Wallet:
    """A wallet as it must be: `balances` after each of its ledger entries, the opening one first."""

    application_id: str
    wallet_id: str
    pin: str
    phone_number: str
    balances: list[int]
    request_ids: list[str] = field(default_factory=lambda: [""])


@dataclass(frozen=True)
class UsedKey:
    """A key with the contents, the answer and the request that it stands for."""

    contents: str
    answer: str
    request_id: str
    until: float


@dataclass(frozen=True)
class Intent:
    """What a client wants: the same intent may be delivered several times.

    `expected` is the refusal that it must meet whatever the balance is, as the reason in the header.
    """

    stem: str
    body: str
    contents: str
    key: str = ""
    client: str = ""
    wallet: Wallet | None = None
    amount: int = 0
    expected: str = ""

    @property
    def key_scope(self) -> tuple[str, str, str]:
        """What a key belongs to, and the key."""
        return self.client, self.stem, self.key


@dataclass
class Delivery:
    """One delivery of an intent: when it began, what the world was like, and the id that names it in the store."""

    number: int
    intent: Intent
    seen_from: int
    key_before: UsedKey | None
    started: float = 0.0
    request_id: str = ""
    faults: int = 0
    outcome: str = "under way"
    was_refused: bool = False


class Model:
    """The second bookkeeping."""

    def __init__(self, tables: dict[str, str], wallets: list[Wallet], time: Time) -> None:
        self.wallets = {wallet.wallet_id: wallet for wallet in wallets}
        self.keys: dict[tuple[str, str, str], UsedKey] = {}
        self.sessions: dict[str, str] = {}
        self.by_request_id: dict[str, Delivery] = {}
        self.written: set[str] = set()
        self.outcomes: Counter[str] = Counter()
        self.latest_write_s = self.latest_answer_s = 0.0
        self._tables = tables
        self._time = time
        self._deliveries = 0
        self._refused: list[Delivery] = []

    @property
    def entries(self) -> int:
        """How many entries the ledgers have."""
        return sum(len(wallet.balances) for wallet in self.wallets.values())

    def begin(self, intent: Intent, commits: Iterable[Commit] = ()) -> Delivery:
        """Notes that a delivery starts, while these commits are under way."""
        self._deliveries += 1
        since = len(intent.wallet.balances) - 1 - self._hidden(intent.wallet, commits) if intent.wallet else 0
        return Delivery(self._deliveries, intent, since, self._used(intent))

    def _hidden(self, wallet: Wallet, commits: Iterable[Commit]) -> int:
        """How many balances are decided but cannot be read yet: one at most, for a commit holds the wallet."""
        entries = (
            self._find(commit.sent, "WALLET_LEDGER_TABLE")
            for commit in commits
            if any("Update" in operation for operation in commit.left)
        )
        return sum(entry is not None and entry["walletId"]["S"] == wallet.wallet_id for entry in entries)

    def _used(self, intent: Intent) -> UsedKey | None:
        used = self.keys.get(intent.key_scope) if intent.key else None
        return used if used and used.until > self._time.now else None

    def arrives(self, delivery: Delivery) -> None:
        """Notes that a handler has got it: its time begins."""
        delivery.started = self._time.now

    # What the service sends, and what the engine does with it.

    def leaves(self, delivery: Delivery, sent: Sent) -> None:
        """Notes which id a request writes under: one from its first attempt to its last."""
        if sent.operation != TRANSACTION:
            return
        self.latest_write_s = max(self.latest_write_s, self._since(delivery))
        check(self._since(delivery) <= _LAST_WRITE_S, "no write is sent later than three seconds after the start")
        request_id = self._put(sent, "WALLET_LEDGER_TABLE", "CALL_SESSIONS_TABLE")["requestId"]["S"]
        check(delivery.request_id in ("", request_id), "a request has one id")
        check(self.by_request_id.setdefault(request_id, delivery) is delivery, "no two requests share an id")
        delivery.request_id = request_id

    def observe(self, sent: Sent, received: Received) -> None:
        """Takes over what the engine has written."""
        if sent.operation != TRANSACTION or received.status != 200:
            return
        entry = self._find(sent, "WALLET_LEDGER_TABLE")
        session = self._find(sent, "CALL_SESSIONS_TABLE")
        request_id = (entry or session or {})["requestId"]["S"]
        # The engine knew the request again by its ClientRequestToken and did nothing.
        if request_id in self.written and (entry is None or self._is_known(entry)):
            return
        check(request_id not in self.written, f"delivery {self.by_request_id[request_id].number} has one effect")
        self.written.add(request_id)
        delivery = self.by_request_id[request_id]
        if entry:
            self._moved(delivery, entry)
        if session:
            check(session["id"]["N"] not in self.sessions, "a session's id is its own")
            self.sessions[session["id"]["N"]] = request_id
        self._key_used(delivery, self._find(sent, "IDEMPOTENCY_KEYS_TABLE"))

    def _is_known(self, entry: dict[str, Any]) -> bool:
        request_ids = self.wallets[entry["walletId"]["S"]].request_ids
        seq = int(entry["seq"]["N"])
        return len(request_ids) >= seq and request_ids[seq - 1] == entry["requestId"]["S"]

    def _moved(self, delivery: Delivery, entry: dict[str, Any]) -> None:
        wallet = self.wallets[entry["walletId"]["S"]]
        check(wallet is delivery.intent.wallet, "tokens move in the wallet that was named")
        check(int(entry["seq"]["N"]) == len(wallet.balances) + 1, "the ledger is append-only and without a gap")
        check(int(entry["amount"]["N"]) == delivery.intent.amount, "the amount is the one that was asked for")
        balance = wallet.balances[-1] + delivery.intent.amount
        check(int(entry["balance"]["N"]) == balance, "the balance after an entry is the one before plus its amount")
        check(0 <= balance <= MAX_TOKENS, "a balance is never negative and never above the maximum")
        wallet.balances.append(balance)
        wallet.request_ids.append(delivery.request_id)

    def _key_used(self, delivery: Delivery, row: dict[str, Any] | None) -> None:
        intent = delivery.intent
        check(bool(row) == bool(intent.key), "a key is written with its effect, and only then")
        if row:
            check(self._used(intent) is None, "a key has one effect")
            expires = float(row["expiresAt"]["N"])
            check(abs(expires - self._time.now - _TTL_S) < _TTL_S / 1000, "a key is kept 30 days")
            self.keys[intent.key_scope] = UsedKey(intent.contents, row["answer"]["S"], delivery.request_id, expires)

    def _put(self, sent: Sent, *variables: str) -> dict[str, Any]:
        found = [item for variable in variables if (item := self._find(sent, variable))]
        check(len(found) == 1, "an effect and its record are written in one transaction")
        return found[0]

    def _find(self, sent: Sent, variable: str) -> dict[str, Any] | None:
        for operation in json.loads(sent.body)["TransactItems"]:
            put = operation.get("Put")
            if put and put["TableName"] == self._tables[variable]:
                item: dict[str, Any] = put["Item"]
                return item
        return None

    def _since(self, delivery: Delivery) -> float:
        return self._time.now - delivery.started

    # What the clients are told.

    def died(self, delivery: Delivery) -> None:
        """Notes that nobody answered."""
        self._end(delivery, "no answer")

    def answered(self, delivery: Delivery, response: dict[str, Any]) -> None:
        """Compares an answer with what has happened."""
        self.latest_answer_s = max(self.latest_answer_s, self._since(delivery))
        check(self._since(delivery) <= _LAST_RESPONSE_S, "every answer has left four seconds after the start")
        answer = json.loads(response["body"])
        reason = response["headers"].get("x-error-reason", "")
        is_hit = response["headers"].get("idempotency-hit") == "true"
        if response["statusCode"] != 200:
            self._fault(delivery, response["statusCode"], reason)
        elif answer["status"] == 0:
            self._refusal(delivery, reason)
        elif delivery.intent.stem.startswith("get_wallet"):
            self._read(delivery, answer["wallet"])
        else:
            self._success(delivery, answer, response["body"], is_hit)

    def _fault(self, delivery: Delivery, status: int, reason: str) -> None:
        check(status == 503, f"nothing fails in an unknown way, but this did: {reason}")
        check(delivery.faults > 0 or reason == "contention", "what meets no fault is answered")
        self._end(delivery, f"503 {reason}")

    def _refusal(self, delivery: Delivery, reason: str) -> None:
        intent, used = delivery.intent, self._used(delivery.intent)
        delivery.was_refused = True
        self._refused.append(delivery)
        self._end(delivery, f"refused: {reason}")
        check(delivery.request_id not in self.written, "what is refused changes nothing")
        if reason == "idempotency_key_reused":
            check(used is not None and used.contents != intent.contents, "only a key with other contents is refused")
            return
        check(delivery.key_before is None or intent.expected == "unauthorized", "a used key is answered as before")
        if intent.expected:
            check(reason == intent.expected, f"{intent.expected} is answered as such, not as {reason}")
            return
        check(reason in ("insufficient_tokens", "too_many_tokens"), f"nothing else is refused, but this was: {reason}")
        assert intent.wallet
        seen = intent.wallet.balances[delivery.seen_from :]
        after = [balance + intent.amount for balance in seen]
        is_true = any(b < 0 for b in after) if reason == "insufficient_tokens" else any(b > MAX_TOKENS for b in after)
        check(is_true, "tokens are refused only where the balance does not allow it")

    def _read(self, delivery: Delivery, answer: dict[str, str]) -> None:
        intent = delivery.intent
        assert intent.wallet
        check(not intent.expected, f"{intent.expected} is refused")
        check(answer["walletId"] == intent.wallet.wallet_id, "the wallet is the one that was named")
        seen = intent.wallet.balances[delivery.seen_from :]
        check(int(answer["tokens"]) in seen, "a balance that is read was the balance while it was read")
        self._end(delivery, "read")

    def _success(self, delivery: Delivery, answer: dict[str, Any], body: str, is_hit: bool) -> None:
        intent, used = delivery.intent, self._used(delivery.intent)
        check(not intent.expected, f"{intent.expected} is refused")
        self._end(delivery, "repeated" if is_hit else "done")
        if intent.key:
            check(used is not None and used.contents == intent.contents, "a success with a key has used the key")
            assert used
            check(used.answer == body, "one key has one answer, byte for byte")
        if is_hit:
            check(bool(intent.key), "only a key makes a repeat")
            return
        check(delivery.request_id in self.written, "an acknowledged effect is in the store")
        if intent.wallet:
            seq = intent.wallet.request_ids.index(delivery.request_id)
            check(answer["wallet"]["walletId"] == intent.wallet.wallet_id, "the wallet is the one that was named")
            check(int(answer["wallet"]["tokens"]) == intent.wallet.balances[seq], "the balance is the one written")
        else:
            check(self.sessions.get(answer["callSession"]["id"]) == delivery.request_id, "a session is under its id")

    def _end(self, delivery: Delivery, outcome: str) -> None:
        delivery.outcome = outcome
        self.outcomes[outcome] += 1

    # What is in the tables.

    def check_balances(self, store: Any) -> None:
        """Compares every wallet's head with the store: cheap, so it can be done often."""
        for item in items(store, self._tables["WALLETS_TABLE"]):
            if "pointsTo" not in item:
                wallet = self.wallets[item["walletId"]["S"]]
                check(int(item["tokens"]["N"]) == wallet.balances[-1], "a balance is the sum of its ledger")
                check(int(item["seq"]["N"]) == len(wallet.balances), "a wallet counts its entries")

    def check_everything(self, store: Any) -> None:
        """Compares all tables, entry by entry; nothing may be under way."""
        self.check_balances(store)
        problems = verify(store, self._tables).problems
        check(not problems, f"verification finds nothing, but it found: {problems}")
        check(
            not any(refused.request_id in self.written for refused in self._refused), "what is refused changes nothing"
        )
        entries = {}
        for item in items(store, self._tables["WALLET_LEDGER_TABLE"]):
            entries[item["walletId"]["S"], int(item["seq"]["N"])] = item["requestId"]["S"], int(item["balance"]["N"])
        for wallet in self.wallets.values():
            for seq, (request_id, balance) in enumerate(zip(wallet.request_ids, wallet.balances, strict=True), 1):
                stored = entries.pop((wallet.wallet_id, seq), None)
                is_same = stored is not None and stored[1] == balance and (seq == 1 or stored[0] == request_id)
                check(is_same, "every effect is in the ledger as it was written")
        check(not entries, "nothing is in the ledger that nobody wrote")
        sessions = {
            item["id"]["N"]: item["requestId"]["S"] for item in items(store, self._tables["CALL_SESSIONS_TABLE"])
        }
        check(sessions == self.sessions, "the sessions are those that were written")
        answers = Counter(item["answer"]["S"] for item in items(store, self._tables["IDEMPOTENCY_KEYS_TABLE"]))
        check(answers == Counter(used.answer for used in self.keys.values()), "the keys are those that were used")


def items(store: Any, table: str) -> list[dict[str, Any]]:
    """Everything in a table."""
    pages = store.get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
    return [item for page in pages for item in page["Items"]]
