"""Every order in which the store calls of a few requests can happen, and a crash at every step of each of them.

No order is drawn at random: a schedule is a list of choices, and after each run the last choice that has an alternative
takes it, until none has. Two reads in a row leave the same behind in either order, so only one order of them is run.
"""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, redirect_stdout
from typing import Any
from unittest.mock import patch

from admin import data
from local import engine, tables, template
from local.gateway import set_environment
from paidline.management.verification import verify
from paidline.store.dynamodb import dynamodb
from tests.simulation import seams
from tests.simulation.episode import BY_PIN, CREDIT, NUMBERS, context, document, event, handlers
from tests.simulation.messages import TRANSACTION, Sent
from tests.simulation.model import Delivery, Intent, Model, Wallet, check, items
from tests.simulation.network import Line, Wire
from tests.simulation.scheduler import ProcessDied, Scheduler, Task

MakeIntents = Callable[[Wallet], list[Intent]]


class Choices:
    """The choices of one schedule: those that are given, and from there on always the first."""

    def __init__(self, given: list[int]) -> None:
        self._given = given
        self.made: list[tuple[int, int]] = []

    def choose(self, count: int) -> int:
        """A number below `count`."""
        step = len(self.made)
        chosen = self._given[step] if step < len(self._given) else 0
        self.made.append((chosen, count))
        return chosen

    def following(self) -> list[int] | None:
        """The next schedule, or None after the last one."""
        made = list(self.made)
        while made:
            chosen, count = made.pop()
            if chosen + 1 < count:
                return [*(earlier for earlier, _ in made), chosen + 1]
        return None


class OneCrash:
    """The weather of a schedule: at most one process dies, and where is a choice."""

    def __init__(self, choices: Choices) -> None:
        self._choices = choices
        self._is_over = False

    def fault(self, operation: str) -> str:
        """Nothing, or the death of the process before or after the call."""
        if self._is_over:
            return ""
        # A read leaves nothing behind: it does not matter on which side of it the process dies.
        crashes = ("died_before", "died_after") if operation == TRANSACTION else ("died_before",)
        fault: str = ("", *crashes)[self._choices.choose(1 + len(crashes))]
        self._is_over = bool(fault)
        return fault

    def forgets(self) -> bool:
        """Never: nothing is sent twice here."""
        return False

    def slowness(self) -> tuple[float, float]:
        """None: no time passes here."""
        return 0.0, 0.0

    def pick(self, count: int) -> int:
        """The first, where it does not matter."""
        return 0


class Explorer:
    """Runs schedules on an engine, each with a wallet of its own."""

    def __init__(self, endpoint: str, service: template.Template) -> None:
        self._store = engine.client(endpoint)
        self._service = service
        self._line = Line(endpoint)
        self._wallets: list[Wallet] = []

    def explore(self, balance: int, make_intents: MakeIntents) -> list[Model]:
        """Runs every schedule, each with a new wallet, and gives what became of each. Raises Violation."""
        models = []
        given: list[int] | None = []
        with open(os.devnull, "w") as nowhere, redirect_stdout(nowhere):
            while given is not None:
                choices = Choices(given)
                model = self._run(self._new_wallet(balance), make_intents, choices)
                if model:
                    models.append(model)
                given = choices.following()
        self._check_store()
        return models

    def _new_wallet(self, balance: int) -> Wallet:
        number = len(self._wallets) + 1
        wallet = Wallet("1", str(number), f"{number:06}", f"316{number:08}", [balance])
        data.load(self._store, {"wallets": document([wallet])["wallets"]})
        self._wallets.append(wallet)
        return wallet

    def _run(self, wallet: Wallet, make_intents: MakeIntents, choices: Choices) -> Model | None:
        """Runs one schedule, or stops where it turns out to be another one with two reads exchanged."""
        model = Model(self._service.environment, [wallet], TIME)
        scheduler = Scheduler(TIME)
        deliveries = [model.begin(intent) for intent in make_intents(wallet)]
        tasks = {scheduler.start(_handling(delivery, model)): delivery for delivery in deliveries}
        about_to: dict[Task, str] = {}
        under_way: Task

        def leave(sent: Sent | None) -> None:
            # An answer on its way changes nothing in the store: who goes on is chosen before each call only.
            if sent:
                model.leaves(tasks[under_way], sent)
                about_to[under_way] = sent.operation
                scheduler.pause()

        wire = Wire(self._line, OneCrash(choices), leave, model.observe, lambda _: None, lambda _: None)
        wire.attach(dynamodb())
        try:
            # Up to its first call, what a request does is nobody else's business.
            for under_way in tasks:
                scheduler.step(under_way)
            last_reader = -1
            while scheduler.tasks:
                able = [task for task in scheduler.tasks if task.number >= last_reader or about_to[task] == TRANSACTION]
                if not able:
                    return None
                under_way = able[choices.choose(len(able))]
                last_reader = -1 if about_to[under_way] == TRANSACTION else under_way.number
                scheduler.step(under_way)
        finally:
            scheduler.abandon()
            wire.detach(dynamodb())
        return model

    def _check_store(self) -> None:
        problems = verify(self._store, os.environ).problems
        check(not problems, f"verification finds nothing, but it found: {problems}")
        stored = {
            item["walletId"]["S"]: int(item["tokens"]["N"])
            for item in items(self._store, self._service.environment["WALLETS_TABLE"])
            if "pointsTo" not in item
        }
        for wallet in self._wallets:
            check(stored[wallet.wallet_id] == wallet.balances[-1], "a balance is what was written last")

    def close(self) -> None:
        """Hangs up."""
        self._line.close()


TIME = seams.Time()


def _handling(delivery: Delivery, model: Model) -> Callable[[], None]:
    def handle() -> None:
        model.arrives(delivery)
        try:
            response = handlers()[delivery.intent.stem](event(delivery.intent.body), context())
        except ProcessDied:
            model.died(delivery)
            raise
        model.answered(delivery, response)

    return handle


@contextmanager
def explorer(endpoint: str) -> Iterator[Explorer]:
    """Makes the tables of an explorer, which go with it."""
    service = template.read(table_prefix=f"Schedules{os.getpid()}")
    store: Any = engine.client(endpoint)
    with ExitStack() as stack:
        stack.enter_context(patch.dict(os.environ))
        set_environment(service, endpoint)
        tables.create(store, service.tables)
        stack.callback(tables.delete, store, service.tables)
        data.load(store, document([]))
        stack.enter_context(seams.replaced(TIME, random.Random(0), lambda _: None))
        # Who calls and which number was dialed is looked up once in a process, and known from then on.
        body = {"authenticationHash": CREDIT, "dialedNumber": NUMBERS["1"], "pin": "1"}
        handlers()[BY_PIN](event(json.dumps(body)), context())
        made = Explorer(endpoint, service)
        stack.callback(made.close)
        yield made
