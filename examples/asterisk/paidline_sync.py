#!/usr/bin/env python3
"""Tell the service which paid calls live on this Asterisk, and send it the ends that it has not received.

    paidline-sync /etc/asterisk/paidline/globals.conf

Runs once; paidline-sync.timer starts it every 30 seconds. URL, hash and the PBX's name come from the kit's settings,
which nobody but their owner may read. Needs Python 3.9 or newer, and the right to use `asterisk -rx`.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import re
import subprocess
import sys
import time
import urllib.request
from typing import NamedTuple

MAX_LIVE_CALLS = 1000
_ANSWER_S = 8
_ASTERISK_S = 5
# Far less than the silence after which the service gives up on a PBX.
_DELIVER_S = 15
_UNAUTHORIZED = 40
# The service was down when the call was to begin, too.
_NEVER_BEGUN = "unknown_call"


class SyncError(Exception):
    """The synchronisation did not happen; the message says why in one sentence."""


class Settings(NamedTuple):
    """What the kit's globals.conf says of paid calls."""

    url: str
    pbx: str
    authentication_hash: str


class End(NamedTuple):
    """A call's end that was not answered yet: its id, and the fields of its request without hash, id and PBX."""

    call_id: str
    fields: dict[str, str]


def read_settings(path: str) -> Settings:
    """Read the settings. Raises SyncError if one is missing, or if others may read the file."""
    with open(path, encoding="utf-8") as file:
        if os.fstat(file.fileno()).st_mode & 0o077:
            raise SyncError(f"{path} holds hashes, and others may read it: chmod 600 {path}")
        found = dict(re.findall(r"(?m)^\s*(PAIDLINE_\w+)\s*=>?[ \t]*([^;\s]*)", file.read()))
    try:
        return Settings(found["PAIDLINE_CALLS_URL"], found["PAIDLINE_PBX"], found["PAIDLINE_CALLS_HASH"])
    except KeyError as missing:
        raise SyncError(f"{path} does not set {missing.args[0]}") from missing


def live_calls() -> set[str]:
    """Return the ids of the calls that have a channel."""
    listed = _asterisk("group show channels", r"^\d+ active channels?$")
    return set(re.findall(r"(?m)^\S+\s+(\S+)\s+paidline-paid-call\s*$", listed))


def kept_ends() -> list[End]:
    """Return the ends that the dialplan has kept in AstDB."""
    listed = _asterisk("database show paidline-end", r"^\d+ results? found\.$")
    rows = re.findall(r"(?m)^/paidline-end/(\S+)\s*: (.*)$", listed)
    return [End(call_id, json.loads("{" + fields + "}")) for call_id, fields in rows]


def deliver(settings: Settings, ends: list[End]) -> None:
    """Send ends until one is not answered, or time is up; what is answered is kept no longer."""
    until = time.monotonic() + _DELIVER_S
    # In random order, so that one that the service cannot answer does not hold up the others.
    for end in random.sample(ends, len(ends)):
        if time.monotonic() > until:
            return
        answer = _post(settings, "end", {"callId": end.call_id, **end.fields})
        is_done = answer["status"] == 1 or answer.get("reason") == _NEVER_BEGUN
        outcome = "DELIVERED" if is_done else f"REFUSED reason:{answer.get('reason')}"
        duration, dial_status = end.fields["duration"], end.fields["dialStatus"]
        print(f"paidline {outcome} end callId:{end.call_id} duration:{duration} dialStatus:{dial_status}", flush=True)
        _asterisk(f"database del paidline-end {end.call_id}", "")


def synchronise(settings: Settings, live: set[str]) -> None:
    """Name the calls that live. Raises SyncError if they are too many for one request, or if it is refused."""
    if len(live) > MAX_LIVE_CALLS:
        raise SyncError(f"{len(live)} calls live, and calls/sync takes {MAX_LIVE_CALLS}")
    answer = _post(settings, "sync", {"callIds": ",".join(sorted(live))})
    if answer["status"] != 1:
        raise SyncError(f"the service refuses calls/sync: {answer.get('reason')}")
    if answer["expiredCalls"] != "0":
        print(f"paidline EXPIRED calls:{answer['expiredCalls']} open:{answer['openCalls']}", flush=True)


def run(path: str) -> None:
    """Name the calls that live, then send the kept ends."""
    settings = read_settings(path)
    # In this order: a call that ends meanwhile is in the first list, or its end is in the second.
    live = live_calls()
    ends = kept_ends()
    # A call whose end is still to be sent lives: otherwise its tokens would be released before they are charged.
    synchronise(settings, live | {end.call_id for end in ends})
    deliver(settings, ends)


def _asterisk(command: str, last_line: str) -> str:
    """Run a command of Asterisk's. An answer without its last line would pass for an empty list, and end all calls."""
    try:
        done = subprocess.run(
            ["asterisk", "-rx", command], check=True, capture_output=True, text=True, timeout=_ASTERISK_S
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise SyncError(f"Asterisk does not answer `{command}`: {error}") from error
    if not re.search(last_line, done.stdout.rstrip(), re.MULTILINE):
        raise SyncError(f"Asterisk answers `{command}` with something else than the list")
    return done.stdout


def _post(settings: Settings, endpoint: str, fields: dict[str, str]) -> dict[str, str | int]:
    """Send a request and return the answer. Raises SyncError if there is none."""
    body = {"authenticationHash": settings.authentication_hash, "pbx": settings.pbx, **fields}
    request = urllib.request.Request(
        f"{settings.url}/v1/calls/{endpoint}",
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=_ANSWER_S) as response:
            answer = json.load(response)
        is_unauthorized = answer["code"] == _UNAUTHORIZED
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError) as error:
        raise SyncError(f"no answer from calls/{endpoint}: {error}") from error
    # An end must outlive a hash that was revoked too early.
    if is_unauthorized:
        raise SyncError(f"the service refuses calls/{endpoint}: {answer.get('reason')}")
    return dict(answer)


def main() -> None:
    """Run once, and exit with 1 and one line if it failed."""
    if len(sys.argv) != 2:
        sys.exit("usage: paidline-sync GLOBALS_CONF")
    try:
        run(sys.argv[1])
    except (SyncError, OSError) as error:
        sys.exit(f"paidline-sync: {error}")


if __name__ == "__main__":
    main()
