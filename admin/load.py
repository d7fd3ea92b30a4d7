"""Load a document of data into the tables of a deployed stack: `python -m admin.load`."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import botocore.session
from botocore.exceptions import BotoCoreError, ClientError

from admin import data
from local import settings, template


class StackError(Exception):
    """The stack was not deployed from this template; the message says why in one sentence."""


def main() -> int:
    """Load with the AWS credentials and region of the environment, and return the exit code."""
    try:
        stack = settings.required("STACK", "the deployed stack")
        document = settings.read_seed(Path(settings.required("SEED", "the file of data to load")))
        session: Any = botocore.session.get_session()
        os.environ.update(table_names(session.create_client("cloudformation"), stack, template.read()))
        data.load(session.create_client("dynamodb"), document)
    except (settings.SettingError, StackError, data.DataError, BotoCoreError, ClientError) as error:
        print(error, file=sys.stderr)
        return 2
    print(f"Loaded into {stack}.")
    return 0


def table_names(client: Any, stack: str, service: template.Template) -> Mapping[str, str]:
    """Return the functions' environment variables that name tables, with the names in the stack."""
    pages = client.get_paginator("list_stack_resources").paginate(StackName=stack)
    resources = [resource for page in pages for resource in page["StackResourceSummaries"]]
    deployed = {resource["LogicalResourceId"]: resource["PhysicalResourceId"] for resource in resources}
    tables = {table.logical_id for table in service.tables}
    if missing := sorted(tables - deployed.keys()):
        raise StackError(f"The stack {stack} has no {', '.join(missing)}.")
    return {name: deployed[value] for name, value in service.environment.items() if value in tables}


if __name__ == "__main__":
    sys.exit(main())
