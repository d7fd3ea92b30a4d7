"""Beginning a paid call: agents, tokens and the call itself are taken in one transaction."""

import calendar
from typing import NamedTuple

from paidline import clock, deadline
from paidline.domain import agents, wallets
from paidline.domain.agents import StatusChange
from paidline.domain.calls import terms
from paidline.domain.calls.terms import Parties, Terms, Wanted
from paidline.domain.fair_lock import FairLock
from paidline.domain.types import AgentStatus
from paidline.errors import InvalidRequest, RequestError, StoreUnavailable, Unauthorized
from paidline.store import agents as stored_agents
from paidline.store import calls, ledger, pbxs, transaction
from paidline.store import wallets as stored_wallets
from paidline.store.api_clients import ApiClient
from paidline.store.calls import Call, CallState, TakenAgent
from paidline.store.ledger import LedgerEntry
from paidline.store.transaction import Backoff, TransactionCancelled
from paidline.store.wallets import Wallet

# How long a call may stay open beyond ringing and talking: time for the PBX to report its end, and to try again.
_OVERTIME_S = 5 * 60


class NewCall(NamedTuple):
    """A call to begin: the PBX's id for it, what it wants, and the digest of the request's contents."""

    call_id: str
    pbx: str
    wanted: Wanted
    request_digest: str


class Begun(NamedTuple):
    """The call as it was when it began, and whether an earlier delivery of the request began it."""

    call: Call
    is_replay: bool


def begin(client: ApiClient, new: NewCall, *, handler: str, ip: str) -> Begun:
    """Begin a call, or return the one that an earlier delivery of the request has begun.

    The store calls of `terms.find_parties` and one TransactWriteItems; losing a race costs all of them again. A refusal
    or a repetition costs one TransactGetItems more, and a PBX's first call in this process one GetItem more.
    Raises the errors of `terms.find_parties`, then those of `terms.agree`. Raises InvalidRequest if the PBX has begun
    another call with the same id.
    """
    change = StatusChange(AgentStatus.IN_CONVERSATION, handler, ip)
    try:
        return Begun(_begin(client, new, change), is_replay=False)
    except Unauthorized:
        raise
    except (RequestError, _AlreadyBegun) as refusal:
        # A rejection may come from what an earlier delivery of the same request has taken.
        stored = calls.get_isolated(new.call_id, new.pbx)
        if stored is None:
            raise
        if stored.request_digest != new.request_digest:
            raise InvalidRequest("call_id_reused") from refusal
        if not client.may_use(stored.application_id):
            raise Unauthorized from refusal
        return Begun(stored, is_replay=stored.request_id != change.request_id)


class _AlreadyBegun(StoreUnavailable):
    """There is a call with this id."""


def _begin(client: ApiClient, new: NewCall, change: StatusChange) -> Call:
    backoff = Backoff()
    parties = terms.find_parties(client, new.wanted, change.ip)
    line = parties.agent.outbound_number if parties.sharing else parties.agent.ref
    with FairLock(line, parties.wallet.wallet_id) as lock:
        # True if it had to wait: what was read before is then out of date.
        if lock.acquire(deadline.remaining_s()):
            parties = terms.find_parties(client, new.wanted, change.ip)
        while True:
            agreed = terms.agree(parties, new.wanted)
            pbxs.register(new.pbx)
            taken = agents.changed_by(change, agreed.taken)
            call = _call(new, parties, agreed, [TakenAgent(a.ref, a.user_id, a.last_log_id) for a in taken], change)
            operations = [
                calls.create(call),
                *agents.change_operations(change, agreed.taken, taken),
                *(stored_agents.check_not_in(other, AgentStatus.IN_CONVERSATION) for other in agreed.others),
            ]
            if agreed.held:
                entry = _hold(parties.wallet, call, change)
                operations += [
                    stored_wallets.set_balance(parties.wallet, wallets.after_entry(parties.wallet, entry)),
                    ledger.append(entry),
                ]
            try:
                transaction.write(operations)
                return call
            except TransactionCancelled as cancelled:
                if cancelled.reasons[0].condition_failed:
                    raise _AlreadyBegun from cancelled
            backoff.wait()
            # Always read again: should an earlier delivery of this transaction commit after all, the call's own
            # condition stops the next one.
            parties = terms.find_parties(client, new.wanted, change.ip)


def _call(new: NewCall, parties: Parties, agreed: Terms, taken: list[TakenAgent], change: StatusChange) -> Call:
    agent, wallet, now = parties.agent, parties.wallet, clock.now()
    lasts_s = agent.dial_time_out + agreed.max_seconds + _OVERTIME_S
    return Call(
        call_id=new.call_id,
        pbx=new.pbx,
        state=CallState.OPEN,
        opened=clock.to_iso(now),
        deadline=calendar.timegm(now.utctimetuple()) + lasts_s,
        request_id=change.request_id,
        request_digest=new.request_digest,
        application_id=wallet.application_id,
        wallet_id=wallet.wallet_id,
        pin=wallet.pin,
        dialed_number=parties.dialed.dialed_number,
        inbound_number=new.wanted.inbound_number,
        billing_increments=parties.dialed.billing_increments,
        user_id=agent.user_id,
        ref=agent.ref,
        outbound_number=agent.outbound_number,
        dial_time_out=agent.dial_time_out,
        line_sharing=agent.line_sharing,
        tpm=agent.tpm,
        tokens=wallet.available - agreed.held,
        held=agreed.held,
        max_seconds=agreed.max_seconds,
        agents=tuple(taken),
    )


def _hold(wallet: Wallet, call: Call, change: StatusChange) -> LedgerEntry:
    return wallets.entry_for_call(wallet, call.call_id, "hold", change.handler, change.request_id, held=call.held)
