"""Serve the template's routes with a store that is already running: `python -m tests.support.serve ENDPOINT`."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from local import gateway, server, template


@contextmanager
def running(store: str) -> Iterator[str]:
    """Run a gateway in a process of its own in front of a store, and give its address."""
    command = [sys.executable, "-m", "tests.support.serve", store]
    # Its workers write at the same time, so one's long line may cut another's character in two: errors="replace".
    with subprocess.Popen(
        command,
        cwd=template.PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        encoding="utf-8",
        errors="replace",
    ) as process:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        # Unread, a full pipe of log lines would stop the gateway.
        reader = threading.Thread(target=process.stdout.read)
        reader.start()
        yield address
        process.terminate()
        reader.join()


def main(store: str) -> None:
    """Print the address, then serve until stopped."""
    service = template.read()
    gateway.set_environment(service, store)
    listener = server.listen(0)
    server.Server(service, listener, server.url(listener)).run()


if __name__ == "__main__":
    main(sys.argv[1])
