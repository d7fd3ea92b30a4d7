"""A deployed stack in moto: made once, because translating and creating it takes seconds."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import boto3
import pytest
from moto import mock_aws

from admin import data
from local import template
from paidline.store.dynamodb import dynamodb
from tests.deployment import stack
from tests.support import paid_calls
from tests.support import store as stores
from tests.support.api import Api
from tests.support.coverage import unmeasured


@dataclass
class Deployed:
    """The stack, and what a test does with it."""

    name: str
    built: Path
    handlers: Any

    @unmeasured()
    def create(self, **parameters: str) -> None:
        """Create the stack, or update it."""
        cloudformation = boto3.client("cloudformation", stack.REGION)
        translated, used = stack.released(self.built, **parameters)
        given: Any = [{"ParameterKey": key, "ParameterValue": value} for key, value in used.items()]
        stack.upload(translated)
        exists = bool(cloudformation.list_stacks(StackStatusFilter=["CREATE_COMPLETE"])["StackSummaries"])
        deploy: Any = cloudformation.update_stack if exists else cloudformation.create_stack
        with warnings.catch_warnings():
            # moto knows the log groups' and functions' types, and warns about properties that it leaves out.
            warnings.simplefilter("ignore")
            deploy(
                StackName=self.name,
                TemplateBody=stack.for_moto(translated),
                Parameters=given,
                Capabilities=["CAPABILITY_IAM"],
            )

    def variables(self) -> dict[str, str]:
        """The environment of the deployed functions."""
        functions = boto3.client("lambda", stack.REGION).list_functions()["Functions"]
        environments = [
            {name: str(value) for name, value in function["Environment"]["Variables"].items()} for function in functions
        ]
        assert len(environments) == len(self.function_names())
        assert all(environment == environments[0] for environment in environments)
        return environments[0]

    def function_names(self) -> dict[str, str]:
        """The functions' names, by what the template calls them."""
        pages = boto3.client("cloudformation", stack.REGION).get_paginator("list_stack_resources")
        return {
            resource["LogicalResourceId"]: resource["PhysicalResourceId"]
            for page in pages.paginate(StackName=self.name)
            for resource in page["StackResourceSummaries"]
            if resource["ResourceType"] == "AWS::Lambda::Function"
        }

    def serve(self) -> Api:
        """The handlers with the deployed functions' environment, and nothing in memory."""
        os.environ.update(self.variables())
        dynamodb.cache_clear()
        api = Api(self.handlers, None, endpoint="")  # type: ignore[arg-type]
        api.forget()
        return api


@pytest.fixture
def empty(tmp_path: Path, handlers: Any) -> Iterator[Deployed]:
    """A stack without any data."""
    credentials = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_DEFAULT_REGION": stack.REGION}
    with mock_aws(), patch.dict(os.environ, credentials):
        made = Deployed("paidline-test", stack.build(tmp_path), handlers)
        made.create()
        os.environ.update(made.variables())
        yield made
    dynamodb.cache_clear()
    Api(handlers, None, endpoint="").forget()  # type: ignore[arg-type]


@pytest.fixture
def deployed(empty: Deployed) -> Deployed:
    """A stack with the example data, and the paid calls that the documented requests find."""
    client: Any = boto3.client("dynamodb", stack.REGION)
    data.load(client, stores.example_data())
    paid_calls.load(stores.Store(client, stack.renamed(template.read(), empty.variables())))
    return empty
