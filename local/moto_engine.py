"""The fallback engine: moto as a single-threaded server, because its transactions are not atomic across threads."""

from __future__ import annotations

import sys

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import run_simple


def main(host: str, port: int) -> None:
    """Serve moto from a single thread."""
    run_simple(host, port, DomainDispatcherApplication(create_backend_app), threaded=False)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
