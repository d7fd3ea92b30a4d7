"""Translates a SAM template as CloudFormation would, in an environment of SAM's own: reads and writes JSON.

Run with `.venv-translator/bin/python`; see tests/deployment/stack.py.
"""

import json
import os
import sys

from samtranslator.translator.transform import transform

os.environ.setdefault("AWS_DEFAULT_REGION", "eu-west-1")


class ManagedPolicies:
    """Stands in for IAM: the managed policies that SAM itself adds to roles."""

    def load(self) -> dict[str, str]:
        """Return ARNs by name."""
        return {
            name: f"arn:aws:iam::aws:policy/{path}{name}"
            for name, path in {
                "AWSLambdaBasicExecutionRole": "service-role/",
                "AWSXRayDaemonWriteAccess": "",
                "AWSCodeDeployRoleForLambda": "service-role/",
            }.items()
        }


if __name__ == "__main__":
    given = json.load(sys.stdin)
    json.dump(transform(given["template"], given["parameters"], ManagedPolicies()), sys.stdout)
