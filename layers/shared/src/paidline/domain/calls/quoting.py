"""What a paid call would get if it began now; nothing is changed."""

from typing import NamedTuple

from paidline.domain.calls import terms
from paidline.domain.calls.terms import Wanted
from paidline.store.agents import Agent
from paidline.store.api_clients import ApiClient
from paidline.store.wallets import Wallet


class Quote(NamedTuple):
    """The agent with the price, the wallet with what is available, and the seconds of talk that it pays for."""

    agent: Agent
    wallet: Wallet
    billing_increments: str
    max_seconds: int


def quote(client: ApiClient, wanted: Wanted, *, ip: str) -> Quote:
    """Return what a call would get. Makes the store calls of `terms.find_parties`, and raises the errors of `begin`."""
    parties = terms.find_parties(client, wanted, ip)
    agreed = terms.agree(parties, wanted)
    return Quote(parties.agent, parties.wallet, parties.dialed.billing_increments, agreed.max_seconds)
