"""Call sessions: records of calls that have ended."""

from collections.abc import Callable
from typing import NamedTuple

from paidline import clock, ids
from paidline.domain import agents
from paidline.domain.idempotency import Key, KeyAlreadyUsed, Outcome, once
from paidline.domain.types import DialStatus
from paidline.errors import DialedNumberNotFound, InvalidDialStatus
from paidline.store import call_sessions, dialed_numbers, idempotency_keys, transaction
from paidline.store.agents import Agent
from paidline.store.call_sessions import CallSession
from paidline.store.transaction import Backoff, TransactionCancelled


class Call(NamedTuple):
    """A call as the PBX reports it. Times are naive and local, `duration` is in seconds."""

    ref: str
    dialed_number: str
    inbound_number: str
    outbound_number: str
    dial_status: str
    duration: int
    start_time: str
    end_time: str


def record(call: Call, *, key: Key | None, render: Callable[[CallSession], str]) -> Outcome:
    """Record a call at the agent's current price.

    One GetItem and one TransactWriteItems, plus one GetItem if the dialed number is not cached.
    Raises RefNotFound, then DialedNumberNotFound, then InvalidDialStatus.
    """
    return once(key, lambda: _record(call, key, render))


def _record(call: Call, key: Key | None, render: Callable[[CallSession], str]) -> str:
    agent = agents.find(call.ref)
    if dialed_numbers.find(call.dialed_number) is None:
        raise DialedNumberNotFound
    if call.dial_status not in DialStatus.__members__:
        raise InvalidDialStatus
    backoff = Backoff()
    session = _new_session(call, agent)
    while True:
        body = render(session)
        operations = [call_sessions.create(session)]
        if key:
            operations.append(idempotency_keys.use(key.digest, key.request_digest, body))
        try:
            transaction.write(operations)
            return body
        except TransactionCancelled as cancelled:
            if transaction.was_already_written(cancelled, session.request_id):
                return body
            if key and cancelled.reasons[1].condition_failed:
                raise KeyAlreadyUsed from cancelled
            if cancelled.reasons[0].condition_failed:
                session = session._replace(id=ids.new_id())
        backoff.wait()


def _new_session(call: Call, agent: Agent) -> CallSession:
    return CallSession(
        id=ids.new_id(),
        ref=agent.ref,
        user_id=agent.user_id,
        dialed_number=call.dialed_number,
        inbound_number=call.inbound_number,
        outbound_number=call.outbound_number,
        dial_status=DialStatus(call.dial_status).lower(),
        duration=call.duration,
        start_time=call.start_time,
        end_time=call.end_time,
        tpm=agent.tpm,
        created=clock.to_iso(clock.now()),
        request_id=ids.request_id(),
    )
