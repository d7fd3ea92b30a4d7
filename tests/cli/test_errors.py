"""Every error is one sentence and exit code 2, never a traceback."""

from __future__ import annotations

from datetime import date

import pytest
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    EndpointConnectionError,
    InvalidRegionError,
    NoCredentialsError,
    NoRegionError,
    ProfileNotFound,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from admin.cli.aws_errors import explain
from admin.cli.main import run

_COMMANDS = (
    ["service", "describe"],
    ["hash", "issue"],
    ["hash", "revoke", "--yes"],
    ["number", "create"],
    ["agent", "show"],
    ["agent", "status-log"],
    ["wallet", "create"],
    ["wallet", "adjust"],
    ["wallet", "refund"],
    ["wallet", "erase", "--yes"],
    ["calls", "list"],
    ["calls", "open"],
    ["calls", "expired"],
    ["calls", "settle"],
    ["calls", "import-cdr"],
    ["ledger", "show"],
    ["ledger", "verify"],
    ["report", "tokens"],
    ["report", "status-time"],
    ["report", "hours"],
    ["statement"],
    ["trace"],
    ["doctor"],
)
_WORDS = st.sampled_from(
    [
        "--day",
        "--from",
        "--to",
        "--agent",
        "--caller",
        "--json",
        "--csv",
        "--amount",
        "--reason",
        "--pin",
        "--key",
        "--pbx",
        "--seconds",
    ]
)


@pytest.fixture(autouse=True)
def _no_service(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PAIDLINE_STACK", "AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    # Port 9 of this machine answers nothing.
    monkeypatch.setenv("PAIDLINE_URL", "http://127.0.0.1:9")


@pytest.mark.parametrize("command", _COMMANDS, ids=" ".join)
@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rest=st.lists(_WORDS | st.text(max_size=20) | st.integers().map(str) | st.dates().map(date.isoformat), max_size=5)
)
def test_whatever_is_typed_no_command_crashes(
    capsys: pytest.CaptureFixture[str], command: list[str], rest: list[str]
) -> None:
    assert run([*command, *rest]) in (0, 2)
    printed = capsys.readouterr()

    assert "Traceback" not in printed.err
    assert "paidline itself failed" not in printed.err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--url", ""], "Name the service"),
        (["--stack", "paidline"], "not two"),
        (["--url", "3000"], "--url is not a URL"),
        (["--url", "", "--stack", "paidline", "--profile", "nobody"], "There is no AWS profile nobody: choose one"),
        (["--url", "", "--stack", "paidline"], "--region"),
        ([], "http://127.0.0.1:9"),
    ],
)
def test_a_service_that_cannot_be_reached_is_one_sentence(
    capsys: pytest.CaptureFixture[str], arguments: list[str], sentence: str
) -> None:
    assert run(["service", "describe", *arguments]) == 2
    printed = capsys.readouterr()

    assert sentence in printed.err
    assert printed.err.count("\n") == 1
    assert not printed.out


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (NoCredentialsError(), "No AWS credentials were found"),
        (NoRegionError(), "No AWS region is set"),
        (InvalidRegionError(region_name="not a region"), "set --region or AWS_REGION to one such as eu-west-1."),
        (ProfileNotFound(profile="p"), "list-profiles"),
        (EndpointConnectionError(endpoint_url="http://127.0.0.1:3000"), "start `make run`, or check --url."),
        (
            EndpointConnectionError(endpoint_url="https://dynamodb.eu-west-1.amazonaws.com/"),
            "check the network and --region.",
        ),
        (ClientError({"Error": {"Code": "AccessDeniedException"}}, "Scan"), "lack the right to call Scan"),
        (ClientError({"Error": {"Code": "ExpiredToken"}}, "Scan"), "expired"),
        (ClientError({"Error": {"Code": "UnrecognizedClientException"}}, "Scan"), "does not know these credentials"),
        (ClientError({"Error": {"Code": "ThrottlingException"}}, "Scan"), "limits the rate"),
        (ClientError({"Error": {"Code": "Other", "Message": "31612345678"}}, "Scan"), "AWS refused Scan (Other)."),
    ],
)
def test_what_aws_says_is_explained_without_its_text(error: BotoCoreError | ClientError, sentence: str) -> None:
    assert sentence in explain(error)
    assert "31612345678" not in explain(error)
