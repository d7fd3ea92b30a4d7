"""One episode: random clients on a service of their own. The same seed gives the same episode, step by step."""

from __future__ import annotations

import hashlib
import json
import os
import random
from collections import Counter
from contextlib import ExitStack, redirect_stdout
from dataclasses import dataclass
from functools import cache
from typing import Any
from unittest.mock import patch

from admin import data
from local import engine, tables, template
from local.gateway import Context, Handler, load_handler, set_environment
from paidline.domain.types import MAX_TOKENS
from paidline.store.dynamodb import dynamodb
from tests.simulation import seams
from tests.simulation.messages import TRANSACTION, Sent
from tests.simulation.model import Delivery, Intent, Model, Violation, Wallet
from tests.simulation.network import READ_FAULTS, WRITE_FAULTS, Line, Wire
from tests.simulation.scheduler import ProcessDied, Scheduler, Task

ADD, SUBTRACT, SESSION = "add_tokens_to_wallet", "subtract_tokens_from_wallet", "session_call_create_by_ref"
BY_PIN, BY_NUMBER = "get_wallet_by_dialed_number_and_pin", "get_wallet_by_dialed_number_and_inbound_number"
STEMS = (ADD, SUBTRACT, SESSION, BY_PIN, BY_NUMBER)

# The hash of the agents' API, one of the credit system, and one that opens the second application only.
AGENTS, CREDIT, LIMITED = "agents-hash", "credit-hash", "limited-hash"
NUMBERS = {"1": "14620905014", "2": "14620905015"}

_DAY_S = 24 * 60 * 60
_PINS = ("695334", "0042", "42", "007", "100", "9000", "1234", "0815")
_CHECK_EVERY = 250
_SESSION = {
    "startTime": "2042-01-01 12:00:01",
    "endTime": "2042-01-01 13:00:01",
    "inboundNumber": "31612345678",
    "outboundNumber": "31612345678",
    "duration": "60",
}


@dataclass(frozen=True)
class Result:
    """What came of an episode: `history` is a digest of every step, equal for equal seeds."""

    operations: int
    calls: int
    outcomes: Counter[str]
    faults: Counter[str]
    late: int
    entries: int
    latest_write_s: float
    latest_answer_s: float
    history: str


@cache
def handlers() -> dict[str, Handler]:
    """The handlers that are deployed, loaded once."""
    by_stem = {route.function.stem: route.function for route in template.read().routes}
    return {stem: load_handler(by_stem[stem]) for stem in STEMS}


def event(body: str) -> dict[str, Any]:
    """A request as API Gateway delivers it."""
    return {
        "version": "2.0",
        "rawQueryString": "",
        "headers": {"content-type": "application/json"},
        "requestContext": {"http": {"sourceIp": "127.0.0.1"}, "requestId": "simulated"},
        "body": body,
        "isBase64Encoded": False,
    }


def context() -> Context:
    """What Lambda tells of an invocation: its time is far longer than a request's."""
    return Context("simulated", 512, "arn", "log", 10)


def document(wallets: list[Wallet]) -> dict[str, Any]:
    """The data that a simulation starts with."""
    return {
        "apiClients": [
            {"authenticationHash": AGENTS, "scope": "ctb"},
            {"authenticationHash": CREDIT, "scope": "credsys", "applicationIds": "all"},
            {"authenticationHash": LIMITED, "scope": "credsys", "applicationIds": ["2"]},
        ],
        "agents": [{"userId": 194, "ref": "000038", "tpm": 90}],
        "dialedNumbers": [
            {"dialedNumber": number, "applicationId": application, "companyName": "Company"}
            for application, number in NUMBERS.items()
        ],
        "wallets": [
            {
                "applicationId": wallet.application_id,
                "walletId": wallet.wallet_id,
                "pin": wallet.pin,
                "tokens": wallet.balances[0],
                "phoneNumber": wallet.phone_number,
            }
            for wallet in wallets
        ],
    }


