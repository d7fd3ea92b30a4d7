"""Serve a stack's functions on this machine: `python -m tests.deployment.serve STORE NAMES`.

It stands in for API Gateway and for Lambda's Invoke call, neither of which moto can run without Docker. NAMES is JSON:
the stack's `variables` and `functions`, as tests.deployment.stack.renamed takes them.
"""

from __future__ import annotations

import json
import sys

from local import gateway, server, template
from tests.deployment import stack


def main(store: str, names: str) -> None:
    """Print the address, then serve until stopped."""
    service = stack.renamed(template.read(), **json.loads(names))
    gateway.set_environment(service, store)
    listener = server.listen(0)
    server.Server(service, listener, server.url(listener)).run()


if __name__ == "__main__":
    main(*sys.argv[1:])
