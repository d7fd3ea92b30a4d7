"""A deployment, rehearsed: the documented requests on the tables that the stack made, an update, and its protection."""

from __future__ import annotations

import json
from typing import Any

import boto3

from admin import protect
from local import template
from tests.deployment import stack
from tests.deployment.conftest import Deployed
from tests.support import golden


def test_the_documented_requests_are_answered_from_the_tables_that_the_stack_made(deployed: Deployed) -> None:
    api = deployed.serve()
    client = boto3.client("dynamodb", stack.REGION)
    variables = deployed.variables()

    for table in template.read().tables:
        variable = next(name for name, value in template.read().environment.items() if value == table.name)
        made = client.describe_table(TableName=variables[variable])["Table"]
        assert made["TableName"].startswith("paidline-test-")
        assert made["KeySchema"] == table.definition["KeySchema"]
        assert made["DeletionProtectionEnabled"] is True
        for kind in ("GlobalSecondaryIndexes", "LocalSecondaryIndexes"):
            indexes: list[dict[str, Any]] = made.get(kind, [])  # type: ignore[assignment]
            wanted = {one["IndexName"]: one["KeySchema"] for one in table.definition.get(kind, [])}
            assert {one["IndexName"]: one["KeySchema"] for one in indexes} == wanted
    # Those that change nothing come first, and a call begins while its agent is online; each finds the example data.
    order = sorted(golden.CASES, key=lambda case: (case.reason is None, "update" in case.stem, "begin" in case.stem))
    for case in order:
        if case.reason is None or "unknown" in case.reason:
            reply = api.call(case.stem, case.body)
            assert reply.reason == case.reason, case.name


def test_an_update_of_the_stack_keeps_the_data(deployed: Deployed) -> None:
    before = deployed.serve().request("get_wallet_by_dialed_number_and_pin").body
    tables = {name: value for name, value in deployed.variables().items() if name.endswith("_TABLE")}
    path = deployed.built / "functions/get_status_by_ref/app.py"
    path.write_text(path.read_text(encoding="utf-8") + "\n# A new release.\n", encoding="utf-8")
    deployed.create(MaxWrongPins="7")

    assert deployed.variables()["MAX_WRONG_PINS"] == "7"
    assert {name: value for name, value in deployed.variables().items() if name.endswith("_TABLE")} == tables
    assert deployed.serve().request("get_wallet_by_dialed_number_and_pin").body == before


def allows(policy: dict[str, Any], action: str, resource_type: str) -> bool:
    """Whether a stack policy allows an update, as CloudFormation reads one: a deny is stronger than an allow."""
    effects = [
        statement["Effect"]
        for statement in policy["Statement"]
        for pattern in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
        if pattern in {action, "Update:*"}
        and resource_type
        in statement.get("Condition", {"StringEquals": {"ResourceType": [resource_type]}})["StringEquals"][
            "ResourceType"
        ]
    ]
    return "Allow" in effects and "Deny" not in effects


def test_the_stack_policy_denies_that_tables_are_replaced_or_deleted_and_nothing_else(deployed: Deployed) -> None:
    client = boto3.client("cloudformation", stack.REGION)
    client.set_stack_policy(StackName=deployed.name, StackPolicyBody=protect.POLICY.read_text(encoding="utf-8"))
    policy = json.loads(client.get_stack_policy(StackName=deployed.name)["StackPolicyBody"])

    for action in ("Update:Replace", "Update:Delete"):
        assert not allows(policy, action, "AWS::DynamoDB::Table")
        assert allows(policy, action, "AWS::Lambda::Function")
    assert allows(policy, "Update:Modify", "AWS::DynamoDB::Table")


def test_a_table_that_leaves_the_template_keeps_its_data() -> None:
    resources = template.load()["Resources"].values()
    tables = [one for one in resources if one["Type"] == "AWS::DynamoDB::Table"]

    assert all(one["DeletionPolicy"] == one["UpdateReplacePolicy"] == "Retain" for one in tables)
