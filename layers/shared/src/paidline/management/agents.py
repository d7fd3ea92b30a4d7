"""Agents: who they are, their line, price and profile."""

import json
from typing import Any

from pydantic import Field

from paidline import clock
from paidline.domain.agents import MAX_AGENTS_PER_LINE, StatusChange
from paidline.domain.profiles import DEFAULTS
from paidline.domain.types import AgentStatus
from paidline.errors import AlreadyExists, InvalidCommand, ItemNotFound, Refused
from paidline.management.changes import Done, Invocation, Plan, carry_out, check_version
from paidline.management.values import AgentEntry, AgentProperties, AgentRef, Model, Version
from paidline.store import agents, profiles, status_log
from paidline.store.agents import Agent
from paidline.store.status_log import StatusLogRow

# In the status log, where the old plugin's handlers have their names.
_HANDLER = "admin"
_TAKEN = {"ref": "Another agent has this ref, or one that differs in leading zeros."}
# An item of DynamoDB has at most 400 KB.
_MAX_PROFILE_BYTES = 350_000
_PROPERTIES = ("outbound_number", "dial_time_out", "line_sharing", "tpm")


class ShowAgent(Model):
    """The agent."""

    ref: AgentRef


class ChangeAgent(AgentProperties):
    """The agent, and what changes."""

    ref: AgentRef
    profile: dict[str, str | None] = Field(default_factory=dict)
    version: Version | None = None


class RemoveAgent(ShowAgent):
    """The agent, and the version that may be removed."""

    version: Version | None = None


def create(arguments: AgentEntry, invocation: Invocation) -> Done:
    """Add an agent with a profile. One Scan of the agents. Raises AlreadyExists, InvalidCommand or Refused."""
    check_profile(arguments.profile)
    agent = Agent(
        user_id=arguments.user_id,
        ref=arguments.ref,
        status=arguments.status,
        outbound_number=arguments.outbound_number or "",
        line_sharing=arguments.line_sharing,
        last_log_id=0,
        dial_time_out=arguments.dial_time_out,
        tpm=arguments.tpm,
    )
    operations = {"ref": agents.create(agent), "profile": profiles.put(agent.ref, arguments.profile)}

    def plan() -> Plan:
        others = agents.list_all(consistent=True)
        if any(other.user_id == agent.user_id for other in others):
            raise AlreadyExists("Another agent has this userId.", "userId")
        _check_line(agent, others)
        return Plan(operations, _changed(agent), _TAKEN)

    return carry_out(invocation, plan)


def show(arguments: ShowAgent, invocation: Invocation) -> Done:
    """Return an agent with what is stored of the profile. Two GetItems. Raises ItemNotFound."""
    agent = _find(arguments.ref)
    return Done(
        {
            "userId": agent.user_id,
            "ref": agent.ref,
            "status": agent.status,
            "outboundNumber": agent.outbound_number,
            "dialTimeOut": agent.dial_time_out,
            "lineSharing": agent.line_sharing,
            "tpm": agent.tpm,
            "lastStatusChange": agent.last_status_change,
            "profile": profiles.get(agent.ref, consistent=True),
            "version": agent.version,
        }
    )


def change(arguments: ChangeAgent, invocation: Invocation) -> Done:
    """Change an agent. A new status adds a row to the status log.

    One GetItem, one for a profile, one Scan of the agents for a line. Raises ItemNotFound, VersionConflict,
    InvalidCommand or Refused.
    """
    check_profile(arguments.profile)

    def plan() -> Plan:
        before = _find(arguments.ref)
        check_version(before.version, arguments.version)
        given = arguments.given(*_PROPERTIES)
        if "outbound_number" in given:
            given["outbound_number"] = given["outbound_number"] or ""
        after = before._replace(**given, version=before.version + 1)
        if (after.outbound_number, after.line_sharing) != (before.outbound_number, before.line_sharing):
            _check_line(after, agents.list_all(consistent=True))
        operations = {}
        if "status" in arguments.model_fields_set:
            after, row = _set_status(after, arguments.status)
            operations["row"] = status_log.append(row)
        if arguments.profile:
            operations["profile"] = profiles.put(before.ref, _merged(before.ref, arguments.profile))
        return Plan({"agent": agents.change(before, after), **operations}, _changed(after))

    return carry_out(invocation, plan)


def remove(arguments: RemoveAgent, invocation: Invocation) -> Done:
    """Remove an agent who is offline, and the profile. Raises ItemNotFound, VersionConflict or Refused."""

    def plan() -> Plan:
        before = _find(arguments.ref)
        check_version(before.version, arguments.version)
        if before.status != AgentStatus.OFFLINE:
            raise Refused("Only an agent who is offline can be removed.", "status")
        operations = {"agent": agents.remove(before), "profile": profiles.remove(before.ref)}
        return Plan(operations, {"ref": before.ref, "userId": before.user_id})

    return carry_out(invocation, plan)


def _find(ref: str) -> Agent:
    agent = agents.get(ref)
    if agent is None:
        raise ItemNotFound("No agent has this ref.", "ref")
    return agent


def _check_line(agent: Agent, others: list[Agent]) -> None:
    """Raise Refused if too many agents would share the line. Two at the same moment may still exceed the limit."""
    if not agent.line_sharing or not agent.outbound_number:
        return
    sharing = [
        other
        for other in others
        if other.line_sharing and other.outbound_number == agent.outbound_number and other.user_id != agent.user_id
    ]
    if len(sharing) >= MAX_AGENTS_PER_LINE:
        raise Refused(f"{MAX_AGENTS_PER_LINE} agents share this line already.", "outboundNumber")


def check_profile(profile: "dict[str, str] | dict[str, str | None]") -> None:
    """Raise InvalidCommand for keys that a profile does not have, or too much text."""
    if profile.keys() - DEFAULTS.keys():
        raise InvalidCommand("A profile has no such key.", "profile")
    if len(json.dumps(profile)) > _MAX_PROFILE_BYTES:
        raise InvalidCommand(f"The profile is longer than {_MAX_PROFILE_BYTES} bytes.", "profile")


def _merged(ref: str, changes: "dict[str, str | None]") -> dict[str, str]:
    merged = {**profiles.get(ref, consistent=True), **changes}
    kept = {key: value for key, value in merged.items() if value is not None}
    check_profile(kept)
    return kept


def _set_status(agent: Agent, status: AgentStatus) -> tuple[Agent, StatusLogRow]:
    status_change = StatusChange(status, _HANDLER, ip="")
    now = clock.to_iso(clock.now())
    row = StatusLogRow(
        id=status_change.log_id_for(agent),
        user_id=agent.user_id,
        ref=agent.ref,
        created=now,
        status=status,
        handler=_HANDLER,
        ip="",
        request_id=status_change.request_id,
    )
    changed_at = agent.last_status_change if status == agent.status else now
    return agent._replace(status=status, last_log_id=row.id, last_status_change=changed_at), row


def _changed(agent: Agent) -> dict[str, Any]:
    return {"ref": agent.ref, "userId": agent.user_id, "version": agent.version}
