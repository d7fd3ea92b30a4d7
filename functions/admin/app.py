"""Run an operator's command; docs/admin-api.md describes them. It has no route, and is invoked through Lambda."""

from typing import Any

from paidline.api.endpoint import Context
from paidline.management import function

function.start()


def lambda_handler(event: dict[str, Any], context: Context) -> dict[str, Any]:
    """Return the result of a command, or an error."""
    return function.handle(event, context)
