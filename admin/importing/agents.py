"""Agents: the old `getProfileData` answer, or any part of it, such as who shares a line.

Until the switch the old system has the right status. Once a status was set here, a different one is a clash.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo

from admin.importing import times
from admin.importing.kind import Change, Entry, Item, Options, Target, differences, pages
from admin.importing.sources import Values
from admin.importing.staging import Record, Reject, Staged, Staging
from paidline.domain.agents import MAX_AGENTS_PER_LINE
from paidline.domain.profiles import DEFAULTS
from paidline.domain.types import AgentStatus, Ref
from paidline.errors import InvalidCommand
from paidline.management.agents import check_profile
from paidline.management.values import AgentEntry, AgentProperties, UserId
from paidline.store import agents, profiles
from paidline.store.agents import Agent

# The names in the old answer of what is not part of the profile.
_OLD_NAMES = {
    "_ctbUserId": "userId",
    "_ctbRef": "ref",
    "_ctbStatus": "status",
    "_ctbLastStatusChange": "lastStatusChange",
    "_ctbCallSessionTpm": "tpm",
    "_ctbOutboundNumber": "outboundNumber",
}
_PLAIN = ("userId", "ref", "status", "lastStatusChange", "outboundNumber", "dialTimeOut", "lineSharing", "tpm")
# What the PBX changes.
_LIVE = ("status", "lastStatusChange")
# What follows from other fields.
_DERIVED = ("_ctbStatusVisual", "statusVisual")
_SWITCHES = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False, "": False}


def _switch(value: Any) -> Any:
    return _SWITCHES.get(value.strip().lower(), value) if isinstance(value, str) else value


def _time(value: Any, info: ValidationInfo) -> str:
    if not isinstance(value, str):
        raise ValueError("not a time")
    return times.to_stored(value, (info.context or {})["zone"])


def _profile(value: dict[str, str]) -> dict[str, str]:
    try:
        check_profile(value)
    except InvalidCommand as error:
        raise ValueError(f"refused: {error.message.rstrip('.')}") from error
    return value


class _Row(AgentProperties):
    """An agent, or some fields of one who is stored already."""

    ref: Ref
    user_id: UserId | None = None
    line_sharing: Annotated[bool, BeforeValidator(_switch)] = False
    last_status_change: Annotated[str, BeforeValidator(_time)] = ""
    profile: Annotated[dict[str, str], AfterValidator(_profile)] = Field(default_factory=dict)


class Agents:
    """Agents with their profiles."""

    name = "ref"
    fields = (*_PLAIN, *_OLD_NAMES, *_DERIVED, *DEFAULTS)
    required = (("ref", "_ctbRef"),)

    def check(self, values: Values, zone: ZoneInfo) -> Entry:
        """Check a row by itself. Raises ValidationError."""
        row = _Row.model_validate(_arranged(values), context={"zone": zone})
        record = row.model_dump(mode="json", exclude_unset=True)
        if "outbound_number" in record:
            record["outbound_number"] = record["outbound_number"] or ""
        return Entry(agents.ref_key(row.ref), record, {"userId": str(row.user_id)} if row.user_id else {})

    def stored(self, target: Target) -> Iterator[tuple[str, Item, dict[str, str]]]:
        """Yield all agents, each with its profile. One Scan of both tables per megabyte."""
        kept = {item["refKey"]["S"]: item["profile"]["S"] for item in pages(target, os.environ["PROFILES_TABLE"])}
        for item in pages(target, os.environ["AGENTS_TABLE"]):
            key = item["refKey"]["S"]
            yield key, {**item, "profile": {"S": kept.get(key, "{}")}}, {"userId": item["userId"]["N"]}

    def is_erased(self, item: Item) -> bool:
        """Return False: nothing is left of what is removed."""
        return False

    def clashes(self, staging: Staging) -> Iterator[Reject]:
        """Yield the agents who would join a line that is then shared by too many."""
        sharing = Counter(line for item in staging.stored() if (line := _shared_line(_stored_agent(item))))
        joining: list[tuple[int, str]] = []
        for row in staging.staged():
            before = _shared_line(_stored_agent(row.stored)) if row.stored else ""
            after = _shared_line(_wanted(row))
            sharing[before] -= 1
            sharing[after] += 1
            if after and after != before:
                joining.append((row.row, after))
        for number, line in joining:
            if sharing[line] > MAX_AGENTS_PER_LINE:
                reason = f"{sharing[line]} agents would share this line, and at most {MAX_AGENTS_PER_LINE} can"
                yield Reject(number, "outboundNumber", reason)

    def sides(self, staged: Staged) -> tuple[Item, Item]:
        """Return the fields as they are stored, and as they are in the file."""
        after = {**staged.entry.get("profile", {}), **_fields(_wanted(staged))}
        if staged.stored is None:
            return {}, after
        return {**DEFAULTS, **_stored_profile(staged.stored), **_fields(_stored_agent(staged.stored))}, after

    def plan(self, staged: Staged, target: Target, options: Options) -> Change | Reject | None:
        """Compare an agent and the profile with what is stored."""
        wanted, given = _wanted(staged), staged.entry.get("profile", {})
        name = f"agent {wanted.ref}"
        if staged.stored is None:
            if "user_id" not in staged.entry:
                return Reject(staged.row, "userId", "is missing, and no agent with this ref is stored")
            operations = [agents.create(wanted), profiles.put(wanted.ref, _without_defaults(given))]
            return Change(staged.row, name, {}, _fields(wanted), operations)
        before, kept = _stored_agent(staged.stored), _stored_profile(staged.stored)
        if before.user_id != wanted.user_id:
            return Reject(staged.row, "userId", f"the agent with this ref has userId {before.user_id}")
        old, new = differences(*self.sides(staged))
        if not new:
            return None
        if before.last_log_id and not options.old_system_wins and (set_here := [name for name in _LIVE if name in new]):
            return Reject(staged.row, set_here[0], f"the status has been set here since, and is {before.status}")
        return Change(staged.row, name, old, new, _operations(before, wanted, {**kept, **given}, set(new)))


def _arranged(values: Values) -> Values:
    """Return a row with our names, and the profile's fields in one."""
    arranged: Values = {}
    profile: dict[str, Any] = {}
    for name, value in values.items():
        if name in DEFAULTS:
            profile[name] = "" if value is None else value if isinstance(value, dict | list) else str(value)
        elif name not in _DERIVED:
            arranged[_OLD_NAMES.get(name, name)] = value
    return {**arranged, "profile": profile} if profile else arranged


