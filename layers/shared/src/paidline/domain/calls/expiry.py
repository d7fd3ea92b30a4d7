"""Calls that nobody ends: agents and tokens are given back, and the price is left to a late end or the operator."""

import os
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from paidline import clock, deadline, ids
from paidline.domain import wallets
from paidline.domain.calls import closing
from paidline.errors import StoreUnavailable
from paidline.store import calls, pbxs, transaction
from paidline.store.calls import Call, CallState, OpenCall, TakenAgent

# For the function, which leaves the store to the domain.
from paidline.store.dynamodb import prepare as prepare
from paidline.store.pbxs import Pbx
from paidline.store.transaction import Backoff, TransactionCancelled

# Expiring one call takes a few store calls. With less time left, a synchronisation leaves the rest to the next one.
_ENOUGH_S = 0.5

# The schedule is one minute. Two sweeps further apart mean that the service was down, and could not hear a PBX.
_LONGEST_GAP_S = 120


class Synchronised(NamedTuple):
    """How many calls of a PBX are open after a synchronisation, and how many have expired in it."""

    open: int
    expired: int


class Swept(NamedTuple):
    """How many calls a sweep has expired, and the errors of those that it could not expire."""

    expired: int
    failures: list[StoreUnavailable]


def synchronise(pbx: str, live: frozenset[str], *, handler: str, ip: str) -> Synchronised:
    """Note that a PBX is alive, and expire those of its open calls that are old enough and not among the live ones.

    One UpdateItem and one Query; for each call that expires two GetItems and one TransactWriteItems. What does not fit
    into the request's time is left to the next synchronisation.
    """
    pbxs.note_sync(pbx)
    old = _before(_setting_s("CALL_SYNC_GRACE_S"))
    dead = []
    open_calls = 0
    # All are counted before the first one expires: a long list would have no time left after many expiries.
    for found in calls.list_open(pbx):
        open_calls += 1
        if found.call_id not in live and found.opened < old:
            dead.append(found)
    expired = 0
    for found in dead:
        if deadline.remaining_s() <= _ENOUGH_S:
            break
        expired += expire(found, handler=handler, ip=ip)
        open_calls -= 1
    return Synchronised(open_calls, expired)


def sweep(remaining_ms: Callable[[], int], *, handler: str) -> Swept:
    """Expire calls whose time is over, and those of PBXs that have synchronised before and are silent for too long.

    `remaining_ms` is Lambda's: what does not fit is left to the next sweep. One UpdateItem (two after an outage), one
    Scan of the PBXs, one Query for each (two for a silent one), and for each call that expires two GetItems and one
    TransactWriteItems.
    """
    expired = 0
    failures = []
    for found in _overdue():
        if remaining_ms() < deadline.LAST_RESPONSE_S * 1000:
            break
        try:
            with deadline.start(remaining_ms()):
                expired += expire(found, handler=handler, ip="")
        except StoreUnavailable as failure:
            # One call that cannot be written must not keep all others open.
            failures.append(failure)
    return Swept(expired, failures)


def _overdue() -> Iterator[OpenCall]:
    silence_s = _setting_s("CALL_SYNC_SILENCE_S")
    sweeping_since = pbxs.note_sweep(_LONGEST_GAP_S)
    for pbx in pbxs.list_all():
        if _is_silent(pbx, sweeping_since, silence_s):
            # A PBX that comes back begins calls before it synchronises: those get as much time as any other.
            old = _before(silence_s)
            yield from (found for found in calls.list_open(pbx.name) if found.opened < old)
        yield from calls.list_open(pbx.name, until=int(time.time()))


def _is_silent(pbx: Pbx, sweeping_since: int, silence_s: int) -> bool:
    # After an outage, a PBX that lives needs as much time to synchronise as it has otherwise.
    return pbx.last_sync is not None and time.time() - max(pbx.last_sync, sweeping_since) > silence_s


def _setting_s(name: str) -> int:
    return int(os.environ[name])


def _before(seconds: int) -> str:
    moment: datetime = clock.now() - timedelta(seconds=seconds)
    return clock.to_iso(moment)


def expire(found: OpenCall, *, handler: str, ip: str) -> bool:
    """Expire an open call, and return whether it was still open.

    Two GetItems (one if the call holds nothing) and one TransactWriteItems; losing a race costs all of them again.
    """
    request = closing.Request(handler, ip, ids.new_request_id())
    backoff = Backoff()
    taken = None
    while True:
        call = calls.get(found.call_id, found.pbx)
        if call is None or call.state is not CallState.OPEN:
            return False
        taken = call.agents if taken is None else taken
        try:
            _write(call, taken, request)
            return True
        except TransactionCancelled as cancelled:
            taken = closing.still_taken(taken, list(cancelled.reasons[1 : 1 + 2 * len(taken)]))
        backoff.wait()


def _write(call: Call, taken: tuple[TakenAgent, ...], request: closing.Request) -> None:
    operations = [
        calls.replace(call, call._replace(state=CallState.EXPIRED, agents=())),
        *closing.give_back(taken, request),
    ]
    wallet = closing.find_wallet(call) if call.held else None
    if wallet:
        entry = wallets.entry_for_call(
            wallet, call.call_id, "release", request.handler, request.request_id, held=-call.held
        )
        operations += closing.movement(wallet, entry)
    transaction.write(operations)
