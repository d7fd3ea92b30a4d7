"""A FreeSWITCH of Python functions, which runs the kit's script in a real Lua and hands its requests to the API."""

from __future__ import annotations

import json
import subprocess
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lupa import lua52

from local import template
from tests.support.api import Api

PBX = "fs1"
HASH = "cf2de5b4f9e950567ba3afcd7a95ac37b125b597b6b90dca8af017590bc11268"
SCRIPT = template.PROJECT / "examples" / "freeswitch" / "paidline_paid_call.lua"
_FAULT = '{"status":0,"message":"failed","code":30,"reason":"store_unavailable"}'

_POPEN = """
return function(lines)
  return function(command)
    local found, i = lines(command), 0
    local function next_line() i = i + 1; return found[i] end
    return { lines = function() return next_line end, close = function() end }
  end
end"""


class Slept(Exception):
    """The script waits for its next round, which no test waits for."""


@dataclass
class Caller:
    """The caller's channel."""

    call_id: str
    number: str
    causes: list[str] = field(default_factory=list)

    def getVariable(self, name: str) -> str:
        return {"destination_number": "14620905014", "caller_id_number": self.number}[name]

    def get_uuid(self) -> str:
        return self.call_id

    def ready(self) -> bool:
        return not self.causes

    def setAutoHangup(self, is_on: bool) -> None:
        """Accept, as all calls of this script do."""

    def setVariable(self, name: str, value: str) -> None:
        """Accept any."""

    def hangup(self, cause: str = "NORMAL_CLEARING") -> None:
        self.causes.append(cause)


@dataclass
class Agent:
    """The agent's channel; `cause` says why it was not answered, `digit` what the agent types."""

    cause: str = ""
    digit: str = ""

    def ready(self) -> bool:
        return not self.cause

    def hangupCause(self) -> str:
        return self.cause

    def get_uuid(self) -> str:
        return "agents-leg"

    def playAndGetDigits(self, *_: Any) -> str:
        return self.digit

    def hangup(self) -> None:
        self.cause = "NORMAL_CLEARING"


@dataclass
class FreeSwitch:
    """The functions that a script finds in FreeSWITCH, and what it did with them.

    `lost` counts, by endpoint, requests that are carried out but whose answer is lost; `faults` those that fail.
    """

    api: Api
    folder: Path
    live: set[str] = field(default_factory=set)
    lost: dict[str, int] = field(default_factory=dict)
    faults: dict[str, int] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    dialed: list[str] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    clock_us: int = 1_764_072_000_700_000

    def call(
        self,
        caller: Caller,
        agent: Agent,
        talks_s: float = 0,
        *,
        press_1: str = "nil",
        meanwhile: Callable[[], None] = lambda: None,
    ) -> None:
        """Run the script for a call to the agent 000038; something may happen while they talk."""

        def new_session(dial_string: str, _: Caller) -> Agent:
            self.dialed.append(dial_string)
            return agent

        def bridge(*_: Any) -> None:
            self.clock_us += int(talks_s * 1_000_000)
            meanwhile()

        self.live.add(caller.call_id)
        self._run(press_1, caller, Session=new_session, bridge=bridge)
        self.live.discard(caller.call_id)

    def synchronise(self) -> None:
        """Run one round of the script that has no call."""
        try:
            self._run("nil", None)
        except Slept:
            return
        raise AssertionError("the script ended")

    def files(self) -> list[str]:
        """The calls that the script keeps files of."""
        return sorted(path.name for path in self.folder.iterdir())

    def execute(self, command: str, arguments: str) -> str:
        """Stand for freeswitch.API():execute."""
        if command == "curl":
            return self._curl(arguments)
        if command == "strmicroepoch":
            return str(self.clock_us)
        if command == "uuid_exists":
            return "true" if arguments in self.live else "false"
        self.commands.append(f"{command} {arguments}")
        return "+OK"

    def _curl(self, arguments: str) -> str:
        url, *options, body = arguments.split(" ")
        assert options == ["content-type", "application/json", "connect-timeout", "2", "timeout", "8", "post"]
        endpoint = url.rpartition("/v1/calls/")[2]
        self.requests.append(endpoint)
        if _next(self.faults, endpoint):
            return _FAULT
        fields = json.loads(urllib.parse.unquote(body))
        answer = self.api.call(f"calls_{endpoint}", fields).body
        return "" if _next(self.lost, endpoint) else answer

    def _run(self, press_1: str, caller: Caller | None, **functions: Callable[..., Any]) -> None:
        runtime = lua52.LuaRuntime(unpack_returned_tuples=True)
        given = runtime.globals()
        given.freeswitch = runtime.table_from(
            {"API": lambda: self, "consoleLog": self._write, "msleep": self._sleep, **functions}
        )
        # lupa's Lua has no io.popen.
        given.io.popen = runtime.execute(_POPEN)(lambda command: runtime.table_from(_lines(command)))
        given.session = caller
        given.argv = runtime.table_from(["000038"])
        runtime.execute(self._source(press_1))

    def _source(self, press_1: str) -> str:
        source = SCRIPT.read_text(encoding="utf-8")
        for old, new in (
            ("put-the-hash-for-paid-calls-here", HASH),
            ("put-a-name-for-this-pbx-here", PBX),
            ("local press_1 = nil", f"local press_1 = {press_1}"),
            ("/var/lib/freeswitch/paidline/", f"{self.folder}/"),
        ):
            assert source.count(old) == 1, old
            source = source.replace(old, new)
        return source

    def _write(self, level: str, line: str) -> None:
        self.log.append(f"{level} {line}")

    def _sleep(self, _: int) -> None:
        raise Slept


def _lines(command: str) -> list[str]:
    return subprocess.run(command, shell=True, check=True, capture_output=True, text=True).stdout.splitlines()


def _next(counters: dict[str, int], endpoint: str) -> bool:
    left = counters.get(endpoint, 0)
    counters[endpoint] = left - 1
    return left > 0
