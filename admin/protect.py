"""Protect a deployed stack from deletion, and its tables from being replaced: `python -m admin.protect`."""

from __future__ import annotations

import sys
from typing import Any

import botocore.session
from botocore.exceptions import BotoCoreError, ClientError

from local import settings
from local.template import PROJECT

POLICY = PROJECT / "stack-policy.json"


def main() -> int:
    """Protect with the AWS credentials and region of the environment, and return the exit code."""
    try:
        stack = settings.required("STACK", "the deployed stack")
        session: Any = botocore.session.get_session()
        protect(session.create_client("cloudformation"), stack)
    except (settings.SettingError, BotoCoreError, ClientError) as error:
        print(error, file=sys.stderr)
        return 2
    print(f"{stack} cannot be deleted, and its tables cannot be replaced.")
    return 0


def protect(client: Any, stack: str) -> None:
    """Set the stack policy and the termination protection."""
    client.set_stack_policy(StackName=stack, StackPolicyBody=POLICY.read_text(encoding="utf-8"))
    client.update_termination_protection(StackName=stack, EnableTerminationProtection=True)


if __name__ == "__main__":
    sys.exit(main())
