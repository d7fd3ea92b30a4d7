"""`python -m local` as a user starts and stops it: the engine, the tables, the example data, the settings."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from local import engine, server, template
from local.template import PROJECT

AGENTS_HASH = "ff36f129745a122e591722d3fda495416fe05aa9586e12238ec4dad37895e069"
STATUS_PATH = "/wp-json/ctb/v1/json/getStatusByRef"
UPDATE_PATH = "/wp-json/ctb/v1/json/updateStatusByRef"
ENDED_SECONDS = 20
LINUX_ONLY = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc; the parent-death signal is Linux's")


def command() -> list[str]:
    return [sys.executable, "-m", "local"]


def environment(settings: dict[str, str]) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if name not in {"PORT", "SEED", "DATA"}}
    return {**inherited, "PORT": "0", **settings}


class Service:
    """A running service."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        self.process = process
        self.announcement: list[str] = []
        for line in process.stdout:
            self.announcement.append(line.rstrip())
            if line.startswith("Ctrl-C"):
                break
        self.address = self.announcement[1].split("http://")[1].split("/")[0]

    def post(self, path: str, **parameters: str) -> dict[str, Any]:
        connection = http.client.HTTPConnection(self.address, timeout=30)
        try:
            connection.request("POST", path, json.dumps({"authenticationHash": AGENTS_HASH, **parameters}))
            answer: dict[str, Any] = json.loads(connection.getresponse().read())
        finally:
            connection.close()
        return answer

    def children(self) -> list[int]:
        """The processes that the service has started: the engine, the schedules, then two workers."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        deadline = time.monotonic() + ENDED_SECONDS
        while time.monotonic() < deadline:
            listed = children.read_text(encoding="ascii").split()
            if len(listed) == 4:
                return [int(pid) for pid in listed]
            time.sleep(0.05)
        raise TimeoutError("the service has not started an engine, the schedules and two workers")


@contextmanager
def running(**settings: str) -> Iterator[Service]:
    with subprocess.Popen(
        command(), cwd=PROJECT, env=environment(settings), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            yield Service(process)
        finally:
            process.terminate()
            # Unread, a full pipe would keep the service from ending.
            process.communicate(timeout=ENDED_SECONDS)


def refused(**settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(), cwd=PROJECT, env=environment(settings), capture_output=True, text=True, check=False, timeout=60
    )


def has_ended(pid: int) -> bool:
    """True once the process is gone, or only waits for a parent to ask how it ended."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
    except FileNotFoundError:
        return True
    return status.rpartition(")")[2].split()[0] == "Z"


def all_end(pids: list[int]) -> bool:
    deadline = time.monotonic() + ENDED_SECONDS
    while time.monotonic() < deadline:
        if all(has_ended(pid) for pid in pids):
            return True
        time.sleep(0.05)
    return False


def test_it_announces_ten_routes_and_a_curl_line_that_gets_its_golden_answer() -> None:
    with running() as service:
        curl = next(line for line in service.announcement if line.startswith("  curl"))
        answer = subprocess.run(curl, shell=True, capture_output=True, text=True, check=True).stdout

    assert sum(line.startswith("  POST http://") for line in service.announcement) == len(template.read().routes)
    assert json.loads(answer)["user"]["ref"] == "000038"
    assert json.loads(answer)["code"] == 202


@LINUX_ONLY
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.unmeasured
def test_everything_it_started_ends_with_it_when_it_is_told_to_stop(sent: signal.Signals) -> None:
    with running() as service:
        children = service.children()
        service.process.send_signal(sent)
        service.process.communicate(timeout=ENDED_SECONDS)

    assert service.process.returncode == 0
    assert all_end(children)


@LINUX_ONLY
@pytest.mark.unmeasured
def test_everything_it_started_ends_even_when_it_is_killed() -> None:
    with running() as service:
        children = service.children()
        service.process.kill()
        service.process.communicate(timeout=ENDED_SECONDS)

    assert all_end(children)


@LINUX_ONLY
@pytest.mark.unmeasured
def test_the_engine_outlives_a_worker_that_dies() -> None:
    with running() as service:
        service.post(STATUS_PATH, ref="38")
        worker = service.children()[-1]
        os.kill(worker, signal.SIGTERM)
        assert all_end([worker])
        answer = service.post(STATUS_PATH, ref="38")

    assert answer["code"] == 202


def test_it_listens_for_this_machine_only() -> None:
    with server.listen(0) as listener:
        assert listener.getsockname()[0] == "127.0.0.1"


