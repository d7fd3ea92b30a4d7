"""What ending and expiring a call have in common: agents and tokens are given back in one transaction."""

from typing import TYPE_CHECKING, NamedTuple

from paidline import clock, ids
from paidline.domain import wallets
from paidline.domain.types import AgentStatus
from paidline.store import agents, ledger, status_log
from paidline.store import wallets as stored_wallets
from paidline.store.calls import Call, TakenAgent
from paidline.store.ledger import LedgerEntry
from paidline.store.status_log import StatusLogRow
from paidline.store.transaction import CancellationReason
from paidline.store.wallets import Wallet

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef


class Request(NamedTuple):
    """Who closes a call: the endpoint, the caller's IP address for the status log, and the request's id.

    A command has an `operator`, who gives the `reason` for closing it.
    """

    handler: str
    ip: str
    request_id: str
    operator: str = ""
    reason: str = ""


def give_back(taken: tuple[TakenAgent, ...], request: Request) -> "list[TransactWriteItemTypeDef]":
    """Return the operations that set agents online again, two for each, provided the call still has them."""
    now = clock.to_iso(clock.now())
    operations: list[TransactWriteItemTypeDef] = []
    for agent in taken:
        row = StatusLogRow(
            id=max(ids.new_id(), agent.log_id + 1),
            user_id=agent.user_id,
            ref=agent.ref,
            created=now,
            status=AgentStatus.ONLINE,
            handler=request.handler,
            ip=request.ip,
            request_id=request.request_id,
        )
        operations += [
            agents.replace_status(agent.ref, agent.log_id, AgentStatus.ONLINE, row.id, now),
            status_log.append(row),
        ]
    return operations


def still_taken(taken: tuple[TakenAgent, ...], reasons: list[CancellationReason]) -> tuple[TakenAgent, ...]:
    """Return the agents whom the call still has: not those who have chosen a status themselves, or who are gone.

    `reasons` are those of the operations of `give_back` in a cancelled transaction.
    """
    return tuple(agent for agent, update in zip(taken, reasons[::2], strict=True) if not update.condition_failed)


def find_wallet(call: Call) -> Wallet | None:
    """Read a call's wallet. One GetItem. None if an operator has given it another PIN since the hold was released."""
    wallet = stored_wallets.get_by_pin(call.application_id, call.pin)
    return wallet if wallet and wallet.wallet_id == call.wallet_id else None


def movement(wallet: Wallet, entry: LedgerEntry) -> "list[TransactWriteItemTypeDef]":
    """Return the two operations that write a ledger entry."""
    return [stored_wallets.set_balance(wallet, wallets.after_entry(wallet, entry)), ledger.append(entry)]
