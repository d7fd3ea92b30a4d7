"""Runs the whole service on this machine: `python -m local`."""

from __future__ import annotations

import json
import os
import socket
import sys
from pathlib import Path
from typing import Any

from gunicorn.app.base import BaseApplication

from local import data, engine, tables, template
from local.gateway import Gateway, set_environment

_HOST = "127.0.0.1"
_EXAMPLE_DATA = template.PROJECT / "local" / "example_data.json"
_EXAMPLE_HASH = "ff36f129745a122e591722d3fda495416fe05aa9586e12238ec4dad37895e069"
_PROCESSES = 2
_THREADS = 32


class Usage(Exception):
    """A setting is wrong; the message says what to do in one sentence."""


class Server(BaseApplication):  # type: ignore[misc]
    """Gunicorn with a gateway in each of its processes."""

    def __init__(self, service: template.Template, listener: socket.socket, announcement: str) -> None:
        self._service = service
        self._listener = listener
        self._announcement = announcement
        super().__init__()

    def load_config(self) -> None:
        """Sets what differs from gunicorn's defaults."""
        self.cfg.set("bind", f"fd://{self._listener.fileno()}")
        self.cfg.set("worker_class", "gthread")
        self.cfg.set("workers", _PROCESSES)
        self.cfg.set("threads", _THREADS)
        self.cfg.set("keepalive", 75)
        self.cfg.set("limit_request_line", 8190)
        self.cfg.set("graceful_timeout", 5)
        self.cfg.set("loglevel", "warning")
        # Not before the port listens, so that the printed line works as soon as it is read.
        self.cfg.set("when_ready", lambda _: print(self._announcement, flush=True))

    def load(self) -> Gateway:
        """Imports the handlers: once in each process, as Lambda does."""
        return Gateway(self._service)


def main() -> int:
    """Serves until it is told to stop."""
    try:
        _serve()
    except (Usage, engine.EngineError) as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


def _serve() -> None:
    seed = Path(os.environ.get("SEED") or _EXAMPLE_DATA)
    folder = os.environ.get("DATA")
    document = _read_seed(seed)
    service = template.read()
    with _listen(_port()) as listener, engine.start(Path(folder) if folder else None) as running:
        set_environment(service, running.endpoint)
        client = running.client()
        if tables.create(client, service.tables):
            data.load(client, document)
        announcement = _announcement(service, listener.getsockname()[1], is_example=seed == _EXAMPLE_DATA)
        Server(service, listener, announcement).run()


def _port() -> int:
    text = os.environ.get("PORT") or "3000"
    if not text.isascii() or not text.isdigit() or int(text) > 65535:
        raise Usage(f"PORT is {text!r}, which is not a port number.")
    return int(text)


def _read_seed(path: Path) -> dict[str, Any]:
    try:
        document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise Usage(f"SEED: {path} cannot be read ({error.strerror}).") from error
    except ValueError as error:
        raise Usage(f"SEED: {path} is not JSON ({error}).") from error
    return document


def _listen(port: int) -> socket.socket:
    listener = socket.socket()
    # A port that a stopped run has just left is free; one that another program serves is not.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((_HOST, port))
    except OSError as error:
        listener.close()
        raise Usage(f"Port {port} of {_HOST} cannot be used ({error.strerror}): choose another with PORT=.") from error
    return listener


def _announcement(service: template.Template, port: int, *, is_example: bool) -> str:
    base = f"http://{_HOST}:{port}"
    lines = ["Serving:", *(f"  {route.method} {base}{route.path}" for route in service.routes)]
    if is_example:
        request = json.dumps({"authenticationHash": _EXAMPLE_HASH, "ref": "000038"})
        lines += [
            "Try:",
            f"  curl -s -H 'Content-Type: application/json' -d '{request}' {base}{service.routes[0].path}",
        ]
    return "\n".join([*lines, "Ctrl-C ends it."])


if __name__ == "__main__":
    sys.exit(main())
