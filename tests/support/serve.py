"""Serve the template's routes with a store that is already running: `python -m tests.support.serve ENDPOINT`."""

from __future__ import annotations

import sys

from local import gateway, server, template


def main(store: str) -> None:
    """Print the address, then serve until stopped."""
    service = template.read()
    gateway.set_environment(service, store)
    listener = server.listen(0)
    server.Server(service, listener, server.url(listener)).run()


if __name__ == "__main__":
    main(sys.argv[1])