def _stored_agent(item: Record) -> Agent:
    return Agent.from_item(item)


def _stored_profile(item: Record) -> dict[str, str]:
    profile: dict[str, str] = json.loads(item["profile"]["S"])
    return profile


def _wanted(staged: Staged) -> Agent:
    """Return the agent as it will be: what the row does not give stays as it is, or is that of a new agent."""
    given = {name: value for name, value in staged.entry.items() if name != "profile"}
    if staged.stored is not None:
        before = _stored_agent(staged.stored)
        # The stored spelling of the ref is the one that every answer shows.
        return before._replace(**{**given, "ref": before.ref})
    new = AgentEntry.model_construct(**{"user_id": 0, **given})
    return Agent(
        user_id=new.user_id,
        ref=new.ref,
        status=AgentStatus(new.status),
        outbound_number=new.outbound_number or "",
        line_sharing=new.line_sharing,
        last_log_id=0,
        dial_time_out=new.dial_time_out,
        tpm=new.tpm,
        last_status_change=given.get("last_status_change", ""),
    )


def _shared_line(agent: Agent) -> str:
    return agent.outbound_number if agent.line_sharing else ""


def _fields(agent: Agent) -> Item:
    return {
        "status": str(agent.status),
        "lastStatusChange": agent.last_status_change,
        "outboundNumber": agent.outbound_number,
        "dialTimeOut": agent.dial_time_out,
        "lineSharing": agent.line_sharing,
        "tpm": agent.tpm,
    }


def _without_defaults(profile: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in profile.items() if value != DEFAULTS[name]}


def _operations(before: Agent, wanted: Agent, profile: dict[str, str], changed: set[str]) -> list[Any]:
    operations: list[Any] = [agents.change(before, wanted._replace(version=before.version + 1))]
    if changed & DEFAULTS.keys():
        operations.append(profiles.put(before.ref, _without_defaults(profile)))
    return operations
