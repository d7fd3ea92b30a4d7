"""The fallback engine: moto as a server that does one thing at a time, because moto is not atomic under threads."""

from __future__ import annotations

import sys

from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import run_simple


def main(host: str, port: int) -> None:
    """Serves moto's DynamoDB from one thread."""
    run_simple(host, port, DomainDispatcherApplication(create_backend_app, service="dynamodb"), threaded=False)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
