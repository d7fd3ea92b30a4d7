"""The status log: rows as `getStatusLog` answers them. A row never changes, so one that differs is a clash."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, ValidationInfo

from admin.importing import times
from admin.importing.kind import Change, Entry, Target, pages
from admin.importing.sources import Values
from admin.importing.staging import Record, Reject, Staging
from paidline import ids
from paidline.domain.types import AgentStatus, Ref, RowId
from paidline.management.values import Model, ShownText, UserId
from paidline.store import agents, status_log
from paidline.store.agents import Agent
from paidline.store.status_log import StatusLogRow

REQUIRED = (("id",), ("ref",), ("creationDate",), ("status",))
FIELDS = ("id", "userId", "ref", "creationDate", "status", "handler", "ip")


def _time(value: object, info: ValidationInfo) -> str:
    stored = times.to_stored(value, (info.context or {})["zone"]) if isinstance(value, str) else ""
    if not stored:
        raise ValueError("not a time")
    return stored


class _Row(Model):
    id: RowId
    ref: Ref
    creation_date: Annotated[str, BeforeValidator(_time)]
    status: AgentStatus
    user_id: UserId | None = None
    handler: ShownText = ""
    ip: ShownText = ""


def check(values: Values, zone: ZoneInfo) -> Entry:
    """Check a row by itself. Raises ValidationError."""
    row = _Row.model_validate(values, context={"zone": zone})
    record: Record = {
        "id": row.id,
        "ref": row.ref,
        "created": row.creation_date,
        "status": row.status.value,
        "handler": row.handler,
        "ip": row.ip,
        "user_id": row.user_id,
    }
    # Padded, so that the rows of an agent come in the order of their ids.
    return Entry(f"{agents.ref_key(row.ref)} {row.id:016}", record, {})


def stored_agents(target: Target) -> dict[str, Agent]:
    """Return all agents by `agents.ref_key`. One Scan per megabyte."""
    return {item["refKey"]["S"]: Agent.from_item(item) for item in pages(target, os.environ["AGENTS_TABLE"])}


def plan(staging: Staging, target: Target) -> Iterator[Change | Reject | None]:
    """Compare all rows with what is stored, in the order of agents and ids. None for a row that is stored already.

    What is stored is read beside what is staged: one Query per agent and megabyte.
    """
    of_refs = stored_agents(target)
    # Rows that the service writes get ids from the clock, and have to come after all rows that are imported.
    first_new_id = ids.new_id()
    for key, rows in itertools.groupby(staging.by_identity(), key=lambda found: agents.ref_key(found[1]["ref"])):
        agent = of_refs.get(key)
        if agent is None:
            yield from (Reject(row, "ref", "no agent with this ref is stored") for row, _ in rows)
            continue
        first = next(rows)
        stored = _stored(agent, first[1]["id"], target)
        present = next(stored, None)
        for number, record in itertools.chain([first], rows):
            while present and present.id < record["id"]:
                present = next(stored, None)
            if record["id"] >= first_new_id:
                yield Reject(number, "id", "is not below the ids that the service gives to new rows")
            elif record["user_id"] not in (None, agent.user_id):
                yield Reject(number, "userId", f"the agent with this ref has userId {agent.user_id}")
            else:
                yield _compare(number, _to_row(record, agent, target.request_id), present)


def _compare(number: int, wanted: StatusLogRow, present: StatusLogRow | None) -> Change | Reject | None:
    if present is None or present.id != wanted.id:
        return Change(number, f"row {wanted.id}", {}, {}, [status_log.append(wanted)])
    if present == wanted._replace(request_id=present.request_id, ref=present.ref):
        return None
    return Reject(number, "id", "another row with this id is stored")


def _stored(agent: Agent, first_id: int, target: Target) -> Iterator[StatusLogRow]:
    paginator = target.client.get_paginator("query")
    found = paginator.paginate(
        TableName=os.environ["STATUS_LOG_TABLE"],
        KeyConditionExpression="refKey = :ref AND id >= :first",
        ExpressionAttributeValues={":ref": {"S": agents.ref_key(agent.ref)}, ":first": {"N": str(first_id)}},
        ConsistentRead=True,
    )
    return (StatusLogRow.from_item(item) for page in found for item in page["Items"])


def _to_row(record: Record, agent: Agent, request_id: str) -> StatusLogRow:
    return StatusLogRow(
        id=record["id"],
        user_id=agent.user_id,
        ref=agent.ref,
        created=record["created"],
        status=record["status"],
        handler=record["handler"],
        ip=record["ip"],
        request_id=request_id,
    )
