"""An episode of paid calls beside documented requests, with PBXs that die, restart, forget and repeat.

`make simulate PAID=yes` runs many. The same seed gives the same episode, step by step.
"""

from __future__ import annotations

import json
import random
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from local import engine, template
from local.gateway import Handler, load_handler
from paidline.errors import StoreUnavailable
from tests.simulation.episode import (
    ADD,
    AGENTS,
    BY_PIN,
    CREDIT,
    NUMBERS,
    SUBTRACT,
    Episode,
    Result,
    context,
    document,
    event,
)
from tests.simulation.model import Violation, Wallet
from tests.simulation.paid_model import BEGIN, END, SWEEP, SYNC, PaidModel, Sending
from tests.simulation.scheduler import ProcessDied

CALLS = "calls-hash"
UPDATE, UPDATE_LINE, STATUS = "update_status_by_ref", "update_status_by_line_sharing", "get_status_by_ref"
_STEMS = (BEGIN, END, SYNC, SWEEP, ADD, SUBTRACT, BY_PIN, UPDATE, UPDATE_LINE)
_LINE, _INCREMENTS = "31600000001", ("1/1", "30/6", "60/60")
_AGENTS: tuple[dict[str, Any], ...] = (
    {"userId": 1, "ref": "0038", "tpm": 90, "outboundNumber": _LINE, "lineSharing": True},
    {"userId": 2, "ref": "39", "tpm": 90, "outboundNumber": _LINE, "lineSharing": True},
    {"userId": 3, "ref": "40", "tpm": 60, "outboundNumber": "31600000002"},
    {"userId": 4, "ref": "41", "tpm": 0, "outboundNumber": "31600000003"},
)
_DIAL_STATUSES = ("ANSWER", "BUSY", "NOANSWER", "CANCEL")
_SILENCE_S = 180


@cache
def handlers() -> dict[str, Handler]:
    """The handlers that are deployed, loaded once."""
    by_stem = {function.stem: function for function in template.read().functions}
    return {stem: load_handler(by_stem[stem]) for stem in _STEMS}


@dataclass
class Pbx:
    """A PBX: the calls that it thinks live, what it has to say again, and when it synchronised last."""

    name: str
    is_alive: bool = True
    live: dict[str, Sending] = field(default_factory=dict)
    unanswered: list[Sending] = field(default_factory=list)
    ended: list[Sending] = field(default_factory=list)
    next_sync: float = 0.0


