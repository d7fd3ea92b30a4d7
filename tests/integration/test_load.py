"""`make load`: finding a deployed stack's tables, and what it says when something is missing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from local import engine, settings, tables, template

_PREFIX = "deployed-"
_NAMESPACE = "http://cloudformation.amazonaws.com/doc/2010-05-15/"
_NO_STACK = (
    f'<ErrorResponse xmlns="{_NAMESPACE}"><Error><Type>Sender</Type><Code>ValidationError</Code>'
    "<Message>Stack with id absent does not exist</Message></Error></ErrorResponse>"
)


class _CloudFormation(BaseHTTPRequestHandler):
    """Answers ListStackResources as AWS does, for a stack that is whole, one that lacks a table, and none."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        names = [table.logical_id for table in template.read().tables]
        if "StackName=absent" in body:
            self._send(400, _NO_STACK)
            return
        if "StackName=other" in body:
            names = names[1:]
        members = "".join(
            f"<member><LogicalResourceId>{name}</LogicalResourceId>"
            f"<PhysicalResourceId>{_PREFIX}{name}</PhysicalResourceId></member>"
            for name in names
        )
        result = f"<StackResourceSummaries>{members}</StackResourceSummaries>"
        self._send(
            200,
            f'<ListStackResourcesResponse xmlns="{_NAMESPACE}"><ListStackResourcesResult>{result}'
            "</ListStackResourcesResult></ListStackResourcesResponse>",
        )

    def _send(self, status: int, text: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module", name="aws")
def _aws(engine_endpoint: str) -> Iterator[dict[str, str]]:
    """An environment in which the SDK finds a deployed stack."""
    deployed = template.read(table_prefix=_PREFIX)
    tables.create(engine.client(engine_endpoint), deployed.tables)
    with HTTPServer(("127.0.0.1", 0), _CloudFormation) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield {
            "PATH": os.environ["PATH"],
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "eu-west-1",
            "AWS_ENDPOINT_URL_CLOUDFORMATION": f"http://127.0.0.1:{server.server_port}",
            "AWS_ENDPOINT_URL_DYNAMODB": engine_endpoint,
        }
        server.shutdown()
    tables.delete(engine.client(engine_endpoint), deployed.tables)


def _load(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "admin.load"]
    return subprocess.run(
        command, cwd=template.PROJECT, env=environment, check=False, capture_output=True, text=True, timeout=60
    )


def test_a_document_is_loaded_into_the_tables_of_a_deployed_stack(aws: dict[str, str]) -> None:
    done = _load({**aws, "STACK": "paidline", "SEED": str(settings.EXAMPLE_DATA)})
    assert (done.returncode, done.stdout, done.stderr) == (0, "Loaded into paidline.\n", "")
    store = engine.client(aws["AWS_ENDPOINT_URL_DYNAMODB"])
    assert store.scan(TableName=f"{_PREFIX}WalletsTable", Select="COUNT")["Count"] == 2
    assert store.scan(TableName=f"{_PREFIX}AgentsTable", Select="COUNT")["Count"] == 3


def test_an_entry_that_is_there_already_is_refused_by_its_place_in_the_document(
    aws: dict[str, str], tmp_path: Path
) -> None:
    seed = tmp_path / "seed.json"
    number = {"dialedNumber": "31600000001", "applicationId": "7", "companyName": "Seven"}
    seed.write_text(json.dumps({"dialedNumbers": [number, number]}), encoding="utf-8")
    done = _load({**aws, "STACK": "paidline", "SEED": str(seed)})
    assert (done.returncode, done.stderr) == (2, "application 7 already exists\n")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"SEED": "x.json"}, "STACK is missing: it names the deployed stack."),
        ({"STACK": "paidline"}, "SEED is missing: it names the file of data to load."),
        ({"STACK": "paidline", "SEED": "absent.json"}, "SEED absent.json cannot be read: No such file or directory."),
        ({"STACK": "other", "SEED": str(settings.EXAMPLE_DATA)}, "The stack other has no AgentsTable."),
        ({"STACK": "absent", "SEED": str(settings.EXAMPLE_DATA)}, "Stack with id absent does not exist"),
    ],
    ids=["no stack named", "no file named", "no such file", "another template's stack", "no such stack"],
)
def test_it_says_in_one_line_what_is_missing(aws: dict[str, str], changes: dict[str, str], said: str) -> None:
    done = _load({**aws, **changes})
    assert done.returncode == 2
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_it_says_in_one_line_that_there_are_no_credentials(aws: dict[str, str]) -> None:
    without = {name: value for name, value in aws.items() if "KEY" not in name}
    done = _load(
        {
            **without,
            "AWS_EC2_METADATA_DISABLED": "true",
            "HOME": "/nonexistent",
            "STACK": "paidline",
            "SEED": str(settings.EXAMPLE_DATA),
        }
    )
    assert (done.returncode, done.stderr) == (2, "Unable to locate credentials\n")
