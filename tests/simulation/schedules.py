"""Every order in which the store calls of a few requests can happen, and a crash at every step of each of them.

No order is drawn at random: a schedule is a list of choices, and after each run the last choice that has an alternative
takes it, until none has. Two reads in a row leave the same behind in either order, so only one order of them is run.
Nor does it matter which of two requests that differ at most in the id of their call makes its first store call first:
the earlier one does.
"""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, redirect_stdout
from typing import Any, NamedTuple
from unittest.mock import patch

from admin import data
from local import engine, tables, template
from local.gateway import set_environment
from paidline.management.verification import verify
from paidline.store import pbxs
from paidline.store.dynamodb import dynamodb
from tests.simulation import paid_calls, seams
from tests.simulation.episode import AGENTS, BY_PIN, CREDIT, NUMBERS, context, document, event, handlers
from tests.simulation.messages import TRANSACTION, Sent
from tests.simulation.model import Delivery, Intent, Model, Wallet, check, items
from tests.simulation.network import Calm, Line, Weather, Wire
from tests.simulation.paid_calls import CALLS, UPDATE
from tests.simulation.paid_model import SYNC, PaidModel, Sending
from tests.simulation.scheduler import ProcessDied, Scheduler, Task

PBX = "pbx1"

MakeIntents = Callable[[Wallet], list[Intent]]


class Setting(NamedTuple):
    """Requests about one agent and one wallet; the first `before` of them happen before everything else."""

    balance: int
    make: Callable[[Wallet, str], list[Sending]]
    before: int = 0


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
        self._agents = 0

    def explore_calls(self, setting: Setting, *, crashes: bool) -> list[PaidModel]:
        """Runs every schedule of requests about a paid call, each with a new wallet and a new agent."""
        models = []
        given: list[int] | None = []
        with open(os.devnull, "w") as nowhere, redirect_stdout(nowhere):
            while given is not None:
                choices = Choices(given)
                wallet = self._new_wallet(setting.balance)
                made = PaidModel(self._service.environment, TIME)
                made.add_wallet(wallet.wallet_id, setting.balance)
                ref = self._new_agent(made)
                intents = setting.make(wallet, ref)
                for intent in intents[: setting.before]:
                    self._alone(made, intent)
                is_new = self._run(made, intents[setting.before :], choices, None if crashes else Calm()) is not None
                # What died is dead: the PBX names no call, and the rest has to be given back.
                self._alone(made, Sending(SYNC, json.dumps({"authenticationHash": CALLS, "pbx": PBX})))
                made.check_all_is_given_back()
                if is_new:
                    models.append(made)
                given = choices.following()
        return models

    def _alone(self, model: PaidModel, intent: Sending) -> None:
        """Runs a request by itself in fine weather."""
        self._run(model, [intent], Choices([]), Calm())

    def _new_agent(self, model: PaidModel) -> str:
        self._agents += 1
        ref = str(1000 + self._agents)
        agent = {"userId": 1000 + self._agents, "ref": ref, "tpm": 60, "status": "online"}
        data.load(self._store, {"agents": [agent]})
        table = self._service.environment["AGENTS_TABLE"]
        model.add_agent(self._store.get_item(TableName=table, Key={"refKey": {"S": ref}})["Item"])
        return ref

    def explore(self, balance: int, make_intents: MakeIntents) -> list[Model]:
        """Runs every schedule, each with a new wallet, and gives what became of each. Raises Violation."""
        models = []
        given: list[int] | None = []
        with open(os.devnull, "w") as nowhere, redirect_stdout(nowhere):
            while given is not None:
                choices = Choices(given)
                wallet = self._new_wallet(balance)
                model = self._run(Model(self._service.environment, [wallet], TIME), make_intents(wallet), choices)
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

    def _run(self, model: Any, intents: Sequence[Any], choices: Choices, weather: Weather | None = None) -> Any:
        """Runs one schedule and gives the model, or stops where it is another schedule with two reads exchanged."""
        scheduler = Scheduler(TIME)
        deliveries = [model.begin(intent) for intent in intents]
        tasks = {scheduler.start(_handling(delivery, model)): delivery for delivery in deliveries}
        about_to: dict[Task, str] = {}
        under_way: Task

        def leave(sent: Sent | None) -> None:
            # An answer on its way changes nothing in the store: who goes on is chosen before each call only.
            if sent:
                model.leaves(tasks[under_way], sent)
                about_to[under_way] = sent.operation
                scheduler.pause()

        wire = Wire(self._line, weather or OneCrash(choices), leave, model.observe, lambda _: None, lambda _: None)
        wire.attach(dynamodb())
        try:
            # Up to its first call, what a request does is nobody else's business.
            for under_way in tasks:
                scheduler.step(under_way)
            last_reader = -1
            waiting = [(task, _likeness(delivery.intent)) for task, delivery in tasks.items()]
            while scheduler.tasks:
                # Of those that are alike and have not begun, the first one.
                later = {task for place, (task, kind) in enumerate(waiting) if kind in dict(waiting[:place]).values()}
                able = [
                    task
                    for task in scheduler.tasks
                    if task not in later and (task.number >= last_reader or about_to[task] == TRANSACTION)
                ]
                if not able:
                    return None
                under_way = able[choices.choose(len(able))]
                waiting = [(task, kind) for task, kind in waiting if task is not under_way]
                last_reader = -1 if about_to[under_way] == TRANSACTION else under_way.number
                # A moment, so that a call that was begun before is older than one that begins now.
                TIME.advance(0.00001)
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


def _likeness(intent: Any) -> tuple[str, str]:
    """What a request does: the same of two that differ at most in the id of their call."""
    call_id = getattr(intent, "call_id", "")
    return intent.stem, intent.body.replace(call_id, "") if call_id else intent.body


def _handling(delivery: Delivery, model: Model) -> Callable[[], None]:
    def handle() -> None:
        model.arrives(delivery)
        try:
            handler = handlers().get(delivery.intent.stem) or paid_calls.handlers()[delivery.intent.stem]
            response = handler(event(delivery.intent.body), context())
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
        made = document([])
        made["apiClients"].append({"authenticationHash": CALLS, "scope": "calls", "applicationIds": "all"})
        data.load(store, made)
        stack.enter_context(seams.replaced(TIME, random.Random(0), lambda _: None))
        # Who calls and which number was dialed is looked up once in a process, and known from then on.
        body = {"authenticationHash": CREDIT, "dialedNumber": NUMBERS["1"], "pin": "1"}
        handlers()[BY_PIN](event(json.dumps(body)), context())
        for stem, hash_ in ((SYNC, CALLS), (UPDATE, AGENTS)):
            body = {"authenticationHash": hash_, "pbx": PBX, "ref": "0", "status": "online"}
            paid_calls.handlers()[stem](event(json.dumps(body)), context())
        pbxs.register(PBX)
        explorer_ = Explorer(endpoint, service)
        stack.callback(explorer_.close)
        # No call is too young to expire.
        os.environ["CALL_SYNC_GRACE_S"] = "0"
        yield explorer_