class Clients:
    """The PBXs, the web site and the schedule."""

    def __init__(self, chance: random.Random, wallets: list[Wallet], increments: str, now: Any) -> None:
        self._chance = chance
        self._wallets = wallets
        self._increments = increments
        self._now = now
        self._calls = 0
        self._next_sweep = 0.0
        self.pbxs = [Pbx(f"pbx{n}") for n in range(chance.choice((1, 2, 3)))]

    def next(self) -> Sending:
        """What is sent next."""
        if self._now() >= self._next_sweep:
            self._next_sweep = self._now() + 60
            return Sending(SWEEP, "")
        pbx = self._chance.choice(self.pbxs)
        draw = self._chance.random()
        if not pbx.is_alive:
            if draw < 0.1:
                pbx.is_alive, pbx.next_sync = True, 0.0
            return self._documented()
        if draw < 0.01:
            # It dies, and all that it knew of its calls is lost; now and then its ends survive in a journal.
            pbx.is_alive = False
            pbx.live.clear()
            pbx.unanswered = [sending for sending in pbx.unanswered if sending.stem == END and draw < 0.005]
            return self._documented()
        if self._now() >= pbx.next_sync:
            pbx.next_sync = self._now() + 30
            body = {"authenticationHash": CALLS, "pbx": pbx.name, "callIds": self._named(pbx)}
            return Sending(SYNC, json.dumps(body), pbx=pbx.name)
        if pbx.unanswered and draw < 0.3:
            return pbx.unanswered.pop(self._chance.randrange(len(pbx.unanswered)))
        if pbx.ended and draw < 0.35:
            return self._chance.choice(pbx.ended[-10:])
        if pbx.live and draw < 0.6:
            return self._ending(pbx)
        if draw < 0.8:
            return self._beginning(pbx)
        return self._documented()

    def _named(self, pbx: Pbx) -> list[str]:
        """The calls that it names; now and then it forgets one."""
        return [call_id for call_id in pbx.live if self._chance.random() > 0.03]

    def _beginning(self, pbx: Pbx) -> Sending:
        if self._calls and self._chance.random() < 0.03:
            # An id that was used before, by this or another PBX, perhaps with other contents.
            number = self._chance.randint(1, self._calls)
        else:
            self._calls += 1
            number = self._calls
        wallet, agent = self._chance.choice(self._wallets), self._chance.choice(_AGENTS)
        body: dict[str, Any] = {
            "authenticationHash": CALLS,
            "callId": f"c{number}",
            "pbx": pbx.name,
            "dialedNumber": NUMBERS["1"],
            "ref": agent["ref"],
            "inboundNumber": wallet.phone_number,
        }
        if self._chance.random() < 0.5:
            body |= {"pin": wallet.pin, "inboundNumber": "anonymous"}
        if self._chance.random() < 0.7:
            body["maxSeconds"] = self._chance.choice((1, 60, 61, 600))
        return self._sending(BEGIN, body, ref=str(agent["ref"]), wallet_id=wallet.wallet_id)

    def _ending(self, pbx: Pbx) -> Sending:
        call_id = self._chance.choice(list(pbx.live))
        # It may name another PBX's call too, if it has its id.
        del pbx.live[call_id]
        clock = self._chance.choice(("1999-12-31 23:59:00", "2060-03-01 12:00:00", "2099-01-01 00:00:00"))
        body = {
            "authenticationHash": CALLS,
            "callId": call_id,
            "pbx": pbx.name,
            "dialStatus": self._chance.choice(_DIAL_STATUSES),
            "duration": self._chance.choice((0, 1, 30, 60, 61, 600, 5000)),
            **({"startTime": clock} if self._chance.random() < 0.5 else {}),
            **({"endTime": clock} if self._chance.random() < 0.5 else {}),
        }
        sending = self._sending(END, body)
        pbx.ended.append(sending)
        return sending

    def _sending(self, stem: str, body: dict[str, Any], **more: str) -> Sending:
        content = json.dumps({**body, "increments": self._increments})
        return Sending(stem, json.dumps(body), content, body["callId"], body["pbx"], **more)

    def _documented(self) -> Sending:
        wallet, agent = self._chance.choice(self._wallets), self._chance.choice(_AGENTS)
        stem = self._chance.choices((ADD, SUBTRACT, BY_PIN, UPDATE, UPDATE_LINE), (30, 30, 10, 20, 10))[0]
        if stem in (UPDATE, UPDATE_LINE):
            status = self._chance.choice((*["online"] * 8, "pause", "offline", "inConversation"))
            whom = {"ref": agent["ref"]} if stem == UPDATE else {"outboundNumber": _LINE}
            return Sending(stem, json.dumps({"authenticationHash": AGENTS, "status": status, **whom}))
        body = {"authenticationHash": CREDIT, "dialedNumber": NUMBERS["1"], "pin": wallet.pin}
        if stem != BY_PIN:
            body["tokens"] = str(self._chance.choice((1, 50, 100, 500)))
        return Sending(stem, json.dumps(body))

    def succeeded(self, sending: Sending) -> None:
        """A PBX connects a call that has begun, unless it is dead by now."""
        for pbx in self.pbxs:
            if sending.stem == BEGIN and pbx.name == sending.pbx and pbx.is_alive:
                pbx.live[sending.call_id] = sending

    def was_left_alone(self, sending: Sending) -> None:
        """A PBX that got no answer tries again, or gives the call up and forgets it, or reports its end."""
        for pbx in self.pbxs:
            if pbx.name != sending.pbx or sending.stem not in (BEGIN, END):
                continue
            draw = self._chance.random()
            if draw < 0.7:
                pbx.unanswered.append(sending)
            elif draw < 0.85 and sending.stem == BEGIN:
                # It hangs up, and reports the end of what may have begun.
                pbx.live[sending.call_id] = sending


