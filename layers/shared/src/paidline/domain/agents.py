"""Agents: who is free, and the changes of status, each with its row in the log."""

from collections.abc import Sequence

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

# How many agents can share a line: they change in one transaction, and each takes the status and a row of the log.
MAX_AGENTS_PER_LINE = transaction.MAX_OPERATIONS // 2


class StatusChange:
    """A change of status: to what, by which handler of the old plugin's naming, from which address."""

    def __init__(self, status: AgentStatus, handler: str, ip: str) -> None:
        """Name the request."""
        self.status = status
        self.handler = handler
        self.ip = ip
        self.request_id = ids.new_request_id()
        self._log_ids: dict[int, int] = {}

    def log_id_for(self, agent: Agent) -> int:
        """Make the id of the agent's log row, newer than all before.

        It stays the same from one attempt to the next wherever it can, so that an attempt whose answer was lost is
        found again under its id instead of being written twice.
        """
        log_id = self._log_ids.get(agent.user_id) or ids.new_id()
        self._log_ids[agent.user_id] = max(log_id, agent.last_log_id + 1)
        return self._log_ids[agent.user_id]


def find(ref: str) -> Agent:
    """Find an agent by ref, leading zeros aside. One GetItem. Raises RefNotFound."""
    agent = agents.get(ref)
    if agent is None:
        raise RefNotFound
    return agent


def parse_status(status: str) -> AgentStatus:
    """Read one of the four statuses, to the letter. Raises InvalidStatus."""
    if status not in AgentStatus.__members__.values():
        raise InvalidStatus
    return AgentStatus(status)


def list_status_log(ref: str, status: str | None, limit: int, before: int | None) -> list[StatusLogRow]:
    """List an agent's status log, newest first. One GetItem, one Query. Raises RefNotFound, then InvalidStatus."""
    agent = find(ref)
    wanted = None if status is None else parse_status(status)
    return status_log.list_newest(agent.ref, limit, before, wanted)


def update_status(ref: str, status: str, *, handler: str, ip: str) -> Agent:
    """Set one agent's status. One GetItem, one TransactWriteItems; a lost race costs both again.

    Raises RefNotFound, then InvalidStatus.
    """
    agent = find(ref)
    change = StatusChange(parse_status(status), handler, ip)
    backoff = Backoff()
    with FairLock(agent.ref) as lock:
        if lock.acquire(deadline.remaining_s()):
            agent = find(ref)
        while True:
            try:
                return _write([agent], change)[0]
            except TransactionCancelled as cancelled:
                lost_race = _lost_race([agent], change, cancelled)
            backoff.wait()
            # Only now, for what is read before a wait is old after it.
            if lost_race:
                agent = find(ref)


def update_status_of_line(outbound_number: str, status: str, *, handler: str, ip: str) -> Agent:
    """Set the status of all agents who share a line, and return the one with the lowest userId.

    One Query, one TransactWriteItems; a lost race costs another of the latter.
    Raises OutboundNumberNotFound, then InvalidStatus, then LineSharingNotEnabled, also where too many share the line.
    """
    on_line = _find_on_line(outbound_number)
    change = StatusChange(parse_status(status), handler, ip)
    backoff = Backoff()
    with FairLock(outbound_number) as lock:
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
                # The index may lag behind the table; what the transaction met there is newer as long as nobody waits.
                on_line = _current_agents(sharing, cancelled) if lost_race else sharing
            # At once, then: a rival who was faster has finished. One who still writes is given time.
            if lost_race:
                deadline.check(Contention)
            else:
                backoff.wait()


def _find_on_line(outbound_number: str) -> list[Agent]:
    on_line = agents.find_by_outbound_number(outbound_number)
    if not on_line:
        raise OutboundNumberNotFound
    return on_line


def _write(changing: Sequence[Agent], change: StatusChange) -> list[Agent]:
    now = clock.to_iso(clock.now())
    changed = [agent._replace(status=change.status, last_log_id=change.log_id_for(agent)) for agent in changing]
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
    try:
        transaction.write(operations)
    except TransactionCancelled as cancelled:
        if not transaction.was_already_written(cancelled, change.request_id):
            raise
    return changed


def _lost_race(read_agents: Sequence[Agent], change: StatusChange, cancelled: TransactionCancelled) -> bool:
    """Tell whether a rival changed the agents. If not, the same rows are tried again.

    A mere conflict, or an agent who has the row's id already, may be an earlier delivery of this very change: tried
    again, its rows show whose they are. Under new ids they would be written twice.
    """
    updates, rows = cancelled.reasons[::2], cancelled.reasons[1::2]
    for agent, update, row in zip(read_agents, updates, rows, strict=True):
        if _may_be_earlier_delivery(update, row, change.log_id_for(agent)):
            return False
    return any(reason.condition_failed for reason in cancelled.reasons)


def _may_be_earlier_delivery(update: CancellationReason, row: CancellationReason, log_id: int) -> bool:
    """Tell whether the row may stand there unseen: it is being written just now, or the agent has its id already."""
    is_changed = update.item is not None and Agent.from_item(update.item).last_log_id == log_id
    return row.in_conflict or (is_changed and not row.condition_failed)


def _current_agents(read_agents: Sequence[Agent], cancelled: TransactionCancelled) -> list[Agent]:
    """Take over what the cancelled transaction met: agents who were changed, and agents who are gone."""
    updates = cancelled.reasons[::2]
    present = []
    for agent, reason in zip(read_agents, updates, strict=True):
        if reason.item is not None:
            present.append(Agent.from_item(reason.item))
        elif not reason.condition_failed:
            present.append(agent)
    return present
