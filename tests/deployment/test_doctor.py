"""What the doctor finds in a new account with a new stack, and no longer after its advice was taken."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import boto3
import pytest

from admin import protect
from admin.cli.connection import Stack
from admin.cli.main import run
from admin.doctor import Clients, examine
from tests.deployment import stack
from tests.deployment.conftest import Deployed


class NewAccount:
    """Lambda's client in an account; moto does not know the quota."""

    def __init__(self, concurrency: int) -> None:
        self._concurrency = concurrency

    def get_account_settings(self) -> Any:
        """Return as much of the answer as is read."""
        return {"AccountLimit": {"ConcurrentExecutions": self._concurrency}}


class Stacks:
    """CloudFormation's client; moto does not know termination protection."""

    def __init__(self) -> None:
        self._client: Any = boto3.client("cloudformation", stack.REGION)
        self._is_protected = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def update_termination_protection(self, *, EnableTerminationProtection: bool, **_: Any) -> None:
        """Remember it."""
        self._is_protected = EnableTerminationProtection

    def describe_stacks(self, **given: Any) -> Any:
        """Return the stack with its protection."""
        (described,) = self._client.describe_stacks(**given)["Stacks"]
        return {"Stacks": [{**described, "EnableTerminationProtection": self._is_protected}]}


def clients(concurrency: int) -> Clients:
    return Clients(
        cloudformation=Stacks(),
        dynamodb=boto3.client("dynamodb", stack.REGION),
        functions=NewAccount(concurrency),
    )


def test_the_doctor_finds_what_a_new_stack_in_a_new_account_lacks_and_its_advice_helps(deployed: Deployed) -> None:
    problems = [finding.problem for finding in examine(clients(10), deployed.name)]

    assert "Only 10 functions may run at once in this account and region." in problems
    assert "paidline-test can be deleted by one command." in problems
    assert "An update of paidline-test can replace its tables." in problems
    assert "Nobody watches paidline-test." in problems

    made = clients(1000)
    protect.protect(made.cloudformation, deployed.name)
    table = deployed.variables()["WALLETS_TABLE"]
    made.dynamodb.update_table(TableName=table, DeletionProtectionEnabled=False)
    left = [finding.problem for finding in examine(made, deployed.name)]

    assert "WalletsTable can be deleted by one command." in left
    assert not [problem for problem in left if "paidline-test can" in problem or "functions may run" in problem]


@pytest.fixture
def serving(monkeypatch: pytest.MonkeyPatch) -> Callable[[Clients], None]:
    """Let the command line use clients."""

    def serve(clients: Clients) -> None:
        by_service = {
            "cloudformation": clients.cloudformation,
            "dynamodb": clients.dynamodb,
            "lambda": clients.functions,
        }
        monkeypatch.setattr(Stack, "client", lambda _, service: by_service[service])

    return serve


def test_the_command_shows_what_is_wrong_with_what_to_do_and_ends_with_1_until_nothing_is(
    deployed: Deployed, serving: Callable[[Clients], None], capsys: pytest.CaptureFixture[str]
) -> None:
    new = clients(10)
    serving(new)
    command = ["doctor", "--stack", deployed.name, "--region", stack.REGION, "--csv"]

    assert run(command) == 1
    shown = capsys.readouterr().out
    assert shown.startswith("problem,remedy\n")
    assert "Only 10 functions may run at once" in shown
    assert "make protect STACK=paidline-test" in shown

    healthy = clients(1000)
    # moto makes tables without the recovery that the template asks for.
    for variable, table in deployed.variables().items():
        if variable.endswith("_TABLE"):
            healthy.dynamodb.update_continuous_backups(
                TableName=table, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
            )
    protect.protect(healthy.cloudformation, deployed.name)
    boto3.client("cloudformation", stack.REGION).create_stack(
        StackName=f"{deployed.name}-alarms",
        TemplateBody=json.dumps(
            {
                "Parameters": {"ServiceStack": {"Type": "String"}},
                "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}},
            }
        ),
        Parameters=[{"ParameterKey": "ServiceStack", "ParameterValue": deployed.name}],
    )
    serving(healthy)

    assert run(command) == 0
    assert capsys.readouterr().err == f"{deployed.name}: nothing is wrong\n"


def test_a_service_on_this_machine_has_nothing_to_examine(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["doctor", "--url", "http://127.0.0.1:3000"]) == 2
    assert "--stack" in capsys.readouterr().err
