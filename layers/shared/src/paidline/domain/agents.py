"""Agents: who is free, and the changes of status, each with its row in the log."""

from collections.abc import Sequence

from paidline import clock, deadline, ids
from paidline.domain.turns import Turn
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
MAX_ON_A_LINE = transaction.MOST_OPERATIONS // 2


class Change:
    """A change of status: to what, by which handler of the old plugin's naming, from which address."""

    def __init__(self, status: AgentStatus, handler: str, ip: str) -> None:
        """Name the request."""
        self.status = status
        self.handler = handler
        self.ip = ip
        self.request_id = ids.new_request_id()
        self._log_ids: dict[int, int] = {}

    def log_id(self, agent: Agent) -> int:
        """Make the id of the agent's log row, newer than all before.

        It stays the same from one attempt to the next wherever it can, so that an attempt whose answer was lost is
        found again under its id instead of being written twice.
        """
        made = self._log_ids.get(agent.user_id) or ids.new_id()
        self._log_ids[agent.user_id] = max(made, agent.last_log_id + 1)
        return self._log_ids[agent.user_id]


def find(ref: str) -> Agent:
    """Find an agent by ref, leading zeros aside. One GetItem. Raises RefNotFound."""
    agent = agents.get(ref)
    if agent is None:
        raise RefNotFound
    return agent


def read_status(status: str) -> AgentStatus:
    """Read one of the four statuses, to the letter. Raises InvalidStatus."""
    if status not in AgentStatus.__members__.values():
        raise InvalidStatus
    return AgentStatus(status)


def status_log_of(ref: str, status: str | None, limit: int, before: int | None) -> list[StatusLogRow]:
    """List an agent's status log, newest first. One GetItem, one Query. Raises RefNotFound, then InvalidStatus."""
    agent = find(ref)
    wanted = None if status is None else read_status(status)
    return status_log.newest(agent.ref, limit, before, wanted)


def update_status(ref: str, status: str, *, handler: str, ip: str) -> Agent:
    """Set one agent's status. One GetItem, one TransactWriteItems; a lost race costs both again.

    Raises RefNotFound, then InvalidStatus.
    """
    agent = find(ref)
    change = Change(read_status(status), handler, ip)
    backoff = Backoff()
    with Turn(agent.ref) as turn:
        if turn.wait(deadline.left_s()):
            agent = find(ref)
        while True:
            try:
                return _write([agent], change)[0]
            except TransactionCancelled as cancelled:
                was_overtaken = _was_overtaken([agent], change, cancelled)
            backoff.wait()
            # Only now, for what is read before a wait is old after it.
            if was_overtaken:
                agent = find(ref)


def update_status_of_line(outbound_number: str, status: str, *, handler: str, ip: str) -> Agent:
    """Set the status of all agents who share a line, and return the one with the lowest userId.

    One Query, one TransactWriteItems; a lost race costs another of the latter.
    Raises OutboundNumberNotFound, then InvalidStatus, then LineSharingNotEnabled, also where too many share the line.
    """
    on_line = _on_line(outbound_number)
    change = Change(read_status(status), handler, ip)
    backoff = Backoff()
    with Turn(outbound_number) as turn:
        if turn.wait(deadline.left_s()):
            on_line = _on_line(outbound_number)
        while True:
            sharing = [agent for agent in on_line if agent.line_sharing and agent.outbound_number == outbound_number]
            if not sharing:
                raise LineSharingNotEnabled
            if len(sharing) > MAX_ON_A_LINE:
                raise TooManyOnLine
            try:
                return _write(sharing, change)[0]
            except TransactionCancelled as cancelled:
                was_overtaken = _was_overtaken(sharing, change, cancelled)
                # The index may lag behind the table; what the transaction met there is newer as long as nobody waits.
                on_line = _as_they_are_now(sharing, cancelled) if was_overtaken else sharing
            # At once, then: a rival who was faster has finished. One who still writes is given time.
            if was_overtaken:
                deadline.check(Contention)
            else:
                backoff.wait()


def _on_line(outbound_number: str) -> list[Agent]:
    on_line = agents.with_outbound_number(outbound_number)
    if not on_line:
        raise OutboundNumberNotFound
    return on_line


def _write(changing: Sequence[Agent], change: Change) -> list[Agent]:
    now = clock.to_iso(clock.now())
    changed = [agent._replace(status=change.status, last_log_id=change.log_id(agent)) for agent in changing]
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


def _was_overtaken(agents_read: Sequence[Agent], change: Change, cancelled: TransactionCancelled) -> bool:
    """Tell whether a rival changed the agents. If not, the same rows are tried again.

    A mere conflict, or an agent who has the row's id already, may be an earlier delivery of this very change: tried
    again, its rows show whose they are. Under new ids they would be written twice.
    """
    updates, rows = cancelled.reasons[::2], cancelled.reasons[1::2]
    for agent, update, row in zip(agents_read, updates, rows, strict=True):
        if _may_be_ours(update, row, change.log_id(agent)):
            return False
    return any(reason.failed for reason in cancelled.reasons)


def _may_be_ours(update: CancellationReason, row: CancellationReason, log_id: int) -> bool:
    """Tell whether the row may stand there unseen: it is being written just now, or the agent has its id already."""
    is_changed = update.item is not None and Agent.from_item(update.item).last_log_id == log_id
    return row.in_conflict or (is_changed and not row.failed)


def _as_they_are_now(agents_read: Sequence[Agent], cancelled: TransactionCancelled) -> list[Agent]:
    """Take over what the cancelled transaction met: agents who were changed, and agents who are gone."""
    updates = cancelled.reasons[::2]
    present = []
    for agent, reason in zip(agents_read, updates, strict=True):
        if reason.item is not None:
            present.append(Agent.from_item(reason.item))
        elif not reason.failed:
            present.append(agent)
    return present
