"""The service itself: where its tables are."""

import os

from paidline.management.changes import Done, Invocation
from paidline.management.values import Model
from paidline.version import VERSION


class DescribeService(Model):
    """No arguments."""


def describe(arguments: DescribeService, invocation: Invocation) -> Done:
    """Return the names of the tables, the time zone and the version. No DynamoDB call."""
    return Done(
        {
            "tables": {name: value for name, value in sorted(os.environ.items()) if name.endswith("_TABLE")},
            "dynamoDbEndpoint": os.environ["DYNAMODB_ENDPOINT"],
            "timeZone": os.environ["TIME_ZONE"],
            "stackVersion": VERSION,
        }
    )
