"""A door before the gateway that writes down what comes in, and can hold back answers or answer with a fault."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_WAIT_SECONDS = 20
_FAULT = b'{"status":0,"message":"failed","code":30}'


@dataclass
class Door:
    """Passes every request on at once, unless told to hold back its answer or to fail."""

    target_port: int
    port: int = 0
    requests: list[tuple[str, str]] = field(default_factory=list)
    _hold: dict[str, tuple[float, range]] = field(default_factory=dict)
    _fail: dict[str, int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def url(self) -> str:
        """Where the door is."""
        return f"http://127.0.0.1:{self.port}"

    def hold(self, endpoint: str, seconds: float, times: int, after: int = 0) -> None:
        """Holds back the next answers of an endpoint, or those after so many others."""
        self._hold[endpoint] = (seconds, range(after, after + times))

    def fail(self, endpoint: str, times: int) -> None:
        """Answers the next requests of an endpoint as the service does that cannot reach its store."""
        self._fail[endpoint] = times

    def wait_for(self, endpoint: str) -> None:
        """Waits until a request for the endpoint has come in."""
        deadline = time.monotonic() + _WAIT_SECONDS
        while endpoint not in [seen for seen, _ in self.requests]:
            assert time.monotonic() < deadline, f"no request for {endpoint}"
            time.sleep(0.1)

    def reset(self) -> None:
        """Forgets what came in and what it was told."""
        self.requests.clear()
        self._hold.clear()
        self._fail.clear()

    def enter(self, path: str, label: str) -> tuple[bool, float]:
        """Writes a request down; whether it is to fail, and how long its answer is to be held back."""
        endpoint = path.rpartition("/")[2]
        with self._lock:
            self.requests.append((endpoint, label))
            failures = self._fail.get(endpoint, 0)
            self._fail[endpoint] = failures - 1
            seconds, times = self._hold.get(endpoint, (0.0, range(0)))
            self._hold[endpoint] = (seconds, range(times.start - 1, times.stop - 1))
        return failures > 0, seconds if 0 in times else 0.0

    def pass_on(self, path: str, label: str, body: bytes) -> tuple[int, bytes]:
        """Sends a request to the gateway; the answer's status and body."""
        inside = http.client.HTTPConnection("127.0.0.1", self.target_port, timeout=10)
        try:
            inside.request("POST", path, body, {"Content-Type": label})
            answer = inside.getresponse()
            return answer.status, answer.read()
        finally:
            inside.close()


@contextmanager
def running(target_port: int) -> Iterator[Door]:
    """Runs a door on a free port until the block ends."""
    door = Door(target_port)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            label = self.headers.get("Content-Type", "")
            body = self.rfile.read(int(self.headers["Content-Length"]))
            fails, held_back = door.enter(self.path, label)
            status, content = (503, _FAULT) if fails else door.pass_on(self.path, label, body)
            time.sleep(held_back)
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            """Says nothing: the test's own output is enough."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            """Says nothing: a client that gives up waiting is what the door is for."""

    with Server(("127.0.0.1", 0), Handler) as server:
        door.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield door
        finally:
            server.shutdown()
            thread.join()
