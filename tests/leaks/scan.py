"""Sends generated requests, faults included, and looks for each of their secrets in everything that was written."""

from __future__ import annotations

import contextlib
import io
import json
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ReadTimeoutError

from paidline.api import telemetry
from tests.support import contract, wire
from tests.support.admin import Admin
from tests.support.api import Api

# Names of parameters whose values are secret or personal; the service numbers are phone numbers too.
_PERSONAL = ("authenticationHash", "pin", "inboundNumber", "outboundNumber", "dialedNumber")
_STORED = (
    *("695334", "31688006395", "a1@a12.com", "31612345678", "710001", "31688006396"),
    *(contract.AGENTS_HASH, contract.CREDIT_HASH, contract.CALLS_HASH),
)
# A time in milliseconds and an id happen to have the six digits of a PIN once in some 100,000 requests.
_MADE_BY_US = re.compile(r'"Timestamp":[0-9]{13}(?![0-9])|"storedRequestId":"[0-9a-f]{32}"')


@dataclass
class Scan:
    """What was sent and what was found."""

    requests: int = 0
    faults: int = 0
    secrets: set[str] = field(default_factory=lambda: set(_STORED))
    bytes: int = 0
    leaks: list[str] = field(default_factory=list)


def scan(api: Api, requests: int, seed: int = 1) -> Scan:
    """Send so many requests; everything on standard output and in the log is scanned, and the reasons in headers."""
    chance, done, admin = random.Random(seed), Scan(), Admin()
    while done.requests < requests:
        written = io.StringIO()
        with _captured(written):
            for _ in range(min(500, requests - done.requests)):
                if chance.random() < 0.1:
                    _command(admin, chance, done)
                else:
                    _send(api, chance, done, written)
        text = written.getvalue()
        done.bytes += len(text)
        done.leaks += leaking(text, done.secrets)
        done.secrets = set(_STORED)
    return done


def leaking(text: str, secrets: set[str]) -> list[str]:
    """List the lines in which a secret stands, outside what we make ourselves."""
    return [line for line in text.splitlines() if any(secret in _MADE_BY_US.sub("", line) for secret in secrets)]


def _send(api: Api, chance: random.Random, done: Scan, written: io.StringIO) -> None:
    stem = chance.choice(contract.STEMS)
    documented = contract.parameters(stem)
    changes: dict[str, Any] = {}
    for name in _PERSONAL:
        if name in documented and chance.random() < 0.4:
            changes[name] = _made_up(name, chance)
    if chance.random() < 0.3:
        changes["idempotencyKey"] = f"key-{chance.getrandbits(64):016x}"
    if chance.random() < 0.1:
        changes["unknown"] = f"caller{chance.getrandbits(32)}@example.com"
    done.secrets |= {str(value) for value in changes.values()}
    done.requests += 1
    with _fault(chance, done, next(iter(done.secrets))):
        body = json.dumps({**documented, **changes})
        # Cut off, now and then: a parser quotes what it cannot read.
        reply = api.call(stem, body[: chance.randrange(len(body))] if chance.random() < 0.1 else body)
    written.write(json.dumps({"headers": dict(reply.headers)}) + "\n")


def _command(admin: Admin, chance: random.Random, done: Scan) -> None:
    """Send the admin function a command with made-up secrets, valid or with an argument too many."""
    number, pin = _made_up("inboundNumber", chance), str(_made_up("pin", chance))
    email, key = f"caller{chance.getrandbits(32)}@example.com", f"key-{chance.getrandbits(64):016x}"
    wallet = {"applicationId": "1288", "walletId": f"w{done.requests}"}
    command, arguments = chance.choice(
        [
            ("wallet.create", {**wallet, "pin": pin, "phoneNumber": number, "email": email}),
            ("wallet.change", {"wallet": {"applicationId": "1288", "phoneNumber": number}, "pin": pin}),
            ("wallet.show", {"wallet": {"applicationId": "1288", "pin": pin}}),
            ("agent.create", {"userId": done.requests + 10_000, "ref": f"r{done.requests}", "outboundNumber": number}),
            ("agent.change", {"ref": number, "outboundNumber": number}),
            ("dialedNumber.create", {"dialedNumber": number, "applicationId": "1288", "companyName": email}),
            ("hash.issue", {"label": f"pbx-{done.requests}", "scope": "ctb"}),
            (number, {}),
        ]
    )
    done.secrets |= {number, pin, email, key}
    done.requests += 1
    with _fault(chance, done, number):
        reply = admin.send(command, key, **arguments, **({number: pin} if chance.random() < 0.2 else {}))
    if "hash" in reply.get("result", {}):
        done.secrets.add(reply["result"]["hash"])


def _made_up(name: str, chance: random.Random) -> Any:
    if name == "authenticationHash":
        return f"{chance.getrandbits(256):064x}"
    if name == "pin":
        return chance.choice([f"{chance.randrange(10**11, 10**12)}", chance.randrange(10**11, 10**12)])
    return f"319{chance.randrange(10**9, 10**10)}"


def _fault(chance: random.Random, done: Scan, secret: str) -> contextlib.AbstractContextManager[Any]:
    draw = chance.random()
    if draw < 0.95:
        return contextlib.nullcontext()
    done.faults += 1
    if draw < 0.97:
        return wire.raising(RuntimeError(f"the exception quotes {secret}"))
    if draw < 0.98:
        # Six attempts with pauses would make a scan last for hours.
        return wire.refusing(400, "ValidationException")
    return wire.raising(ValueError(secret)) if draw < 0.99 else wire.raising(_timed_out(secret), "TransactWriteItems")


def _timed_out(secret: str) -> Exception:
    error = RuntimeError(secret)
    error.__cause__ = ReadTimeoutError(endpoint_url=f"http://{secret}")
    return error


@contextlib.contextmanager
def _captured(written: io.StringIO) -> Iterator[None]:
    """Collect standard output and error, and what the logger writes."""
    handler: Any = telemetry.logger().registered_handler
    before, handler.stream = handler.stream, written
    try:
        with contextlib.redirect_stdout(written), contextlib.redirect_stderr(written):
            yield
    finally:
        handler.stream = before
