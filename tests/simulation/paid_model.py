"""What must be true of paid calls: a mirror of every commit, the invariants after each, and the answers.

The mirror takes over what the engine has decided. Each check raises Violation; its text says which promise was broken.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from paidline.domain.calls.prices import Increments, affordable, price
from paidline.management.verification import verify
from paidline.store.agents import ref_key
from paidline.store.calls import Call, CallState
from tests.simulation.commits import Commit
from tests.simulation.messages import TRANSACTION, Received, Sent
from tests.simulation.model import check, items
from tests.simulation.seams import Time

BEGIN, END, SYNC, SWEEP = "calls_begin", "calls_end", "calls_sync", "calls_sweep"
_LAST_WRITE_S, _LAST_ANSWER_S = 3.0, 4.0
_MOVES = {(None, CallState.OPEN), ("open", CallState.ENDED), ("open", CallState.EXPIRED), ("expired", CallState.ENDED)}


@dataclass(frozen=True)
class Sending:
    """What a client sends, perhaps several times: `content` names what counts as the same request."""

    stem: str
    body: str
    content: str = ""
    call_id: str = ""
    pbx: str = ""
    ref: str = ""
    wallet_id: str = ""


@dataclass
class Paid:
    """One delivery: `seen` says how much of each history was over when it began."""

    number: int
    intent: Sending
    seen: dict[str, int]
    knew_call: bool
    started: float = 0.0
    faults: int = 0
    outcome: str = "under way"


@dataclass
class Mirror:
    """What the store has decided."""

    calls: dict[tuple[str, str], Call] = field(default_factory=dict)
    agents: dict[str, dict[str, Any]] = field(default_factory=dict)
    wallets: dict[str, dict[str, int]] = field(default_factory=dict)
    sessions: dict[str, dict[str, Any]] = field(default_factory=dict)


class PaidModel:
    """The second bookkeeping of an episode with paid calls."""

    def __init__(self, tables: dict[str, str], time: Time) -> None:
        self.outcomes: Counter[str] = Counter()
        self.latest_write_s = self.latest_answer_s = 0.0
        self.mirror = Mirror()
        self.entries = 0
        self._tables = {name: variable for variable, name in tables.items()}
        self._names = tables
        self._time = time
        self._deliveries = 0
        self._applied: set[bytes] = set()
        self._answers: dict[tuple[str, str, str], tuple[str, str]] = {}
        self._history: dict[str, list[Any]] = {}
        self._charged: Counter[tuple[str, str]] = Counter()

    def read(self, store: Any) -> None:
        """Take over the agents and wallets that an episode starts with."""
        for item in items(store, self._names["AGENTS_TABLE"]):
            self.add_agent(item)
        for item in items(store, self._names["WALLETS_TABLE"]):
            if "pointsTo" not in item:
                self.add_wallet(item["walletId"]["S"], int(item["tokens"]["N"]))

    def add_agent(self, item: dict[str, Any]) -> None:
        """Take over an agent."""
        self.mirror.agents[item["refKey"]["S"]] = item
        self._note("agent " + item["refKey"]["S"], item["status"]["S"])

    def add_wallet(self, wallet_id: str, tokens: int) -> None:
        """Take over a wallet that has only its opening entry."""
        self._wallet_is(wallet_id, tokens, 0, 1)

    def _note(self, what: str, value: Any) -> None:
        self._history.setdefault(what, []).append(value)

    def _wallet_is(self, wallet_id: str, tokens: int, held: int, seq: int) -> None:
        self.mirror.wallets[wallet_id] = {"tokens": tokens, "held": held, "seq": seq}
        self._note("wallet " + wallet_id, tokens - held)
        self.entries += 1

    # Deliveries.

    def begin(self, intent: Sending, commits: Iterable[Commit] = ()) -> Paid:
        """Notes that a delivery starts; what is being committed may still be read as it was."""
        self._deliveries += 1
        hidden = len(list(commits)) + 1
        seen = {what: max(0, len(values) - hidden) for what, values in self._history.items()}
        return Paid(self._deliveries, intent, seen, (intent.call_id, intent.pbx) in self.mirror.calls)

    def arrives(self, delivery: Paid) -> None:
        """Notes that a handler has got it."""
        delivery.started = self._time.now

    def leaves(self, delivery: Paid, sent: Sent) -> None:
        """Notes that something is sent."""
        if sent.operation == TRANSACTION and delivery.intent.stem != SWEEP:
            self.latest_write_s = max(self.latest_write_s, self._time.now - delivery.started)
            check(self._time.now - delivery.started <= _LAST_WRITE_S, "no write is sent later than three seconds")

    def died(self, delivery: Paid) -> None:
        """Notes that nobody answered."""
        self._end(delivery, "no answer")

    def _end(self, delivery: Paid, outcome: str) -> None:
        delivery.outcome = outcome
        self.outcomes[f"{delivery.intent.stem}: {outcome}"] += 1

    # Commits.

    def observe(self, sent: Sent, received: Received) -> None:
        """Takes over a transaction that was decided, and checks everything that it may have broken."""
        if sent.operation != TRANSACTION or received.status != 200:
            return
        operations = json.loads(sent.body)["TransactItems"]
        # Known by its token: nothing was done. What is really done twice breaks the checks of its items.
        written = json.dumps(operations, sort_keys=True).encode()
        if written in self._applied:
            return
        self._applied.add(written)
        found: dict[str, list[dict[str, Any]]] = {}
        for operation in operations:
            ((kind, details),) = operation.items()
            found.setdefault(f"{kind} {self._tables[details['TableName']]}", []).append(details)
        before = dict(self.mirror.calls)
        statuses = {ref: (item["status"]["S"], item["lastLogId"]["N"]) for ref, item in self.mirror.agents.items()}
        for details in found.get("Update AGENTS_TABLE", []):
            self._agent(details)
        (entry,) = [details["Item"] for details in found.get("Put WALLET_LEDGER_TABLE", [])] or [None]
        check(bool(entry) == ("Update WALLETS_TABLE" in found), "a wallet and its ledger change together")
        session = next((details["Item"] for details in found.get("Put CALL_SESSIONS_TABLE", [])), None)
        for details in found.get("Put CALLS_TABLE", []):
            self._call(Call.from_item(details["Item"]), before, statuses, entry, session)
        if session:
            check(session["id"]["N"] not in self.mirror.sessions, "a session's id is its own")
            self.mirror.sessions[session["id"]["N"]] = session
        if entry:
            self._entry(entry, found["Update WALLETS_TABLE"][0], "Put CALLS_TABLE" in found)
        self._check_invariants()

    def _agent(self, details: dict[str, Any]) -> None:
        ref = details["Key"]["refKey"]["S"]
        values = details["ExpressionAttributeValues"]
        was = self.mirror.agents[ref]
        check(int(values[":log_id"]["N"]) > int(was["lastLogId"]["N"]), "an agent's log goes on")
        self.mirror.agents[ref] = {**was, "status": values[":status"], "lastLogId": values[":log_id"]}
        self._note("agent " + ref, values[":status"]["S"])

    def _entry(self, entry: dict[str, Any], update: dict[str, Any], is_of_call: bool) -> None:
        wallet_id, amount = entry["walletId"]["S"], int(entry["amount"]["N"])
        was = self.mirror.wallets[wallet_id]
        tokens, held = int(entry["balance"]["N"]), int(entry.get("held", {"N": "0"})["N"])
        check(int(entry["seq"]["N"]) == was["seq"] + 1, "the ledger is append-only and without a gap")
        check(tokens == was["tokens"] + amount, "the balance after an entry is the one before plus its amount")
        check(is_of_call == ("callId" in entry), "an entry of a call names it")
        check(is_of_call or held == was["held"], "only calls hold")
        values = update["ExpressionAttributeValues"]
        check(values[":tokens"]["N"] == str(tokens), "wallet and entry agree on the balance")
        check(int(values.get(":held", {"N": was["held"]})["N"]) == held, "wallet and entry agree on what is held")
        self._wallet_is(wallet_id, tokens, held, was["seq"] + 1)

    def _call(
        self,
        call: Call,
        before: dict[tuple[str, str], Call],
        statuses: dict[str, tuple[str, str]],
        entry: dict[str, Any] | None,
        session: dict[str, Any] | None,
    ) -> None:
        key = call.call_id, call.pbx
        was = before.get(key)
        check((str(was.state) if was else None, call.state) in _MOVES, "a call goes on from state to state")
        self.mirror.calls[key] = call
        amount = int(entry["amount"]["N"]) if entry else 0
        if call.state is CallState.OPEN:
            self._opened(call, statuses, amount)
        elif call.state is CallState.EXPIRED:
            check(amount == 0 and session is None, "an expiry charges and records nothing")
        else:
            assert was
            self._ended(was, call, amount, session)
        if was and was.state is CallState.OPEN:
            for agent in was.agents:
                kept = statuses[ref_key(agent.ref)] == ("inConversation", str(agent.log_id))
                is_now = self.mirror.agents[ref_key(agent.ref)]["status"]["S"]
                check(is_now == ("online" if kept else statuses[ref_key(agent.ref)][0]), "exactly its agents are free")

    def _opened(self, call: Call, statuses: dict[str, tuple[str, str]], amount: int) -> None:
        check(amount == 0, "a hold moves nothing")
        taken = {ref_key(agent.ref) for agent in call.agents}
        check(ref_key(call.ref) in taken, "a call has its agent")
        check(all(statuses[ref][0] == "online" for ref in taken), "only agents who were online are taken")
        line = [
            ref
            for ref, item in self.mirror.agents.items()
            if call.line_sharing and item["lineSharing"]["BOOL"] and item["outboundNumber"]["S"] == call.outbound_number
        ]
        check(not any(statuses[ref][0] == "inConversation" for ref in line), "a busy line takes no call")
        # An agent of the line who comes online in the same moment may be missed, and is in no conversation.
        increments = Increments.parse(call.billing_increments)
        wallet = self.mirror.wallets[call.wallet_id]
        available = wallet["tokens"] - wallet["held"]
        if call.tpm:
            check(call.tokens == available - call.held, "what is available after the hold is told")
            check(0 < call.held <= available, "no more is held than is available")
            check(price(call.max_seconds, call.tpm, increments) <= call.held, "what is granted is held")
        else:
            check(call.held == 0, "what costs nothing holds nothing")

    def _ended(self, was: Call, call: Call, amount: int, session: dict[str, Any] | None) -> None:
        ending = call.ending
        assert ending
        owed = price(ending.duration, call.tpm, Increments.parse(call.billing_increments))
        check(session is not None and session["id"]["N"] == str(ending.session_id), "an end has its session")
        check(-amount == ending.tokens_charged, "what is charged is taken")
        check(owed == ending.tokens_charged + ending.uncollected_tokens, "sold talk is paid or known as uncollected")
        self._charged[call.call_id, call.pbx] += 1
        check(self._charged[call.call_id, call.pbx] == 1, "a call is charged once")
        is_late = was.state is CallState.EXPIRED
        check(is_late or ending.tokens_charged <= was.held, "an open call is charged no more than it holds")
        if ending.uncollected_tokens:
            check(is_late or ending.duration > was.max_seconds, "only talk beyond what was granted stays uncollected")
        wallet = self.mirror.wallets[call.wallet_id]
        free = wallet["tokens"] - wallet["held"] + (0 if is_late else was.held)
        if amount or was.held:
            check(ending.tokens == free - ending.tokens_charged, "what is available after the end is told")

    def _check_invariants(self) -> None:
        open_calls = [call for call in self.mirror.calls.values() if call.state is CallState.OPEN]
        held = Counter[str]()
        for call in open_calls:
            held[call.wallet_id] += call.held
        for wallet_id, wallet in self.mirror.wallets.items():
            check(wallet["held"] == held[wallet_id], "what is held is the sum of the open calls' holds")
            check(wallet["tokens"] - wallet["held"] >= 0, "what is available is never negative")
        taken = {
            (ref_key(agent.ref), agent.log_id): call for call in self.mirror.calls.values() for agent in call.agents
        }
        for ref, item in self.mirror.agents.items():
            by = taken.get((ref, int(item["lastLogId"]["N"])))
            if by and item["status"]["S"] == "inConversation":
                check(by.state is CallState.OPEN, "an agent is in conversation by a call only while it is open")

    # Answers.

    def _window(self, delivery: Paid, what: str) -> list[Any]:
        return self._history[what][delivery.seen.get(what, 0) :]

    def swept(self, delivery: Paid) -> None:
        """Notes that a sweep has ended."""
        self._end(delivery, "swept")

    def answered(self, delivery: Paid, response: dict[str, Any]) -> None:
        """Compares an answer with what has happened."""
        intent = delivery.intent
        if intent.stem not in (BEGIN, END, SYNC):
            return
        self.latest_answer_s = max(self.latest_answer_s, self._time.now - delivery.started)
        check(self._time.now - delivery.started <= _LAST_ANSWER_S, "every answer has left after four seconds")
        answer = json.loads(response["body"])
        reason = response["headers"].get("x-error-reason", "")
        if response["statusCode"] != 200:
            check(response["statusCode"] == 503, f"nothing fails in an unknown way, but this did: {reason}")
            check(delivery.faults > 0 or reason == "contention", f"what meets no fault is answered, not {reason}")
            self._end(delivery, f"503 {reason}")
        elif answer["status"] == 0:
            self._refusal(delivery, reason)
        else:
            self._end(delivery, "repeated" if response["headers"].get("idempotency-hit") else "done")
            if intent.stem in (BEGIN, END):
                self._success(intent, response["body"])

    def _success(self, intent: Sending, body: str) -> None:
        first = self._answers.setdefault((intent.stem, intent.call_id, intent.pbx), (intent.content, body))
        check(first == (intent.content, body), "a request that is repeated gets the first answer, byte for byte")
        call = self.mirror.calls.get((intent.call_id, intent.pbx))
        check(call is not None, "an acknowledged call is in the store")
        assert call
        answer = json.loads(body)
        if intent.stem == BEGIN:
            told = answer["call"]
            check((told["heldTokens"], told["maxSeconds"]) == (str(call.held), str(call.max_seconds)), "as written")
            return
        check(call.ending is not None, "an acknowledged end is in the store")
        assert call.ending
        check(answer["callSession"]["id"] in self.mirror.sessions, "an acknowledged session is in the store")
        told_tokens = answer["tokensCharged"], answer["uncollectedTokens"], answer["tokens"]
        kept = call.ending.tokens_charged, call.ending.uncollected_tokens, call.ending.tokens
        check(told_tokens == tuple(map(str, kept)), "an end is told as written")

    def _refusal(self, delivery: Paid, reason: str) -> None:
        intent = delivery.intent
        self._end(delivery, f"refused: {reason}")
        if intent.stem not in (BEGIN, END):
            return
        if reason in ("call_id_reused", "call_already_ended"):
            first = self._answers.get((intent.stem, intent.call_id, intent.pbx))
            check(first is None or first[0] != intent.content, "only other contents are refused")
            return
        check(intent.stem == END or not delivery.knew_call, "a call that has begun is answered as before")
        if reason == "unknown_call":
            check(not delivery.knew_call, "a call that has begun is known")
        elif reason == "agent_unavailable":
            seen = self._window(delivery, "agent " + ref_key(intent.ref))
            check(any(status != "online" for status in seen), "an agent is unavailable only if not online")
        elif reason == "insufficient_tokens":
            agent = self.mirror.agents[ref_key(intent.ref)]
            seen = self._window(delivery, "wallet " + intent.wallet_id)
            increments = Increments.parse(json.loads(intent.content)["increments"])
            tpm = int(agent["tpm"]["N"])
            check(any(affordable(tokens, tpm, increments) == 0 for tokens in seen), "tokens are insufficient only then")
        else:
            check(reason == "line_busy", f"nothing else is refused, but this was: {reason}")
            line = self.mirror.agents[ref_key(intent.ref)]["outboundNumber"]
            seen = [
                status
                for ref, item in self.mirror.agents.items()
                if item["outboundNumber"] == line and ref != ref_key(intent.ref)
                for status in self._window(delivery, "agent " + ref)
            ]
            check("inConversation" in seen, "a line is busy only if somebody on it talks")

    # What is in the tables.

    def check_balances(self, store: Any) -> None:
        """Compares wallets and agents with the store."""
        for item in items(store, self._names["WALLETS_TABLE"]):
            if "pointsTo" not in item:
                wallet = self.mirror.wallets[item["walletId"]["S"]]
                found = {name: int(item.get(name, {"N": "0"})["N"]) for name in ("tokens", "held", "seq")}
                check(found == wallet, "a wallet is as it was written last")
        for item in items(store, self._names["AGENTS_TABLE"]):
            known = self.mirror.agents[item["refKey"]["S"]]
            check(
                (item["status"], item["lastLogId"]) == (known["status"], known["lastLogId"]), "an agent is as written"
            )

    def check_everything(self, store: Any) -> None:
        """Compares all tables; nothing may be under way."""
        self.check_balances(store)
        problems = verify(store, os.environ).problems
        check(not problems, f"verification finds nothing, but it found: {problems}")
        stored = {(c.call_id, c.pbx): c for c in map(Call.from_item, items(store, self._names["CALLS_TABLE"]))}
        check(stored == self.mirror.calls, "the calls are those that were written")
        sessions = {item["id"]["N"]: item for item in items(store, self._names["CALL_SESSIONS_TABLE"])}
        check(sessions == self.mirror.sessions, "the sessions are those that were written")

    @contextmanager
    def open_calls_survive(self) -> Iterator[None]:
        """The first sweep after an outage leaves all calls open that still have time."""
        before = {
            key
            for key, call in self.mirror.calls.items()
            if call.state is CallState.OPEN and call.deadline > self._time.now
        }
        self.outcomes["calls that an outage could have ended"] += len(before)
        yield
        check(all(self.mirror.calls[key].state is CallState.OPEN for key in before), "no call ends by an outage")

    def check_all_is_given_back(self) -> None:
        """Nothing is left of calls whose PBXs are dead, after the silence and a sweep."""
        check(
            all(call.state is not CallState.OPEN for call in self.mirror.calls.values()),
            "three minutes and a sweep after its PBX has died no call is open",
        )
        check(all(wallet["held"] == 0 for wallet in self.mirror.wallets.values()), "then no token is held")
