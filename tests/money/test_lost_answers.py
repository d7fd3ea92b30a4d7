"""What got no answer is sent again: here the store has done it, and the connection is cut before it can say so.

A real connection: a relay between the service's client and the engine hangs up at will.
"""

from __future__ import annotations

import re
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from paidline.store.dynamodb import dynamodb
from tests.support.service import ADD, SESSION, START, SUBTRACT, Service

_TOKEN = re.compile(rb'"ClientRequestToken": ?"([^"]*)"')
PASS, CUT, CUT_IN_THE_BODY, KEPT = "pass", "cut", "cut in the body", "kept"


class Relay:
    """Passes every call on to the engine; what becomes of the answers to transactions is planned."""

    def __init__(self, endpoint: str) -> None:
        address = urlsplit(endpoint)
        self._engine = (address.hostname, address.port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.endpoint = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.plan: list[str] = []
        self.forgets = False
        self.tokens: list[bytes] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Takes no more calls."""
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, socket.create_connection(self._engine) as engine:
            while request := _message(connection):
                fate = self._fate(request)
                engine.sendall(self._changed(request))
                answer = _message(engine)
                if fate == CUT:
                    return
                if fate == KEPT:
                    # Until the client has had enough.
                    connection.recv(1)
                    return
                connection.sendall(answer[:-1] if fate == CUT_IN_THE_BODY else answer)
                if fate == CUT_IN_THE_BODY:
                    return

    def _fate(self, request: bytes) -> str:
        token = _TOKEN.search(request)
        if not token:
            return PASS
        self.tokens.append(token[1])
        return self.plan.pop(0) if self.plan else PASS

    def _changed(self, request: bytes) -> bytes:
        """A store that forgets sees another token each time; of the same length, so that the request stays whole."""
        if not self.forgets:
            return request
        return _TOKEN.sub(lambda match: match[0].replace(match[1], uuid.uuid4().hex[: len(match[1])].encode()), request)


def _message(connection: socket.socket) -> bytes:
    """One request or answer, whole; nothing where the other side has hung up."""
    message = b""
    while b"\r\n\r\n" not in message:
        if not (part := connection.recv(65536)):
            return b""
        message += part
    head, _, body = message.partition(b"\r\n\r\n")
    length = re.search(rb"content-length: *(\d+)", head, re.IGNORECASE)
    missing = int(length[1]) - len(body) if length else 0
    while missing > 0:
        part = connection.recv(missing)
        message += part
        missing -= len(part)
    return message


@pytest.fixture(params=[False, True], ids=["the store remembers the token", "the store has forgotten the token"])
def relay(service: Service, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Relay]:
    made = Relay(service.endpoint)
    made.forgets = request.param
    monkeypatch.setenv("DYNAMODB_ENDPOINT", made.endpoint)
    dynamodb.cache_clear()
    dynamodb()
    yield made
    made.close()


@pytest.mark.parametrize("cut", [CUT, CUT_IN_THE_BODY])
@pytest.mark.parametrize("key", [{}, {"idempotencyKey": "call-1"}], ids=["without a key", "with a key"])
@pytest.mark.parametrize(("stem", "balance"), [(SUBTRACT, START - 30), (ADD, START + 30)])
def test_tokens_move_once_when_the_answer_to_the_first_try_is_cut_off(
    service: Service, relay: Relay, stem: str, balance: int, key: dict[str, str], cut: str
) -> None:
    relay.plan = [cut]
    answer = service.send(stem, **key)

    assert (answer.status, answer.code, answer.tokens) == (200, 20, balance)
    assert len(service.entries()) == 1
    assert service.balance() == balance
    # It was sent again, and under the same token.
    assert len(relay.tokens) == 2
    assert len(set(relay.tokens)) == 1


@pytest.mark.parametrize("key", [{}, {"idempotencyKey": "call-1"}], ids=["without a key", "with a key"])
def test_a_session_is_created_once_when_the_answer_to_the_first_try_is_cut_off(
    service: Service, relay: Relay, key: dict[str, str]
) -> None:
    relay.plan = [CUT]
    answer = service.send(SESSION, **key)

    (session,) = service.items("CALL_SESSIONS_TABLE")
    assert (answer.code, answer.json["callSession"]["id"]) == (403, session["id"]["N"])
    assert len(relay.tokens) == 2


def test_a_request_whose_every_answer_is_cut_off_has_one_effect_and_its_key_tells_it_later(
    service: Service, relay: Relay
) -> None:
    relay.plan = [CUT] * 6
    lost = service.send(SUBTRACT, idempotencyKey="call-1")
    assert (lost.status, lost.code, lost.reason) == (503, 30, "store_unavailable")
    assert len(service.entries()) == 1

    told = service.send(SUBTRACT, idempotencyKey="call-1")

    assert (told.code, told.is_hit, told.tokens) == (20, True, START - 30)
    assert len(service.entries()) == 1


def test_a_request_whose_answers_never_come_ends_in_time_with_one_effect_and_its_key_tells_it_later(
    service: Service, relay: Relay, capsys: pytest.CaptureFixture[str]
) -> None:
    relay.plan = [KEPT] * 10
    started = time.monotonic()
    lost = service.send(SUBTRACT, idempotencyKey="call-1")
    with capsys.disabled():
        print(f"\n{len(relay.tokens)} tries over a real socket, answered after {time.monotonic() - started:.2f} s")

    assert (lost.status, lost.code, lost.reason) == (503, 30, "deadline_exceeded")
    assert len(relay.tokens) > 1
    assert len(set(relay.tokens)) == 1
    assert len(service.entries()) == 1

    relay.plan = []
    told = service.send(SUBTRACT, idempotencyKey="call-1")

    assert (told.code, told.is_hit, told.tokens) == (20, True, START - 30)


@pytest.mark.parametrize("stem", [SUBTRACT, SESSION])
def test_a_store_that_takes_connections_and_never_answers_is_given_up_in_time(
    service: Service, stem: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("DYNAMODB_ENDPOINT", f"http://127.0.0.1:{silent.getsockname()[1]}")
        dynamodb.cache_clear()
        dynamodb()
        started = time.monotonic()
        answer = service.send(stem)
        with capsys.disabled():
            print(f"\n{stem}: given up after {time.monotonic() - started:.2f} s")

    assert (answer.status, answer.code, answer.reason) == (503, 30, "deadline_exceeded")
