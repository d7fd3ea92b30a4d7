"""Hand log lines to the functions that subscribe to them, as CloudWatch Logs does; here at once and one by one."""

from __future__ import annotations

import base64
import gzip
import json
import time
from typing import Any


def refused_request(reason: str, *, is_fault: bool) -> dict[str, Any]:
    """Return the event that delivers the log line of a request that was not answered with success."""
    # The parts of a line that its subscriber reads.
    message = json.dumps({"reason": reason, "Faults": [int(is_fault)]})
    batch = {
        "messageType": "DATA_MESSAGE",
        "logGroup": "local",
        "logStream": "local",
        "logEvents": [{"id": "0", "timestamp": int(time.time() * 1000), "message": message}],
    }
    return {"awslogs": {"data": base64.b64encode(gzip.compress(json.dumps(batch).encode())).decode()}}
