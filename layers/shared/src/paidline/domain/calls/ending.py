"""Ending a paid call: what was held is charged or released, the agents are freed, and the call session is written."""

from typing import NamedTuple

from paidline import clock, deadline, ids
from paidline.domain import wallets
from paidline.domain.calls import closing
from paidline.domain.calls.prices import Increments, price
from paidline.domain.fair_lock import FairLock
from paidline.domain.types import DialStatus
from paidline.errors import InvalidDialStatus, InvalidRequest, Unauthorized, UnknownCall
from paidline.store import call_sessions, calls, transaction
from paidline.store.api_clients import ApiClient
from paidline.store.call_sessions import CallSession
from paidline.store.calls import Call, CallState, Ending
from paidline.store.ledger import LedgerEntry
from paidline.store.transaction import Backoff, TransactionCancelled
from paidline.store.wallets import Wallet


class Report(NamedTuple):
    """The end of a call as the PBX reports it.

    Times are naive and local, or None if the PBX leaves them to the service; `duration` is in billable seconds.
    """

    call_id: str
    pbx: str
    dial_status: str
    duration: int
    start_time: str | None
    end_time: str | None
    request_digest: str


class Ended(NamedTuple):
    """The call with its ending, its call session, and whether an earlier delivery of the request ended it."""

    call: Call
    ending: Ending
    is_replay: bool

    @property
    def session(self) -> CallSession:
        """The call session that was written."""
        return _session(self.call, self.ending)


def end(client: ApiClient, report: Report, *, handler: str, ip: str) -> Ended:
    """End a call, or return how an earlier delivery of the request ended it.

    Two GetItems and one TransactWriteItems; losing a race costs all of them again.
    A repetition costs one GetItem.
    Raises UnknownCall, Unauthorized if the client may not use the application, InvalidRequest if the call was ended
    with other contents, or InvalidDialStatus.
    """
    request = closing.Request(handler, ip, ids.request_id())
    call = find(report.call_id, report.pbx)
    if not client.may_use(call.application_id):
        raise Unauthorized
    return settle(call, report, request)


def find(call_id: str, pbx: str) -> Call:
    """Find a call. One GetItem; if that finds nothing, one TransactGetItems, because its begin may be committing.

    Raises UnknownCall.
    """
    call = calls.get(call_id, pbx) or calls.get_isolated(call_id, pbx)
    if call is None:
        raise UnknownCall
    return call


def settle(call: Call, report: Report, request: closing.Request) -> Ended:
    """End a call that was found, or return how an earlier delivery of the report ended it.

    One GetItem and one TransactWriteItems; losing a race costs another GetItem and both again.
    Raises InvalidRequest if the call was ended with other contents, or InvalidDialStatus.
    """
    with FairLock(call.wallet_id) as lock:
        # True if it had to wait: what was read before is then out of date.
        if lock.acquire(deadline.remaining_s()):
            call = find(report.call_id, report.pbx)
        return _end(call, report, request)


def _end(call: Call, report: Report, request: closing.Request) -> Ended:
    backoff = Backoff()
    taken = call.agents
    while True:
        if call.ending:
            return _already_ended(call, call.ending, report, request)
        if report.dial_status not in DialStatus.__members__:
            raise InvalidDialStatus
        # Those who left the call's hands during this request do not come back to it.
        taken = tuple(agent for agent in taken if agent in call.agents)
        wallet = closing.find_wallet(call)
        ending = _ending(call, report, wallet, request)
        ended = call._replace(state=CallState.ENDED, ending=ending)
        operations = [
            calls.replace(call, ended),
            call_sessions.create(_session(ended, ending)),
            *closing.give_back(taken, request),
        ]
        entry = _entry(call, ending, wallet, request)
        if wallet and entry:
            operations += closing.movement(wallet, entry)
        try:
            transaction.write(operations)
            return Ended(ended, ending, is_replay=False)
        except TransactionCancelled as cancelled:
            taken = closing.still_taken(taken, list(cancelled.reasons[2 : 2 + 2 * len(taken)]))
        backoff.wait()
        call = find(report.call_id, report.pbx)


def _already_ended(call: Call, ending: Ending, report: Report, request: closing.Request) -> Ended:
    if ending.request_digest != report.request_digest:
        raise InvalidRequest("call_already_ended")
    return Ended(call, ending, is_replay=ending.request_id != request.request_id)


def _ending(call: Call, report: Report, wallet: Wallet | None, request: closing.Request) -> Ending:
    owed = price(report.duration, call.tpm, Increments.parse(call.billing_increments))
    # An expired call holds nothing any more: then what is available pays.
    is_open = call.state is CallState.OPEN
    free = wallet.available if wallet else 0
    charged = min(owed, (call.held if is_open else free) if wallet else 0)
    start = report.start_time or clock.to_local(call.opened)
    end = report.end_time or clock.to_local(clock.to_iso(clock.now()))
    return Ending(
        request_id=request.request_id,
        request_digest=report.request_digest,
        session_id=ids.new_id(),
        dial_status=DialStatus(report.dial_status).lower(),
        duration=report.duration,
        # The PBX's clock and ours may differ, and a time that it leaves to us must not contradict its own.
        start_time=start if report.start_time else min(start, end),
        end_time=end if report.end_time else max(start, end),
        tokens_charged=charged,
        uncollected_tokens=owed - charged,
        tokens=free + (call.held if is_open and wallet else 0) - charged,
        operator=request.operator,
        reason=request.reason,
    )


def _entry(call: Call, ending: Ending, wallet: Wallet | None, request: closing.Request) -> LedgerEntry | None:
    """Return the ledger entry of a call's end, if it moves anything."""
    held = -call.held if call.state is CallState.OPEN else 0
    if wallet is None or not (held or ending.tokens_charged):
        return None
    entry = wallets.entry_for_call(
        wallet,
        call.call_id,
        "charge" if ending.tokens_charged else "release",
        request.handler,
        request.request_id,
        amount=-ending.tokens_charged,
        held=held,
    )
    return entry._replace(operator=request.operator, reason=request.reason)


def _session(call: Call, ending: Ending) -> CallSession:
    return CallSession(
        id=ending.session_id,
        ref=call.ref,
        user_id=call.user_id,
        dialed_number=call.dialed_number,
        inbound_number=call.inbound_number,
        outbound_number=call.outbound_number,
        dial_status=ending.dial_status,
        duration=ending.duration,
        start_time=ending.start_time,
        end_time=ending.end_time,
        tpm=call.tpm,
        created=clock.to_iso(clock.now()),
        request_id=ending.request_id,
        tokens_charged=ending.tokens_charged,
    )
