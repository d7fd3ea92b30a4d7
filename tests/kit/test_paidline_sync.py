"""paidline-sync, between an Asterisk and a service that say what they are told to say."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from local import template

_SCRIPT = template.PROJECT / "examples" / "asterisk" / "paidline_sync.py"
_HASH = "cf2de5b4f9e950567ba3afcd7a95ac37b125b597b6b90dca8af017590bc11268"
_GROUPS = "Channel                    Group                 Category            "
_END = '"dialStatus":"ANSWER","duration":"61","startTime":"2026-11-25 12:00:00","endTime":"2026-11-25 12:01:02"'
_SYNCHRONISED = {"status": 1, "message": "success", "code": 20, "pbx": "pbx1", "openCalls": "0", "expiredCalls": "0"}
_ENDED = {"status": 1, "message": "call session created", "code": 403}
# Answers with what is in the file that is named like the first word of the command; writes down what it is asked.
_ASTERISK = """#!/bin/sh
cd "$(dirname "$0")"
echo "$2" >> asked
set -- $2
cat "$1"
"""


@dataclass
class Kit:
    """The script with its settings, and the two that it talks to."""

    folder: Path
    answers: dict[str, tuple[int, Any]] = field(default_factory=dict)
    requests: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    @property
    def settings(self) -> Path:
        """The file of settings."""
        return self.folder / "globals.conf"

    def channels(self, *groups: tuple[str, str]) -> None:
        """Let Asterisk list channels with these groups and categories."""
        lines = [
            f"PJSIP/trunk-{number:08x}    {group}    {category}" for number, (group, category) in enumerate(groups)
        ]
        number = f"{len(groups)} active channel{'' if len(groups) == 1 else 's'}"
        (self.folder / "group").write_text("\n".join([_GROUPS, *lines, number]) + "\n", encoding="utf-8")

    def ends(self, *call_ids: str) -> None:
        """Let Asterisk keep the ends of these calls."""
        lines = [f"/paidline-end/{call_id}                    : {_END}" for call_id in call_ids]
        number = f"{len(call_ids)} result{'' if len(call_ids) == 1 else 's'} found."
        (self.folder / "database").write_text("\n".join([*lines, number]) + "\n", encoding="utf-8")

    def run(self) -> subprocess.CompletedProcess[str]:
        """Run the script once."""
        return subprocess.run(
            [sys.executable, str(_SCRIPT), str(self.settings)],
            check=False,
            capture_output=True,
            text=True,
            env=os.environ | {"PATH": f"{self.folder}{os.pathsep}{os.environ['PATH']}", "no_proxy": "*"},
        )

    def deleted(self) -> list[str]:
        """The ends that Asterisk was told to keep no longer."""
        asked = (self.folder / "asked").read_text(encoding="utf-8").splitlines()
        return sorted(line.rpartition(" ")[2] for line in asked if line.startswith("database del paidline-end "))


@pytest.fixture(name="kit")
def _kit(tmp_path: Path) -> Iterator[Kit]:
    kit = Kit(tmp_path, {"sync": (200, _SYNCHRONISED), "end": (200, _ENDED)})

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            endpoint = self.path.removeprefix("/v1/calls/")
            body = self.rfile.read(int(self.headers["Content-Length"]))
            kit.requests.append((endpoint, json.loads(body)))
            status, answer = kit.answers[endpoint]
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        kit.settings.write_text(
            f"; of this PBX\nPAIDLINE_CALLS_URL=http://127.0.0.1:{server.server_address[1]}\n"
            f"PAIDLINE_CALLS_HASH => {_HASH} ; secret\nPAIDLINE_PBX = pbx1\nPAIDLINE_TIME_ZONE=\n",
            encoding="utf-8",
        )
        kit.settings.chmod(0o600)
        asterisk = tmp_path / "asterisk"
        asterisk.write_text(_ASTERISK, encoding="utf-8")
        asterisk.chmod(0o700)
        kit.channels()
        kit.ends()
        yield kit
        server.shutdown()
        thread.join()


def _refusal(code: int, reason: str) -> dict[str, Any]:
    return {"status": 0, "message": "failed", "code": code, "reason": reason}


def test_the_calls_of_the_group_are_named_and_no_others(kit: Kit) -> None:
    kit.channels(("100.1", "paidline-paid-call"), ("6254", "paidline-wallet"), ("100.2", "paidline-paid-call"))

    done = kit.run()

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert kit.requests == [("sync", {"authenticationHash": _HASH, "pbx": "pbx1", "callIds": "100.1,100.2"})]


def test_an_asterisk_without_calls_names_none(kit: Kit) -> None:
    assert kit.run().returncode == 0

    assert [fields["callIds"] for _, fields in kit.requests] == [""]


def test_kept_ends_count_as_living_and_are_sent_afterwards(kit: Kit) -> None:
    kit.channels(("100.1", "paidline-paid-call"))
    kit.ends("100.2", "100.3")

    done = kit.run()

    (endpoint, named), *ends = kit.requests
    assert (endpoint, named["callIds"]) == ("sync", "100.1,100.2,100.3")
    assert {fields["callId"] for _, fields in ends} == {"100.2", "100.3"}
    assert ends[0][1] == {
        "authenticationHash": _HASH,
        "pbx": "pbx1",
        "callId": ends[0][1]["callId"],
        **json.loads("{" + _END + "}"),
    }
    assert done.stdout.count("paidline DELIVERED end callId:100.") == 2
    assert kit.deleted() == ["100.2", "100.3"]


def test_an_end_that_is_refused_for_good_is_logged_and_kept_no_longer(kit: Kit) -> None:
    kit.ends("100.2")
    kit.answers["end"] = (200, _refusal(10, "call_already_ended"))

    done = kit.run()

    assert "paidline REFUSED reason:call_already_ended end callId:100.2 duration:61 dialStatus:ANSWER" in done.stdout
    assert kit.deleted() == ["100.2"]


@pytest.mark.parametrize(
    "answer",
    [
        (503, _refusal(30, "store_unavailable")),
        (200, _refusal(40, "unauthorized")),
        (200, {"message": "Not Found"}),
        (200, []),
    ],
    ids=["503", "unauthorized", "not ours", "not an object"],
)
@pytest.mark.parametrize("endpoint", ["sync", "end"])
def test_an_end_is_kept_until_it_is_answered(endpoint: str, answer: tuple[int, Any], kit: Kit) -> None:
    kit.ends("100.2")
    kit.answers[endpoint] = answer

    done = kit.run()

    assert done.returncode == 1
    assert f"calls/{endpoint}" in done.stderr
    assert "Traceback" not in done.stderr
    assert kit.deleted() == []


def test_calls_that_expired_are_counted_in_the_log(kit: Kit) -> None:
    kit.answers["sync"] = (200, _SYNCHRONISED | {"expiredCalls": "2", "openCalls": "3"})

    assert kit.run().stdout == "paidline EXPIRED calls:2 open:3\n"


def test_a_thousand_calls_are_named(kit: Kit) -> None:
    kit.channels(*((f"100.{number}", "paidline-paid-call") for number in range(1000)))

    assert kit.run().returncode == 0

    assert len(kit.requests[0][1]["callIds"].split(",")) == 1000


def test_more_calls_than_a_request_takes_are_not_named_in_part(kit: Kit) -> None:
    kit.channels(*((f"100.{number}", "paidline-paid-call") for number in range(1001)))

    done = kit.run()

    assert (done.returncode, kit.requests) == (1, [])
    assert "1001 calls" in done.stderr


@pytest.mark.parametrize("list_name", ["group", "database"])
def test_nothing_is_sent_when_asterisk_does_not_answer_with_a_whole_list(list_name: str, kit: Kit) -> None:
    (kit.folder / list_name).write_text("No such command\n", encoding="utf-8")

    done = kit.run()

    assert (done.returncode, kit.requests) == (1, [])
    assert done.stderr.startswith("paidline-sync: Asterisk")


def test_nothing_is_sent_when_asterisk_does_not_run(kit: Kit) -> None:
    (kit.folder / "asterisk").write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")

    done = kit.run()

    assert (done.returncode, kit.requests) == (1, [])
    assert done.stderr.startswith("paidline-sync: Asterisk does not answer")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_settings_that_others_may_read_are_refused(mode: int, kit: Kit) -> None:
    kit.settings.chmod(mode)

    done = kit.run()

    assert (done.returncode, kit.requests) == (1, [])
    assert "chmod 600" in done.stderr


def test_a_setting_that_is_missing_is_named(kit: Kit) -> None:
    kit.settings.write_text("PAIDLINE_CALLS_URL=http://127.0.0.1:1\nPAIDLINE_PBX=pbx1\n", encoding="utf-8")

    assert "does not set PAIDLINE_CALLS_HASH" in kit.run().stderr


def test_what_is_written_has_no_hash(kit: Kit) -> None:
    kit.ends("100.2")
    kit.answers["end"] = (503, _refusal(30, "store_unavailable"))

    done = kit.run()

    assert _HASH not in done.stdout + done.stderr


def test_the_settings_of_the_kit_are_those_that_the_script_reads(kit: Kit) -> None:
    settings = (template.PROJECT / "examples" / "asterisk" / "globals.conf").read_text(encoding="utf-8")
    kit.settings.write_text(settings.replace("https://calls.example.com", "http://127.0.0.1:1"), encoding="utf-8")

    # It gets as far as asking the service that is named there.
    assert "no answer from calls/sync" in kit.run().stderr