class Clients:
    """Random clients: what they want, and what they send again."""

    def __init__(self, chance: random.Random, wallets: list[Wallet]) -> None:
        self._chance = chance
        self._wallets = wallets
        self._sent: list[Intent] = []
        self._unanswered: list[Intent] = []
        self._keys = 0
        self._keyed = chance.choice((0.1, 0.5, 0.9))

    def next(self) -> Intent:
        """What is sent next."""
        draw = self._chance.random()
        if self._unanswered and draw < 0.3:
            return self._unanswered.pop(self._chance.randrange(len(self._unanswered)))
        if self._sent and draw < 0.4:
            return self._chance.choice(self._sent[-20:])
        intent = self._new()
        self._sent.append(intent)
        return intent

    def was_left_alone(self, intent: Intent) -> None:
        """A client that got no answer, or a 503, tends to try again."""
        if self._chance.random() < 0.8:
            self._unanswered.append(intent)

    def _new(self) -> Intent:
        stem = self._chance.choices(STEMS, (30, 38, 14, 12, 6))[0]
        if stem == SESSION:
            return self._session()
        wallet = self._chance.choice(self._wallets)
        limited = self._chance.random() < (0.5 if wallet.application_id == "2" else 0.04)
        body: dict[str, Any] = {
            "authenticationHash": LIMITED if limited else CREDIT,
            "dialedNumber": NUMBERS[wallet.application_id],
        }
        expected = "unauthorized" if limited and wallet.application_id == "1" else ""
        if stem == BY_NUMBER:
            body["inboundNumber"] = wallet.phone_number
            return self._intent(stem, body, expected=expected, wallet=wallet)
        pin, is_known = self._pin(wallet)
        body["pin"] = pin
        expected = expected or ("" if is_known else "unknown_pin")
        if stem == BY_PIN:
            return self._intent(stem, body, expected=expected, wallet=wallet)
        amount = self._amount(wallet)
        body["tokens"] = self._chance.choice((amount, str(amount)))
        return self._intent(
            stem, body, self._key(), expected=expected, wallet=wallet, amount=amount if stem == ADD else -amount
        )

    def _pin(self, wallet: Wallet) -> tuple[str | int, bool]:
        """A PIN as clients send it, and whether it is that wallet's."""
        draw = self._chance.random()
        if draw < 0.05:
            return "31415", False
        # As a string, zeros count: another wallet's PIN must not be found, so ask only where there is none.
        bare = wallet.pin.lstrip("0")
        if draw < 0.1 and bare not in _PINS:
            return bare, False
        if draw < 0.4 and (bare == wallet.pin or bare not in _PINS):
            return int(wallet.pin), True
        return wallet.pin, True

    def _amount(self, wallet: Wallet) -> int:
        draw = self._chance.random()
        if draw < 0.75:
            return self._chance.randint(1, 100)
        balance = wallet.balances[-1]
        # At and around the bounds, where an error of one shows.
        exact = (balance, balance + 1, MAX_TOKENS - balance, MAX_TOKENS - balance + 1, self._chance.randint(1, 2000))
        return min(MAX_TOKENS, max(1, self._chance.choice(exact)))

    def _key(self) -> str:
        if self._chance.random() > self._keyed:
            return ""
        if self._keys and self._chance.random() < 0.1:
            return f"key-{self._chance.randint(1, self._keys)}"
        self._keys += 1
        return f"key-{self._keys}"

    def _session(self) -> Intent:
        draw = self._chance.random()
        fields = {"ref": "38", "dialedNumber": NUMBERS["1"], "dialStatus": "ANSWER"}
        expected = ""
        if draw < 0.04:
            fields["ref"], expected = "99", "unknown_ref"
        elif draw < 0.08:
            fields["dialedNumber"], expected = "999", "unknown_dialed_number"
        elif draw < 0.12:
            fields["dialStatus"], expected = "answer", "invalid:dialStatus"
        body = {"authenticationHash": AGENTS, **_SESSION, **fields, "duration": str(self._chance.randint(0, 3))}
        return self._intent(SESSION, body, self._key(), expected=expected)

    def _intent(self, stem: str, body: dict[str, Any], key: str = "", **rest: Any) -> Intent:
        # A PIN that is a number is another one than its digits as text: it has lost its zeros.
        named = {name: value if name == "pin" else str(value) for name, value in body.items()}
        contents = json.dumps({**named, "authenticationHash": ""})
        if key:
            body = {**body, "idempotencyKey": key}
        return Intent(stem, json.dumps(body), contents, key, client=body["authenticationHash"], **rest)


