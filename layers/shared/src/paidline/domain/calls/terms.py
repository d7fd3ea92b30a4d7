"""What a paid call needs, and whether it can have it: the checks that begin and quote share, in their order."""

import os
from typing import NamedTuple

from paidline.domain import agents, wallets
from paidline.domain.calls.prices import Increments, affordable, price
from paidline.domain.types import AgentStatus, Pin, is_withheld
from paidline.errors import (
    AgentUnavailable,
    DialedNumberNotFound,
    InsufficientTokens,
    LineBusy,
    RefNotFound,
    TooManyOnCallLine,
    Unauthorized,
    UnknownInboundNumber,
    WalletBlocked,
)
from paidline.store import agents as stored_agents
from paidline.store import batch, dialed_numbers, transaction
from paidline.store import wallets as stored_wallets
from paidline.store.agents import Agent
from paidline.store.api_clients import ApiClient
from paidline.store.dialed_numbers import DialedNumber
from paidline.store.wallets import Wallet

# How long a call may last if the PBX does not say: four hours.
MAX_SECONDS = 4 * 60 * 60

# Call, call session, wallet and ledger entry; the rest of a transaction is for agents, with two operations each.
_OTHER_OPERATIONS = 4
MAX_AGENTS_PER_CALL = (transaction.MAX_OPERATIONS - _OTHER_OPERATIONS) // 2


class Wanted(NamedTuple):
    """Who wants to talk to whom, and for how long at most. The wallet is found by the PIN if there is one."""

    dialed_number: str
    ref: str
    inbound_number: str
    pin: Pin | None
    max_seconds: int


class Parties(NamedTuple):
    """What a call concerns, as it was read: `sharing` are the other agents who share the agent's line."""

    agent: Agent
    dialed: DialedNumber
    wallet: Wallet
    sharing: list[Agent]


class Terms(NamedTuple):
    """What a call gets: the agents whom it takes, those who have to stay as they are, tokens and time."""

    taken: list[Agent]
    others: list[Agent]
    held: int
    max_seconds: int


def find_parties(client: ApiClient, wanted: Wanted, ip: str) -> Parties:
    """Read what a call concerns. `ip` is the address that the request came from; see `pin_guessing`.

    One GetItem and one Query, or one BatchGetItem and one GetItem to find the wallet by the caller's number, plus one
    Query for a shared line and one GetItem if the dialed number is not cached.
    Raises RefNotFound, then DialedNumberNotFound, then Unauthorized if the client may not use the application, then the
    errors of finding a wallet.
    """
    dialed = dialed_numbers.find(wanted.dialed_number)
    if dialed is None or not client.may_use(dialed.application_id):
        agents.find(wanted.ref)
        raise DialedNumberNotFound if dialed is None else Unauthorized
    if wanted.pin is None:
        agent, wallet = _by_inbound_number(dialed, wanted)
    else:
        agent = agents.find(wanted.ref)
        wallet = wallets.find_by_pin(client, wanted.dialed_number, wanted.pin, ip).wallet
    return Parties(agent, dialed, wallet, _sharing_with(agent))


def _by_inbound_number(dialed: DialedNumber, wanted: Wanted) -> tuple[Agent, Wallet]:
    if is_withheld(wanted.inbound_number):
        agents.find(wanted.ref)
        raise UnknownInboundNumber
    item, pointer = batch.get_all(
        batch.Key(os.environ["AGENTS_TABLE"], stored_agents.key(wanted.ref)),
        batch.Key(
            os.environ["WALLETS_TABLE"], stored_wallets.pointer_key(dialed.application_id, wanted.inbound_number)
        ),
    )
    if item is None:
        raise RefNotFound
    wallet = stored_wallets.get_by_pointer(dialed.application_id, pointer) if pointer else None
    if wallet is None:
        raise UnknownInboundNumber
    return Agent.from_item(item), wallet


def _sharing_with(agent: Agent) -> list[Agent]:
    if not (agent.line_sharing and agent.outbound_number):
        return []
    on_line = stored_agents.find_by_outbound_number(agent.outbound_number)
    return [other for other in on_line if other.line_sharing and other.user_id != agent.user_id]


def agree(parties: Parties, wanted: Wanted) -> Terms:
    """Return what a call gets. One GetItem for each agent on the line who seems to be in a conversation; else no read.

    Raises WalletBlocked, then InsufficientTokens, then AgentUnavailable, then LineBusy or TooManyOnCallLine.
    """
    held, max_seconds = _hold(parties, wanted)
    if parties.agent.status != AgentStatus.ONLINE:
        raise AgentUnavailable
    sharing = [_confirmed(other) if other.status == AgentStatus.IN_CONVERSATION else other for other in parties.sharing]
    if len(sharing) >= MAX_AGENTS_PER_CALL:
        raise TooManyOnCallLine
    taken = [other for other in sharing if other.status == AgentStatus.ONLINE]
    others = [other for other in sharing if other.status != AgentStatus.ONLINE]
    return Terms([parties.agent, *taken], others, held, max_seconds)


def _hold(parties: Parties, wanted: Wanted) -> tuple[int, int]:
    """Return the tokens to hold, and the seconds of talk that they pay for."""
    wallet, tpm = parties.wallet, parties.agent.tpm
    if wallet.blocked:
        raise WalletBlocked
    if tpm == 0:
        return 0, wanted.max_seconds
    increments = Increments.parse(parties.dialed.billing_increments)
    seconds = affordable(wallet.available, tpm, increments)
    if seconds == 0:
        raise InsufficientTokens
    return min(wallet.available, price(wanted.max_seconds, tpm, increments)), min(wanted.max_seconds, seconds)


def _confirmed(other: Agent) -> Agent:
    """Read an agent again whom the line index shows in a conversation, because the index may lag behind.

    Raises LineBusy if the agent is.
    """
    now = stored_agents.get(other.ref)
    if now is None:
        return other._replace(status=AgentStatus.OFFLINE)
    if not now.line_sharing or now.outbound_number != other.outbound_number:
        return now._replace(status=AgentStatus.OFFLINE)
    if now.status == AgentStatus.IN_CONVERSATION:
        raise LineBusy
    return now