class PaidEpisode(Episode):
    """A run of `operations` deliveries on an engine."""

    def __init__(self, seed: int, operations: int, endpoint: str, store: Any) -> None:
        super().__init__(seed, operations, endpoint, store)
        increments = self._chance.choice(_INCREMENTS)
        self._increments = increments
        # Time passes faster than with movements only, so that calls last.
        self._speed_s = self._chance.choice((0.01, 0.5, 5.0))
        self._clients: Any = Clients(self._chance, self._wallets, increments, lambda: self._time.now)

    def _make_wallets(self) -> list[Wallet]:
        balances = (0, 5, 100, 1000, 100_000)
        return [
            Wallet("1", str(6254 + n), f"{7000 + n}", f"3168800{n:04}", [self._chance.choice(balances)])
            for n in range(self._chance.choice((1, 2, 4)))
        ]

    def _document(self) -> dict[str, Any]:
        made = document(self._wallets)
        made["apiClients"].append({"authenticationHash": CALLS, "scope": "calls", "applicationIds": "all"})
        made["agents"] = [{**agent, "status": "online"} for agent in _AGENTS]
        for number in made["dialedNumbers"]:
            number["billingIncrements"] = self._increments
        return made

    def _make_model(self) -> Any:
        model = PaidModel(self._template.environment, self._time)
        model.read(self._store)
        return model

    def _start(self, intent: Any) -> None:
        # Time goes on between requests, not in the middle of one.
        if not self._scheduler.tasks:
            self._time.advance(self._chance.random() * self._speed_s)
        super()._start(intent)

    def _deliver(self, delivery: Any) -> None:
        intent = delivery.intent
        self._model.arrives(delivery)
        if intent.stem == SWEEP:
            # What cannot be swept now is a fault that is logged, and is left to the next sweep.
            with suppress(StoreUnavailable):
                handlers()[SWEEP]({}, context())
            self._model_of_calls.swept(delivery)
            return
        try:
            response = handlers()[intent.stem](event(intent.body), context())
        except ProcessDied:
            self._model.died(delivery)
            self._clients.was_left_alone(intent)
            raise
        self._note("answer", delivery.number, response["body"])
        self._model.answered(delivery, response)
        if response["statusCode"] != 200:
            self._clients.was_left_alone(intent)
        elif '"status":1' in response["body"]:
            self._clients.succeeded(intent)

    @property
    def _model_of_calls(self) -> PaidModel:
        model: Any = self._model
        assert isinstance(model, PaidModel)
        return model

    def _between(self) -> None:
        self._wire.commits.finish()
        self._model.check_balances(self._store)
        # Minutes pass in which nothing at all happens.
        if not self._scheduler.tasks and self._chance.random() < 0.3:
            self._time.advance(self._chance.choice((61, 200, 20_000)))

    def _conclude(self) -> None:
        """The service is down for a while, then all PBXs are dead; no store call fails any more."""
        self._model.check_everything(self._store)
        self._wire.detach_weather()
        for pbx in self._clients.pbxs:
            body = {"authenticationHash": CALLS, "pbx": pbx.name, "callIds": [*pbx.live]}
            self._finish(Sending(SYNC, json.dumps(body), pbx=pbx.name))
        self._time.advance(_SILENCE_S + 30)
        with self._model_of_calls.open_calls_survive():
            self._finish(Sending(SWEEP, ""))
        for _ in range(_SILENCE_S // 60 + 1):
            self._time.advance(60.5)
            self._finish(Sending(SWEEP, ""))
        self._model_of_calls.check_all_is_given_back()
        self._model.check_everything(self._store)

    def _finish(self, intent: Sending) -> None:
        self._start(intent)
        while self._scheduler.tasks:
            self._step(self._scheduler.awake()[0])


def run(seed: int, operations: int, endpoint: str) -> Result:
    """Runs one episode on the engine at `endpoint`. Raises Violation with the seed in its text, whatever goes wrong."""
    try:
        return PaidEpisode(seed, operations, endpoint, engine.client(endpoint)).run()
    except (Violation, Exception) as broken:
        replay = f"Replay: make simulate PAID=yes OPS={operations} SEED={seed}"
        raise Violation(f"seed {seed}: {type(broken).__name__}: {broken}\n{replay}") from broken
