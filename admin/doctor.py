"""What in an account or a deployed stack would hurt later: quotas, protection, recovery, alarms."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from admin.protect import POLICY

# New accounts have 10; a PBX of 64 calls at once needs more, and CloudFormation's own functions share it.
_MIN_CONCURRENCY = 100


@dataclass(frozen=True)
class Finding:
    """What is wrong, and what to do about it, each as a sentence."""

    problem: str
    remedy: str


@dataclass(frozen=True)
class Clients:
    """The AWS clients that are asked; read-only."""

    cloudformation: Any
    dynamodb: Any
    # "lambda" is a word of Python's.
    functions: Any


def examine(clients: Clients, stack: str) -> list[Finding]:
    """Return what is wrong with the account and the stack; each call is a read."""
    return [*_quotas(clients), *_stack(clients, stack), *_tables(clients, stack), *_alarms(clients, stack)]


def _quotas(clients: Clients) -> Iterator[Finding]:
    concurrency = clients.functions.get_account_settings()["AccountLimit"]["ConcurrentExecutions"]
    if concurrency < _MIN_CONCURRENCY:
        yield Finding(
            f"Only {concurrency} functions may run at once in this account and region.",
            "Ask for a higher quota L-B99A9384 (Lambda, concurrent executions) in Service Quotas; it takes days.",
        )


def _stack(clients: Clients, stack: str) -> Iterator[Finding]:
    (described,) = clients.cloudformation.describe_stacks(StackName=stack)["Stacks"]
    if not described.get("EnableTerminationProtection"):
        yield Finding(f"{stack} can be deleted by one command.", f"make protect STACK={stack}")
    policy = clients.cloudformation.get_stack_policy(StackName=stack).get("StackPolicyBody") or "{}"
    if json.loads(policy) != json.loads(POLICY.read_text(encoding="utf-8")):
        yield Finding(f"An update of {stack} can replace its tables.", f"make protect STACK={stack}")


def _tables(clients: Clients, stack: str) -> Iterator[Finding]:
    for resource in _resources(clients, stack):
        if resource["ResourceType"] != "AWS::DynamoDB::Table":
            continue
        name, table = resource["LogicalResourceId"], resource["PhysicalResourceId"]
        backups = clients.dynamodb.describe_continuous_backups(TableName=table)["ContinuousBackupsDescription"]
        if backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] != "ENABLED":
            yield Finding(f"{name} cannot be restored to a second.", "Deploy again: the template turns it on.")
        if not clients.dynamodb.describe_table(TableName=table)["Table"].get("DeletionProtectionEnabled"):
            yield Finding(f"{name} can be deleted by one command.", "Deploy again: the template protects it.")


def _alarms(clients: Clients, stack: str) -> Iterator[Finding]:
    pages = clients.cloudformation.get_paginator("describe_stacks").paginate()
    watched = {
        parameter["ParameterValue"]
        for page in pages
        for described in page["Stacks"]
        for parameter in described.get("Parameters", [])
        if parameter["ParameterKey"] == "ServiceStack"
    }
    if stack not in watched:
        yield Finding(f"Nobody watches {stack}.", f"make alarms STACK={stack} EMAIL=<address>")


def _resources(clients: Clients, stack: str) -> Iterator[dict[str, Any]]:
    for page in clients.cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack):
        yield from page["StackResourceSummaries"]
