"""Agents and their status; every status change adds a row to the status log."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from paidline import clock, deadline, ids
from paidline.domain.fair_lock import FairLock
from paidline.domain.types import AgentStatus
from paidline.errors import (
    Contention,
    InvalidStatus,
    LineSharingNotEnabled,
    OutboundNumberNotFound,
    RefNotFound,
    TooManyOnLine,
)
from paidline.store import agents, status_log, transaction
from paidline.store.agents import Agent
from paidline.store.status_log import StatusLogRow
from paidline.store.transaction import Backoff, CancellationReason, TransactionCancelled

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

# All agents on a line change in one transaction, with two operations each: the status and a row of the log.
MAX_AGENTS_PER_LINE = transaction.MAX_OPERATIONS // 2


class StatusChange:
    """A change of status, with the handler's name in the old plugin and the caller's IP address for the log."""

    def __init__(self, status: AgentStatus, handler: str, ip: str) -> None:
        self.status = status
        self.handler = handler
        self.ip = ip
        self.request_id = ids.request_id()
        self._log_ids: dict[int, int] = {}

    def log_id_for(self, agent: Agent) -> int:
        """Return the id for the agent's log row, higher than all ids before it.

        The id stays the same across attempts if possible, so that a retry after a lost response finds the row it has
        already written instead of writing a second one.
        """
        log_id = self._log_ids.get(agent.user_id) or ids.new_id()
        self._log_ids[agent.user_id] = max(log_id, agent.last_log_id + 1)
        return self._log_ids[agent.user_id]


def find(ref: str) -> Agent:
    """Find an agent by ref, ignoring leading zeros. One GetItem. Raises RefNotFound."""
    agent = agents.get(ref)
    if agent is None:
        raise RefNotFound
    return agent


def parse_status(status: str) -> AgentStatus:
    """Parse one of the four statuses, case-sensitive. Raises InvalidStatus."""
    if status not in AgentStatus.__members__.values():
        raise InvalidStatus
    return AgentStatus(status)


def list_status_log(ref: str, status: str | None, limit: int, before: int | None) -> list[StatusLogRow]:
    """List an agent's status log, newest first. One GetItem, one Query. Raises RefNotFound, then InvalidStatus."""
    agent = find(ref)
    wanted = None if status is None else parse_status(status)
    return status_log.list_newest(agent.ref, limit, before, wanted)


def update_status(ref: str, status: str, *, handler: str, ip: str) -> Agent:
    """Set one agent's status. One GetItem, one TransactWriteItems; losing a race costs both again.

    Raises RefNotFound, then InvalidStatus.
    """
    agent = find(ref)
    change = StatusChange(parse_status(status), handler, ip)
    backoff = Backoff()
    with FairLock(agent.ref) as lock:
        # True if it had to wait: what was read before is then out of date.
        if lock.acquire(deadline.remaining_s()):
            agent = find(ref)
        while True:
            try:
                return _write([agent], change)[0]
            except TransactionCancelled as cancelled:
                lost_race = _lost_race([agent], change, cancelled)
            backoff.wait()
            # After the pause, not before it, so that the agent is read as late as possible.
            if lost_race:
                agent = find(ref)


def update_status_of_line(outbound_number: str, status: str, *, handler: str, ip: str) -> Agent:
    """Set the status of all agents who share a line, and return the one with the lowest userId.

    One Query, one TransactWriteItems; losing a race costs another TransactWriteItems.
    Raises OutboundNumberNotFound, then InvalidStatus, then LineSharingNotEnabled or TooManyOnLine.
    """
    on_line = _find_on_line(outbound_number)
    change = StatusChange(parse_status(status), handler, ip)
    backoff = Backoff()
    with FairLock(outbound_number) as lock:
        # True if it had to wait: what was read before is then out of date.
        if lock.acquire(deadline.remaining_s()):
            on_line = _find_on_line(outbound_number)
        while True:
            sharing = [agent for agent in on_line if agent.line_sharing and agent.outbound_number == outbound_number]
            if not sharing:
                raise LineSharingNotEnabled
            if len(sharing) > MAX_AGENTS_PER_LINE:
                raise TooManyOnLine
            try:
                return _write(sharing, change)[0]
            except TransactionCancelled as cancelled:
                lost_race = _lost_race(sharing, change, cancelled)
                # The index may lag behind the table. The items in the cancellation reasons are newer.
                on_line = _current_agents(sharing, cancelled) if lost_race else sharing
            # A rival that won the race has finished, so retry at once. On a conflict it is still writing, so wait.
            if lost_race:
                deadline.pause(0, Contention)
            else:
                backoff.wait()


def _find_on_line(outbound_number: str) -> list[Agent]:
    on_line = agents.find_by_outbound_number(outbound_number)
    if not on_line:
        raise OutboundNumberNotFound
    return on_line


def changed_by(change: StatusChange, changing: Sequence[Agent]) -> list[Agent]:
    """Return the agents as they are after a change."""
    return [agent._replace(status=change.status, last_log_id=change.log_id_for(agent)) for agent in changing]


def change_operations(
    change: StatusChange, changing: Sequence[Agent], changed: Sequence[Agent]
) -> "list[TransactWriteItemTypeDef]":
    """Return the operations that change agents' statuses, two for each: the agent and a row of the status log."""
    now = clock.to_iso(clock.now())
    operations = []
    for before, after in zip(changing, changed, strict=True):
        row = StatusLogRow(
            id=after.last_log_id,
            user_id=after.user_id,
            ref=after.ref,
            created=now,
            status=change.status,
            handler=change.handler,
            ip=change.ip,
            request_id=change.request_id,
        )
        operations += [agents.set_status(before, change.status, after.last_log_id, now), status_log.append(row)]
    return operations


def _write(changing: Sequence[Agent], change: StatusChange) -> list[Agent]:
    changed = changed_by(change, changing)
    operations = change_operations(change, changing, changed)
    try:
        transaction.write(operations)
    except TransactionCancelled as cancelled:
        if not transaction.was_already_written(cancelled, change.request_id):
            raise
    return changed


def _lost_race(read_agents: Sequence[Agent], change: StatusChange, cancelled: TransactionCancelled) -> bool:
    """Return whether another request changed the agents first. If not, the same rows are tried again.

    A conflict, or an agent that already has the row's id, may be caused by an earlier delivery of this same change.
    Trying the same rows again reveals that; with new ids they would be written twice.
    """
    updates, rows = cancelled.reasons[::2], cancelled.reasons[1::2]
    for agent, update, row in zip(read_agents, updates, rows, strict=True):
        if _may_be_earlier_delivery(update, row, change.log_id_for(agent)):
            return False
    return any(reason.condition_failed for reason in cancelled.reasons)


def _may_be_earlier_delivery(update: CancellationReason, row: CancellationReason, log_id: int) -> bool:
    """Return whether an earlier delivery may have written the row: undecided so far, or the agent has its id."""
    is_changed = update.item is not None and Agent.from_item(update.item).last_log_id == log_id
    return row.undecided or (is_changed and not row.condition_failed)


def _current_agents(read_agents: Sequence[Agent], cancelled: TransactionCancelled) -> list[Agent]:
    """Update the agents from the cancelled transaction, which returned changed agents and shows deleted ones."""
    updates = cancelled.reasons[::2]
    present = []
    for agent, reason in zip(read_agents, updates, strict=True):
        if reason.item is not None:
            present.append(Agent.from_item(reason.item))
        elif not reason.condition_failed:
            present.append(agent)
    return present
