"""How a service is found, and what is said if it is another version, or is not there."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

import botocore.session
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from admin.cli.connection import Connection, Stack
from admin.cli.errors import AdminError, CommandError
from tests.support.command_line import CommandLine


class _Answering:
    """A service whose admin function always gives the same answer."""

    def __init__(self, payload: bytes) -> None:
        self._payload = payload

    def client(self, service: str) -> Any:
        return self

    def function_name(self, logical_id: str) -> str:
        return logical_id

    def invoke(self, **_: Any) -> dict[str, Any]:
        return {"Payload": io.BytesIO(self._payload)}


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (b"no JSON", "The admin function failed"),
        (b'{"errorMessage": "Task timed out"}', "The admin function failed"),
        (b'{"version": 2, "result": {}}', "are of different versions"),
    ],
)
def test_an_answer_that_is_none_of_the_protocols_is_explained(answer: bytes, sentence: str) -> None:
    with pytest.raises(CommandError, match=sentence):
        Connection(_Answering(answer), "tester").run("service.describe", {})


@pytest.mark.parametrize(
    ("field", "message", "sentence"),
    [
        ("wallet.pin", "wallet.pin is empty.", "--pin is empty."),
        ("label", "label is missing.", "The label is missing."),
        ("unheardOf", "unheardOf is unknown.", "UnheardOf is unknown."),
        ("pin", "Another wallet of the application has this PIN.", "Another wallet of the application has this PIN."),
        ("", "", "Refused."),
    ],
)
def test_a_refusal_names_the_option_instead_of_the_argument(field: str, message: str, sentence: str) -> None:
    error = {"code": "refused", "message": message, "field": field}
    answer = json.dumps({"version": 1, "error": error}).encode()
    with pytest.raises(AdminError) as refused:
        Connection(_Answering(answer), "tester").run("wallet.create", {})

    assert (str(refused.value), refused.value.code) == (sentence, "refused")


def test_a_stack_that_is_not_there_is_named_with_its_region() -> None:
    stack = Stack("nosuch", profile=None, region="eu-west-1")
    client: Any = botocore.session.Session().create_client(
        "cloudformation", region_name="eu-west-1", aws_access_key_id="test", aws_secret_access_key="test"
    )
    with Stubber(client) as stubber, patch.object(Stack, "client", lambda *_: client):
        stubber.add_client_error("describe_stack_resource", "ValidationError")
        with pytest.raises(CommandError, match="There is no stack nosuch with a resource Admin in eu-west-1"):
            stack.function_name("Admin")
        stubber.add_client_error("describe_stack_resource", "AccessDenied")
        with pytest.raises(ClientError):
            stack.function_name("Admin")
        stubber.add_response("describe_stack_resource", {"StackResourceDetail": _detail("paidline-Admin-1")})
        assert stack.function_name("Admin") == "paidline-Admin-1"


def _detail(physical_id: str) -> dict[str, Any]:
    return {
        "LogicalResourceId": "Admin",
        "PhysicalResourceId": physical_id,
        "ResourceType": "AWS::Lambda::Function",
        "LastUpdatedTimestamp": datetime(2026, 11, 25, tzinfo=UTC),
        "ResourceStatus": "CREATE_COMPLETE",
    }


def test_a_caller_that_is_no_phone_number_is_refused(paidline: CommandLine) -> None:
    assert paidline.refused("calls", "list", "--caller", "ann") == "--caller is not a phone number."


def test_a_user_without_a_name_says_who_it_is(paidline: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody() -> str:
        raise KeyError

    monkeypatch.delenv("PAIDLINE_OPERATOR")
    monkeypatch.setattr("getpass.getuser", nobody)
    assert "say it with --operator" in paidline.refused("service", "describe")