def test_changes_are_kept_where_data_names_a_folder(tmp_path: Path) -> None:
    folder = str(tmp_path / "kept")
    with running(DATA=folder) as service:
        service.post(UPDATE_PATH, ref="38", status="pause")
    with running(DATA=folder) as service:
        answer = service.post(STATUS_PATH, ref="38")

    assert answer["user"]["status"] == "pause"


@pytest.mark.unmeasured
def test_a_document_that_is_refused_halfway_leaves_nothing_where_data_names_a_folder(tmp_path: Path) -> None:
    document = json.loads((PROJECT / "local" / "example_data.json").read_text(encoding="utf-8"))
    document["wallets"].append({**document["wallets"][0], "pin": "1"})
    seed = tmp_path / "seed.json"
    seed.write_text(json.dumps(document), encoding="utf-8")
    folder = str(tmp_path / "kept")
    outcome = refused(SEED=str(seed), DATA=folder)
    with running(DATA=folder) as service:
        answer = service.post(STATUS_PATH, ref="38")

    assert outcome.stderr == "wallet 6254 already exists\n"
    assert answer["code"] == 202


@pytest.mark.unmeasured
def test_kept_data_is_left_alone_where_a_table_is_missing(tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    with running(DATA=str(folder)) as service:
        service.post(UPDATE_PATH, ref="38", status="pause")
    with engine.start(folder) as kept:
        kept.client().delete_table(TableName="ProfilesTable")
    with running(DATA=str(folder)) as service:
        answer = service.post(STATUS_PATH, ref="38")

    assert answer["user"]["status"] == "pause"


@pytest.mark.unmeasured
def test_nothing_is_kept_where_data_is_not_set() -> None:
    with running() as service:
        service.post(UPDATE_PATH, ref="38", status="pause")
    with running() as service:
        answer = service.post(STATUS_PATH, ref="38")

    assert answer["user"]["status"] == "online"


def test_other_data_is_served_where_seed_names_a_file(tmp_path: Path) -> None:
    document = json.loads((PROJECT / "local" / "example_data.json").read_text(encoding="utf-8"))
    document["agents"] = [agent for agent in document["agents"] if agent["ref"] != "000038"]
    seed = tmp_path / "seed.json"
    seed.write_text(json.dumps(document), encoding="utf-8")
    with running(SEED=str(seed)) as service:
        answer = service.post(STATUS_PATH, ref="38")

    assert answer == {"status": 0, "message": "ref not found", "code": 200}
    assert not any("curl" in line for line in service.announcement)


def test_a_taken_port_is_named_in_one_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        outcome = refused(PORT=str(port))

    assert outcome.returncode == 2
    assert outcome.stderr.count("\n") == 1
    assert f"Port {port} of 127.0.0.1 cannot be used" in outcome.stderr


@pytest.mark.parametrize("port", ["http", "-1", "65536", "٣٠٠٠"])
def test_a_port_that_is_no_port_number_is_named_in_one_sentence(port: str) -> None:
    outcome = refused(PORT=port)

    assert outcome.returncode == 2
    assert outcome.stderr == f"PORT is {port!r}, which is not a port number.\n"


@pytest.mark.parametrize(("text", "fault"), [(None, "cannot be read"), ("{", "is not JSON")])
def test_a_seed_that_cannot_be_used_is_named_in_one_sentence(tmp_path: Path, text: str | None, fault: str) -> None:
    seed = tmp_path / "seed.json"
    if text is not None:
        seed.write_text(text, encoding="utf-8")
    outcome = refused(SEED=str(seed))

    assert outcome.returncode == 2
    assert outcome.stderr.startswith(f"SEED {seed} {fault}")
    assert outcome.stderr.count("\n") == 1


def test_an_engine_that_is_no_program_is_named_in_one_sentence(tmp_path: Path) -> None:
    outcome = refused(DYNAMODB_ENGINE=str(tmp_path))

    assert outcome.returncode == 2
    assert outcome.stderr == f"DYNAMODB_ENGINE names {tmp_path}, which is not a program.\n"


@pytest.mark.unmeasured
def test_requests_are_answered_where_the_environment_names_a_proxy() -> None:
    nobody = "http://127.0.0.1:9"
    with running(HTTP_PROXY=nobody, http_proxy=nobody, ALL_PROXY=nobody, NO_PROXY="", no_proxy="") as service:
        answer = service.post(STATUS_PATH, ref="38")

    assert answer["code"] == 202