class Storm:
    """Random weather: how bad it is differs from one episode to the next, and now and then it is calm."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._rate = chance.choice((0.0, 0.01, 0.05, 0.15, 0.3))
        self._forgets = chance.choice((0.0, 0.1, 0.5))
        # Transactions that take long to commit come in crowds, as the load that makes them slow does.
        self._slow_commits = chance.choice((0.0, 0.0, 0.5))
        self._slow_calls = chance.choice((0.0, 0.0, 0.05, 0.3, 0.8))

    def fault(self, operation: str) -> str:
        """What goes wrong with a call, if anything."""
        if self._chance.random() >= self._rate:
            return ""
        if operation != TRANSACTION:
            return self._chance.choice(READ_FAULTS)
        return "slow_commit" if self._chance.random() < self._slow_commits else self._chance.choice(WRITE_FAULTS)

    def forgets(self) -> bool:
        """Whether the store has forgotten the tokens that it has seen."""
        return self._chance.random() < self._forgets

    def slowness(self) -> tuple[float, float]:
        """As slow as can be without being given up, or anything below; connections are slow less often than answers."""
        if self._chance.random() >= self._slow_calls:
            return 0.0, 0.0
        return self._chance.choice((0.0, 0.0, 1.0, self._chance.random())), self._chance.choice(
            (1.0, self._chance.random())
        )

    def pick(self, count: int) -> int:
        """A number below `count`."""
        return self._chance.randrange(count)


class Episode:
    """A run of `operations` deliveries on an engine."""

    def __init__(self, seed: int, operations: int, endpoint: str, store: Any) -> None:
        self._chance = random.Random(seed)
        self._operations = operations
        self._endpoint = endpoint
        self._store = store
        self._template = template.read(table_prefix=f"Simulation{os.getpid()}x{seed}")
        self._time = seams.Time()
        self._scheduler = Scheduler(self._time)
        self._wallets = self._make_wallets()
        self._clients = Clients(self._chance, self._wallets)
        self._at_once = self._chance.choice((1, 2, 4, 8))
        self._commit_rate = self._chance.choice((0.02, 0.1, 0.5))
        self._deliveries: dict[int, Delivery] = {}
        self._history = hashlib.sha256()
        self._late = 0

    def _make_wallets(self) -> list[Wallet]:
        count = self._chance.choice((1, 2, len(_PINS), 2 * len(_PINS)))
        balances = (0, 5, 1000, 1000, 100_000, MAX_TOKENS - 50, MAX_TOKENS)
        return [
            Wallet(str(1 + n // len(_PINS)), str(6254 + n), _PINS[n % len(_PINS)], f"3168800{n:04}", [balance])
            for n in range(count)
            for balance in [self._chance.choice(balances)]
        ]

    def run(self) -> Result:
        """Runs it to its end and checks everything. Raises Violation."""
        line = Line(self._endpoint)
        with ExitStack() as stack:
            stack.callback(line.close)
            stack.enter_context(patch.dict(os.environ))
            set_environment(self._template, self._endpoint)
            tables.create(self._store, self._template.tables)
            stack.callback(tables.delete, self._store, self._template.tables)
            data.load(self._store, self._document())
            stack.enter_context(seams.replaced(self._time, self._chance, self._scheduler.sleep))
            stack.enter_context(redirect_stdout(stack.enter_context(open(os.devnull, "w"))))
            stack.callback(self._scheduler.abandon)
            return self._run(line)

    def _document(self) -> dict[str, Any]:
        return document(self._wallets)

    def _make_model(self) -> Model:
        return Model(self._template.environment, self._wallets, self._time)

    def _run(self, line: Line) -> Result:
        self._model = self._make_model()
        self._wire = Wire(
            line, Storm(self._chance), self._leave, self._model.observe, self._note_fault, self._scheduler.sleep
        )
        self._wire.attach(dynamodb())
        started = 0
        while started < self._operations or self._scheduler.tasks:
            self._time.advance(self._chance.random() * 0.002)
            awake = self._scheduler.awake()
            is_full = len(self._scheduler.tasks) >= self._at_once or started == self._operations
            if self._wire.commits.under_way and self._chance.random() < self._commit_rate:
                self._commit_one()
            elif self._wire.late and self._chance.random() < 0.05:
                self._deliver_late()
            elif is_full or (awake and self._chance.random() < 0.5):
                # All may have been woken by a rival's step meanwhile, but never none: time waits for the first.
                self._step(awake[self._chance.randrange(len(awake))])
            else:
                self._start(self._clients.next())
                started += 1
                if started % _CHECK_EVERY == 0:
                    self._between()
        while self._wire.late:
            self._deliver_late()
        self._wire.commits.finish()
        self._conclude()
        return Result(
            started,
            self._wire.calls,
            self._model.outcomes,
            Counter(self._wire.faults),
            self._late,
            self._model.entries,
            self._model.latest_write_s,
            self._model.latest_answer_s,
            self._history.hexdigest(),
        )

    def _conclude(self) -> None:
        """Checks everything, now that nothing is under way."""
        self._model.check_everything(self._store)

    def _between(self) -> None:
        """Compares the balances, and now and then lets days pass while nothing is under way."""
        self._wire.commits.finish()
        self._model.check_balances(self._store)
        if not self._scheduler.tasks and self._chance.random() < 0.5:
            self._time.advance(self._chance.choice((1, 29, 31)) * _DAY_S)

    def _start(self, intent: Intent) -> None:
        delivery = self._model.begin(intent, self._wire.commits.under_way)
        task = self._scheduler.start(lambda: self._deliver(delivery))
        self._deliveries[task.number] = delivery
        self._note("start", delivery.number, intent.body)

    def _deliver(self, delivery: Delivery) -> None:
        self._model.arrives(delivery)
        try:
            response = handlers()[delivery.intent.stem](event(delivery.intent.body), context())
        except ProcessDied:
            self._model.died(delivery)
            self._clients.was_left_alone(delivery.intent)
            raise
        self._note("answer", delivery.number, response["body"])
        self._model.answered(delivery, response)
        if response["statusCode"] != 200:
            self._clients.was_left_alone(delivery.intent)

    def _step(self, task: Task) -> None:
        self._running = self._deliveries[task.number]
        self._scheduler.step(task)
        if task.is_done:
            del self._deliveries[task.number]

    def _leave(self, sent: Sent | None) -> None:
        if sent:
            self._model.leaves(self._running, sent)
            self._note("send", self._running.number, sent.operation)
        self._scheduler.pause()

    def _note_fault(self, fault: str) -> None:
        self._running.faults += 1
        self._note("fault", self._running.number, fault)

    def _deliver_late(self) -> None:
        index = self._chance.randrange(len(self._wire.late))
        self._note("late", index)
        self._late += 1
        self._wire.deliver_late(index, slowly=self._chance.random() < 0.5)

    def _commit_one(self) -> None:
        commit = self._chance.choice(self._wire.commits.under_way)
        index = self._chance.randrange(len(commit.left))
        self._note("commit", index)
        self._wire.commits.write_one(commit, index)

    def _note(self, *what: object) -> None:
        self._history.update(repr(what).encode())


def run(seed: int, operations: int, endpoint: str) -> Result:
    """Runs one episode on the engine at `endpoint`. Raises Violation with the seed in its text, whatever goes wrong."""
    try:
        return Episode(seed, operations, endpoint, engine.client(endpoint)).run()
    except (Violation, Exception) as broken:
        replay = f"Replay: make simulate OPS={operations} SEED={seed}"
        raise Violation(f"seed {seed}: {type(broken).__name__}: {broken}\n{replay}") from broken
