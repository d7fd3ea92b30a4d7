"""Serves the routes on a store that outlives this process: `python -m tests.asterisk.serve STORE PORT`."""

from __future__ import annotations

import sys

from local import server, template
from local.gateway import set_environment


def main() -> None:
    """Serves until it is killed."""
    service = template.read()
    set_environment(service, sys.argv[1])
    with server.listen(int(sys.argv[2])) as listener:
        server.Server(service, listener, "ready").run()


if __name__ == "__main__":
    main()
