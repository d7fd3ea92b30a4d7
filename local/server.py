"""Serve a gateway over HTTP from several processes and threads."""

from __future__ import annotations

import os
import socket

from gunicorn.app.base import BaseApplication

from local.gateway import Gateway
from local.template import Template
from paidline.store.dynamodb import dynamodb

HOST = "127.0.0.1"
_PROCESSES = 2
_THREADS = 32
MAX_REQUEST_LINE_BYTES = 8190


class PortError(Exception):
    """The port cannot be used; the message says why in one sentence."""


class Server(BaseApplication):  # type: ignore[misc]
    """Gunicorn with a gateway in each of its processes."""

    def __init__(self, service: Template, listener: socket.socket, announcement: str) -> None:
        self._service = service
        # Detached, because Gunicorn closes the descriptor itself.
        self._descriptor = listener.detach()
        self._announcement = announcement
        super().__init__()

    def load_config(self) -> None:
        """Override Gunicorn's defaults."""
        self.cfg.set("bind", f"fd://{self._descriptor}")
        self.cfg.set("worker_class", "gthread")
        self.cfg.set("workers", _PROCESSES)
        self.cfg.set("threads", _THREADS)
        self.cfg.set("keepalive", 75)
        self.cfg.set("limit_request_line", MAX_REQUEST_LINE_BYTES)
        self.cfg.set("graceful_timeout", 5)
        self.cfg.set("loglevel", "warning")
        # Announce only once the port listens, so that the printed command works immediately.
        self.cfg.set("when_ready", lambda _: print(self._announcement, flush=True))

    def load(self) -> Gateway:
        """Import the handlers and create their client, once in each process as in Lambda."""
        gateway = Gateway(self._service)
        # On a busy machine, creating the client would take much of the first request's time limit.
        if os.environ.get("DYNAMODB_ENDPOINT"):
            dynamodb()
        return gateway


def listen(port: int) -> socket.socket:
    """Bind a port of the loopback address; 0 binds a free one."""
    listener = socket.socket()
    # Allows a port that a previous run has just closed, but not one that another program is using.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except OSError as error:
        listener.close()
        raise PortError(
            f"Port {port} of {HOST} cannot be used ({error.strerror}): choose another, as in PORT=3001."
        ) from error
    return listener


def url(listener: socket.socket) -> str:
    """Return the listener's URL."""
    return f"http://{HOST}:{listener.getsockname()[1]}"
