"""A small service on tables of its own in the real engine, as a PBX sees it."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

from admin import data
from local import engine, tables, template
from local.gateway import Context, Handler, load_handler, set_environment
from paidline.domain import pin_guessing
from paidline.store import api_clients, dialed_numbers, pbxs
from paidline.store.dynamodb import dynamodb
from tests.support.reply import Reply
from tests.support.store import Contents, Store

ADD, SUBTRACT, SESSION = "add_tokens_to_wallet", "subtract_tokens_from_wallet", "session_call_create_by_ref"
BY_PIN = "get_wallet_by_dialed_number_and_pin"
UPDATE, UPDATE_LINE = "update_status_by_ref", "update_status_by_line_sharing"
LINE = "31600000001"
AGENTS, CREDIT, OTHER_CREDIT = "agents-hash", "credit-hash", "other-credit-hash"
START = 100

_DATA: dict[str, Any] = {
    "apiClients": [
        {"authenticationHash": AGENTS, "scope": "ctb"},
        {"authenticationHash": CREDIT, "scope": "credsys", "applicationIds": "all"},
        {"authenticationHash": OTHER_CREDIT, "scope": "credsys", "applicationIds": "all"},
    ],
    "agents": [
        {"userId": 194, "ref": "000038", "tpm": 90, "outboundNumber": LINE, "lineSharing": True},
        {"userId": 195, "ref": "000039", "tpm": 90, "outboundNumber": LINE, "lineSharing": True},
    ],
    "dialedNumbers": [{"dialedNumber": "14620905014", "applicationId": "1288", "companyName": "Company"}],
    "wallets": [
        {"applicationId": "1288", "walletId": "6254", "pin": "0042", "tokens": START},
        {"applicationId": "1288", "walletId": "6255", "pin": "7", "tokens": START},
    ],
}
_BODIES: dict[str, dict[str, Any]] = {
    ADD: {"authenticationHash": CREDIT, "dialedNumber": "14620905014", "pin": "0042", "tokens": "30"},
    SUBTRACT: {"authenticationHash": CREDIT, "dialedNumber": "14620905014", "pin": "0042", "tokens": "30"},
    BY_PIN: {"authenticationHash": CREDIT, "dialedNumber": "14620905014", "pin": "0042"},
    SESSION: {
        "authenticationHash": AGENTS,
        "ref": "38",
        "startTime": "2042-01-01 12:00:01",
        "endTime": "2042-01-01 13:00:01",
        "inboundNumber": "31612345678",
        "dialedNumber": "14620905014",
        "outboundNumber": "31612345678",
        "duration": "60",
        "dialStatus": "ANSWER",
    },
    UPDATE: {"authenticationHash": AGENTS, "ref": "38", "status": "pause"},
    UPDATE_LINE: {"authenticationHash": AGENTS, "outboundNumber": LINE, "status": "pause"},
}


@dataclass
class Service:
    """The handlers on tables of their own."""

    store: Any
    endpoint: str
    tables: dict[str, str]
    handlers: dict[str, Handler]
    _template: template.Template
    _contents: Contents
    _client: object = None

    @contextmanager
    def started(self) -> Iterator[None]:
        """Give this process Lambda's variables, the data above, and nothing in its memory, until the block ends."""
        with patch.dict(os.environ):
            set_environment(self._template, self.endpoint)
            # Rivals write over connections of their own, so every table is looked through.
            Store(self.store, self._template).restore(self._contents)
            # Making a client is slow, so it is kept from one test to the next, unless the test made another.
            if self._client is None or self._client is not dynamodb():
                dynamodb.cache_clear()
                self._client = dynamodb()
            _forget()
            yield
        _forget()

    def send(self, stem: str, /, *, query: str = "", **changes: Any) -> Reply:
        """Send the stem's request with some parameters changed; a header's name starts with `header_`."""
        headers = {name[7:].replace("_", "-"): value for name, value in changes.items() if name.startswith("header_")}
        body = {name: value for name, value in changes.items() if not name.startswith("header_")}
        event = {
            "headers": {"content-type": "application/json", **headers},
            "rawQueryString": query,
            "requestContext": {"http": {"sourceIp": "127.0.0.1"}},
            "body": json.dumps({**_BODIES[stem], **body}),
            "isBase64Encoded": False,
        }
        response = self.handlers[stem](event, Context("test", 512, "arn", "log", 10))
        return Reply(response["statusCode"], response["headers"], response["body"])

    def items(self, variable: str) -> list[dict[str, Any]]:
        """Everything in the table that the functions know by this variable."""
        found: list[dict[str, Any]] = self.store.scan(TableName=self.tables[variable], ConsistentRead=True)["Items"]
        return found

    def entries(self) -> list[dict[str, Any]]:
        """The first wallet's ledger without its opening entry."""
        ledger = [item for item in self.items("WALLET_LEDGER_TABLE") if item["walletId"]["S"] == "6254"]
        return sorted(ledger, key=lambda item: int(item["seq"]["N"]))[1:]

    def balance(self) -> int:
        """The first wallet's balance."""
        return self.send(BY_PIN).tokens


@contextmanager
def made(engine_endpoint: str) -> Iterator[Service]:
    """A service on new tables with the data above."""
    described = template.read(table_prefix=uuid.uuid4().hex)
    store: Any = engine.client(engine_endpoint)
    handlers = {r.function.stem: load_handler(r.function) for r in described.routes if r.function.stem in _BODIES}
    with patch.dict(os.environ):
        set_environment(described, engine_endpoint)
        tables.create(store, described.tables)
        data.load(store, _DATA)
    contents = Store(store, described).contents()
    yield Service(store, engine_endpoint, described.environment, handlers, described, contents)
    tables.delete(store, described.tables)


def _forget() -> None:
    api_clients.cache.clear()
    dialed_numbers.cache.clear()
    pbxs.cache.clear()
    pin_guessing.forget()
