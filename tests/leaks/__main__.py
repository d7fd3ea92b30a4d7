"""Scan what the service writes about generated requests for secrets: `make leak-scan`. REQUESTS=100000 SEED=1."""

from __future__ import annotations

import os
import sys

from local import engine, template
from tests.leaks.scan import scan
from tests.support import api as support
from tests.support.api import Api
from tests.support.store import Store


def main() -> int:
    """Print what was scanned, and return 1 if anything leaked."""
    service = template.read()
    handlers = support.load(service)
    count, seed = int(os.environ.get("REQUESTS") or "100000"), int(os.environ.get("SEED") or "1")
    with engine.start() as running:
        store = Store(engine.client(running.endpoint), service)
        store.load_example()
        with Api(handlers, store, running.endpoint).connected():
            done = scan(Api(handlers, store, running.endpoint), count, seed)
    print(f"{done.requests} requests, {done.faults} faults, {done.bytes} bytes scanned: {len(done.leaks)} leaks")
    # They are made up, and may be shown.
    print("\n".join(done.leaks[:5]))
    return 1 if done.leaks else 0


if __name__ == "__main__":
    sys.exit(main())
