"""The wire between the service's client and the engine, and everything that can go wrong on it.

It takes the place of botocore's HTTP connection (and signature, which no local engine checks) behind the `before-send`
event: everything of the service and of the SDK above that is what runs in Lambda.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable, Iterator
from typing import Any, NoReturn, Protocol
from urllib.parse import urlsplit

import botocore
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import ConnectionClosedError, EndpointConnectionError, ReadTimeoutError

from tests.simulation.commits import Commits
from tests.simulation.messages import Received, Sent, error
from tests.simulation.scheduler import ProcessDied

# What can happen to any call …
READ_FAULTS = ("unreachable", "request_lost", "throttled", "failed", "died_before", "died_after", "answer_lost")
# … and to a transaction on top of that.
WRITE_FAULTS = (
    *READ_FAULTS,
    "failed_after",
    "in_progress",
    "conflict",
    "delayed",
    "duplicated",
    "duplicated_late",
    "half_told",
    "slow_commit",
)


class Line:
    """One connection to the engine, kept open: a third of the cost of botocore's own."""

    def __init__(self, endpoint: str) -> None:
        address = urlsplit(endpoint)
        self._socket = socket.create_connection((address.hostname, address.port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._file = self._socket.makefile("rb")

    def send(self, sent: Sent) -> Received:
        """Sends a call and waits for the answer."""
        head = (
            "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-amz-json-1.0\r\n"
            f"X-Amz-Target: DynamoDB_20120810.{sent.operation}\r\nX-Amz-Date: 20260301T120000Z\r\n"
            "Authorization: AWS4-HMAC-SHA256 Credential=local/20260301/eu-west-1/dynamodb/aws4_request, "
            "SignedHeaders=host;x-amz-date, Signature=none\r\n"
            f"Content-Length: {len(sent.body)}\r\n\r\n"
        )
        self._socket.sendall(head.encode() + sent.body)
        status = int(self._file.readline().split()[1])
        headers = {}
        while (line := self._file.readline().strip()) != b"":
            name, _, value = line.partition(b":")
            headers[name.decode().lower()] = value.strip().decode()
        return Received(status, headers, self._file.read(int(headers["content-length"])))

    def close(self) -> None:
        """Hangs up."""
        self._file.close()
        self._socket.close()


class Weather(Protocol):
    """Decides what goes wrong."""

    def fault(self, operation: str) -> str:
        """A word of WRITE_FAULTS, or "" for none."""

    def forgets(self) -> bool:
        """Whether the store has forgotten the ClientRequestTokens that it has seen."""

    def slowness(self) -> tuple[float, float]:
        """How slow the next call is: the parts of the time-outs that connecting and answering take."""

    def pick(self, count: int) -> int:
        """A number below `count`."""


class Calm:
    """The weather in which nothing goes wrong."""

    def fault(self, operation: str) -> str:
        """Nothing."""
        return ""

    def forgets(self) -> bool:
        """Never."""
        return False

    def slowness(self) -> tuple[float, float]:
        """None."""
        return 0.0, 0.0

    def pick(self, count: int) -> int:
        """The first."""
        return 0


class Wire:
    """Carries calls to the engine through the weather.

    `pause` is told what is about to leave, and nothing when an answer is about to arrive; `observe` what the engine
    has done; `note_fault` what goes wrong; `sleep` how long a call takes.
    """

    def __init__(
        self,
        line: Line,
        weather: Weather,
        pause: Callable[[Sent | None], None],
        observe: Callable[[Sent, Received], None],
        note_fault: Callable[[str], None],
        sleep: Callable[[float], None],
    ) -> None:
        self.late: list[Sent] = []
        self.commits = Commits(line.send)
        self.faults: dict[str, int] = {}
        self.calls = 0
        self._line = line
        self._weather = weather
        self._pause = pause
        self._observe = observe
        self._note_fault = note_fault
        self._sleep = sleep
        # A replay sends the same tokens as the first run, and perhaps to the same engine.
        self._salt = os.urandom(16)

    def attach(self, client: Any) -> None:
        """Takes the place of the client's connection."""
        self._connect_s, self._read_s = client.meta.config.connect_timeout, client.meta.config.read_timeout
        client.meta.events.register("before-send.dynamodb", self._send)
        client.meta.events.register("choose-signer.dynamodb", _do_not_sign)

    def detach(self, client: Any) -> None:
        """Gives the client its connection back."""
        client.meta.events.unregister("before-send.dynamodb", self._send)
        client.meta.events.unregister("choose-signer.dynamodb", _do_not_sign)

    def detach_weather(self) -> None:
        """From now on nothing goes wrong any more."""
        self._weather = Calm()

    def deliver_late(self, index: int, *, slowly: bool = False) -> None:
        """Brings a call to the engine for which nobody waits any more."""
        sent = self.late.pop(index)
        if slowly:
            self._prepare(sent)
        else:
            self._carry(sent)

    def _send(self, request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        target: Any = request.headers["X-Amz-Target"]
        operation = (target.decode() if isinstance(target, bytes) else target).rpartition(".")[2]
        body: Any = request.body
        sent = Sent(operation, body if isinstance(body, bytes) else body.encode())
        self.calls += 1
        connecting, answering = self._weather.slowness()
        if connecting or answering:
            self._note("slow")
        # The handshake for TLS may take as long as the connection before it.
        self._sleep(2 * connecting * self._connect_s)
        self._pause(sent)
        fault = self._weather.fault(operation)
        if fault:
            self._note(fault)
        received = getattr(self, f"_{fault}")(sent, request.url) if fault else self._carry(sent)
        self._sleep(answering * self._read_s)
        self._pause(None)
        return _response(request.url, received)

    def _note(self, fault: str) -> None:
        self.faults[fault] = self.faults.get(fault, 0) + 1
        self._note_fault(fault)

    def _time_out(self, url: str) -> NoReturn:
        self._sleep(self._read_s)
        raise ReadTimeoutError(endpoint_url=url)

    def _carry(self, sent: Sent) -> Received:
        arriving = self._arriving(sent)
        received = self.commits.meets(arriving) or self._line.send(arriving)
        self._observe(sent, received)
        return received

    def _prepare(self, sent: Sent) -> Received:
        """A transaction whose items will be written one by one; what happens is decided now."""
        received = self.commits.prepare(self._arriving(sent))
        self._observe(sent, received)
        return received

    def _arriving(self, sent: Sent) -> Sent:
        if self._weather.forgets():
            self._salt = os.urandom(16)
        return sent.under(self._salt)

    def _unreachable(self, sent: Sent, url: str) -> Received:
        self._sleep(self._connect_s)
        raise EndpointConnectionError(endpoint_url=url)

    def _request_lost(self, sent: Sent, url: str) -> Received:
        self._time_out(url)

    def _throttled(self, sent: Sent, url: str) -> Received:
        return error(400, ("ThrottlingException", "ProvisionedThroughputExceededException")[self._weather.pick(2)])

    def _failed(self, sent: Sent, url: str) -> Received:
        return error(500, "InternalServerError")

    def _died_before(self, sent: Sent, url: str) -> Received:
        raise ProcessDied

    def _died_after(self, sent: Sent, url: str) -> Received:
        self._carry(sent)
        raise ProcessDied

    def _answer_lost(self, sent: Sent, url: str) -> Received:
        self._carry(sent)
        if self._weather.pick(2):
            raise ConnectionClosedError(endpoint_url=url)
        self._time_out(url)

    def _failed_after(self, sent: Sent, url: str) -> Received:
        self._carry(sent)
        return error(500, "InternalServerError")

    def _in_progress(self, sent: Sent, url: str) -> Received:
        self._carry(sent)
        return error(400, "TransactionInProgressException")

    def _conflict(self, sent: Sent, url: str) -> Received:
        count = len(json.loads(sent.body)["TransactItems"])
        first = self._weather.pick(count)
        both = self._weather.pick(2)
        reasons = [{"Code": "TransactionConflict" if both or n == first else "None"} for n in range(count)]
        return error(400, "TransactionCanceledException", CancellationReasons=reasons)

    def _delayed(self, sent: Sent, url: str) -> Received:
        self.late.append(sent)
        self._time_out(url)

    def _duplicated(self, sent: Sent, url: str) -> Received:
        answers = [self._carry(sent), self._carry(sent)]
        return answers[self._weather.pick(2)]

    def _duplicated_late(self, sent: Sent, url: str) -> Received:
        self.late.append(sent)
        return self._carry(sent)

    def _half_told(self, sent: Sent, url: str) -> Received:
        """A cancelled transaction of which only one failed condition is named."""
        received = self._carry(sent)
        answer = json.loads(received.body)
        reasons = answer.get("CancellationReasons", [])
        failed = [n for n, reason in enumerate(reasons) if reason["Code"] == "ConditionalCheckFailed"]
        if len(failed) < 2:
            return received
        told = failed[self._weather.pick(len(failed))]
        answer["CancellationReasons"] = [reason if n == told else {"Code": "None"} for n, reason in enumerate(reasons)]
        return Received(received.status, {"content-type": "application/x-amz-json-1.0"}, json.dumps(answer).encode())

    def _slow_commit(self, sent: Sent, url: str) -> Received:
        """A transaction that takes longer to commit than anybody waits for it."""
        received = self._prepare(sent)
        if received.status != 200:
            return received
        raise ReadTimeoutError(endpoint_url=url)


def _do_not_sign(**_: Any) -> Any:
    return botocore.UNSIGNED


def _response(url: str, received: Received) -> AWSResponse:
    headers: Any = received.headers
    return AWSResponse(url, received.status, headers, _Body(received.body))


class _Body:
    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self, *_: Any, **__: Any) -> Iterator[bytes]:
        """Gives the whole body, as botocore reads it."""
        yield self._content
