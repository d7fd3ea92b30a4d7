"""Times to live of calls and log rows, which are kept for good unless the stack's parameters limit them."""

import os
import time
from typing import Any

_DAY_S = 24 * 60 * 60


def attribute(variable: str) -> dict[str, Any]:
    """Return the attribute that expires an item written now, or nothing.

    `variable` names the environment variable with the number of days; without one, or with 0, it is kept for good.
    """
    days = int(os.environ.get(variable) or 0)
    return {"expiresAt": {"N": str(int(time.time()) + days * _DAY_S)}} if days else {}
