"""The operator's story of docs/operations.md on a deployed stack: `--stack` finds it as it would in AWS."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from moto.server import ThreadedMotoServer

from local.template import PROJECT
from tests.deployment import stack
from tests.deployment.conftest import Deployed
from tests.support import story


@pytest.fixture
def aws() -> Iterator[str]:
    """Where moto answers over HTTP, with what the test has made in this process."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def gateway(empty: Deployed, aws: str) -> Iterator[str]:
    """The stack's functions over HTTP, with the names and tables that CloudFormation gave them."""
    names = {"variables": empty.variables(), "functions": empty.function_names()}
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.deployment.serve", aws, json.dumps(names)],
        cwd=PROJECT,
        env={name: value for name, value in os.environ.items() if name not in names["variables"]},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    try:
        yield process.stdout.readline().strip()
    finally:
        process.send_signal(signal.SIGINT)
        process.stdout.read()
        process.stdout.close()
        process.wait()


@pytest.mark.unmeasured
def test_a_new_operator_can_follow_the_story_on_a_stack(
    empty: Deployed, aws: str, gateway: str, tmp_path: Path
) -> None:
    folder = tmp_path / "operator"
    folder.mkdir()
    settings = {"AWS_REGION": stack.REGION, "AWS_ENDPOINT_URL": aws, "AWS_ENDPOINT_URL_LAMBDA": gateway}

    story.follow(folder, f"PAIDLINE_STACK={empty.name}", gateway, settings)
