"""Serves a gateway over HTTP from several processes and threads."""

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
_MAX_REQUEST_LINE_BYTES = 8190


class PortError(Exception):
    """The port cannot be used; the message says why in one sentence."""


class Server(BaseApplication):  # type: ignore[misc]
    """Gunicorn with a gateway in each of its processes."""

    def __init__(self, service: Template, listener: socket.socket, announcement: str) -> None:
        self._service = service
        # Gunicorn closes the descriptor itself, so nobody else may.
        self._descriptor = listener.detach()
        self._announcement = announcement
        super().__init__()

    def load_config(self) -> None:
        """Sets what differs from gunicorn's defaults."""
        self.cfg.set("bind", f"fd://{self._descriptor}")
        self.cfg.set("worker_class", "gthread")
        self.cfg.set("workers", _PROCESSES)
        self.cfg.set("threads", _THREADS)
        self.cfg.set("keepalive", 75)
        self.cfg.set("limit_request_line", _MAX_REQUEST_LINE_BYTES)
        self.cfg.set("graceful_timeout", 5)
        self.cfg.set("loglevel", "warning")
        # Not before the port listens, so that what it prints works as soon as it is read.
        self.cfg.set("when_ready", lambda _: print(self._announcement, flush=True))

    def load(self) -> Gateway:
        """Imports the handlers and makes their client: once in each process, as Lambda does."""
        gateway = Gateway(self._service)
        # A request's time is short, and making the client takes a good part of it where the machine is busy.
        if os.environ.get("DYNAMODB_ENDPOINT"):
            dynamodb()
        return gateway


def listen(port: int) -> socket.socket:
    """Takes a port of this machine's own address; 0 takes a free one."""
    listener = socket.socket()
    # A port that a stopped run has just left is free; one that another program serves is not.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except OSError as error:
        listener.close()
        raise PortError(
            f"Port {port} of {HOST} cannot be used ({error.strerror}): name another, as in PORT=3001."
        ) from error
    return listener


def url(listener: socket.socket) -> str:
    """The address that the listener's server answers at."""
    return f"http://{HOST}:{listener.getsockname()[1]}"
