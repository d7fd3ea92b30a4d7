"""The service under test: a store, a gateway that can be killed and started again, and what the store holds."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from admin import data
from local import engine, gateway, schedules, tables, template
from local.template import Table

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

AGENTS_HASH = "ff36f129745a122e591722d3fda495416fe05aa9586e12238ec4dad37895e069"
CALLS_HASH = "cf2de5b4f9e950567ba3afcd7a95ac37b125b597b6b90dca8af017590bc11268"
CREDIT_HASH = "a27be8c537581a512c1ea651f727a0af3a19eaf6915de9b983a55dc1ea8a8572"
SERVICE_NUMBER = "14620905014"
PIN = "695334"
CALLER = "31688006395"
BALANCE = 1971

_EXAMPLE_DATA = template.PROJECT / "local" / "example_data.json"
_AGENTS_PATH = "/wp-json/ctb/v1/json/"
_CREDIT_PATH = "/wp-json/credsys/v1/json/"
_START_SECONDS = 30
# Three minutes and one minute in production.
SILENCE_SECONDS = 4
GRACE_SECONDS = 1

Item = dict[str, Any]


@dataclass
class Service:
    """The service under test."""

    store: str
    client: DynamoDBClient
    template: template.Template
    port: int
    _gateway: subprocess.Popen[bytes] | None = field(default=None)

    @property
    def url(self) -> str:
        """Where the gateway answers, when it runs."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Starts the gateway unless it runs."""
        if self._gateway is not None:
            return
        self._gateway = subprocess.Popen(
            [sys.executable, "-m", "tests.asterisk.serve", self.store, str(self.port)],
            cwd=template.PROJECT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._wait_until_it_listens()
        # The first request of each process imports the SDK, which takes longer than a caller's patience here.
        for _ in range(8):
            self.ask_agents("getStatusByRef", ref="000038")

    def kill(self) -> None:
        """Kills the gateway with all its processes at once, as a machine does that loses its power."""
        if self._gateway is None:
            return
        os.killpg(self._gateway.pid, signal.SIGKILL)
        self._gateway.wait()
        self._gateway = None

    def reset(self) -> None:
        """Puts the example data in place of all that is there."""
        for table in self.template.tables:
            self._empty(table)
        data.load(self.client, json.loads(_EXAMPLE_DATA.read_text(encoding="utf-8")))

    def items(self, table: str) -> list[Item]:
        """Everything in a table."""
        pages = self.client.get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
        return [item for page in pages for item in page["Items"]]

    def table(self, logical_id: str) -> list[Item]:
        """Everything in a table of the template, named by its environment variable."""
        return self.items(self.template.environment[logical_id])

    def set_dial_time_out(self, ref_key: str, seconds: int) -> None:
        """Changes an agent's dial time-out, for which there is no call."""
        self._set("AGENTS_TABLE", {"refKey": {"S": ref_key}}, dialTimeOut={"N": str(seconds)})

    def share_line(self, ref_key: str, outbound_number: str) -> None:
        """Lets an agent share a line, for which there is no call."""
        self._set(
            "AGENTS_TABLE",
            {"refKey": {"S": ref_key}},
            outboundNumber={"S": outbound_number},
            lineSharing={"BOOL": True},
        )

    def block_wallet(self) -> None:
        """Blocks the example wallet."""
        (item,) = (item for item in self.table("WALLETS_TABLE") if item.get("pin", {}).get("S") == PIN)
        key = {name: item[name] for name in ("applicationId", "walletKey")}
        self._set("WALLETS_TABLE", key, blocked={"BOOL": True})

    def add_wallet(self, wallet_id: str, pin: str, phone_number: str) -> None:
        """Adds a wallet beside the example's, with as many tokens."""
        example = json.loads(_EXAMPLE_DATA.read_text(encoding="utf-8"))["wallets"][0]
        own = {"walletId": wallet_id, "pin": pin, "phoneNumber": phone_number, "email": "a2@a12.com"}
        data.load(self.client, {"wallets": [example | own]})

    def remove_wallets(self) -> None:
        """Removes every wallet, for which there is no call."""
        name = self.template.environment["WALLETS_TABLE"]
        self._empty(next(table for table in self.template.tables if table.name == name))

    def ask_agents(self, endpoint: str, **fields: str) -> Any:
        """Sends a request to the agents' API."""
        return self._post(_AGENTS_PATH + endpoint, {"authenticationHash": AGENTS_HASH, **fields})

    def ask_credit(self, endpoint: str, **fields: str) -> Any:
        """Sends a request to the credit system."""
        return self._post(_CREDIT_PATH + endpoint, {"authenticationHash": CREDIT_HASH, **fields})

    def sweep(self) -> None:
        """Runs what the schedule runs every minute."""
        (sweep,) = (schedule for schedule in self.template.schedules if schedule.function.name == "CallsSweep")
        schedules.invoke(sweep)

    def status(self, ref: str) -> str:
        """An agent's status."""
        return str(self.ask_agents("getStatusByRef", ref=ref)["user"]["status"])

    def status_changes(self, ref: str) -> list[tuple[str, str]]:
        """An agent's status and handler in each row of the status log, oldest first."""
        rows = self.ask_agents("getStatusLog", ref=ref)["data"]
        return [(row["status"], row["handler"]) for row in reversed(rows)]

    def balance(self) -> int:
        """The tokens in the example wallet."""
        answer = self.ask_credit("getWalletByDialedNumberAndPin", dialedNumber=SERVICE_NUMBER, pin=PIN)
        return int(answer["wallet"]["tokens"])

    def sessions(self) -> list[Item]:
        """The call sessions, with plain values."""
        return [_plain(item) for item in self.table("CALL_SESSIONS_TABLE")]

    def ledger(self) -> list[Item]:
        """The ledger's entries that this test caused, oldest first, with plain values."""
        entries = [_plain(item) for item in self.table("WALLET_LEDGER_TABLE")]
        return sorted((entry for entry in entries if entry["key"]), key=lambda entry: int(entry["seq"]))

    def calls(self) -> list[Item]:
        """The paid calls, with plain values, oldest first."""
        return sorted((_plain(item) for item in self.table("CALLS_TABLE")), key=lambda call: str(call["opened"]))

    def held(self) -> int:
        """The tokens of the example wallet that open calls hold."""
        items = [_plain(item) for item in self.table("WALLETS_TABLE")]
        (wallet,) = (item for item in items if item.get("pin") == PIN)
        return int(wallet.get("held", 0))

    def movements(self) -> list[tuple[str, int]]:
        """What paid calls have written into the ledger, oldest first: kind and amount of each entry."""
        entries = [_plain(item) for item in self.table("WALLET_LEDGER_TABLE")]
        of_calls = sorted((entry for entry in entries if "callId" in entry), key=lambda entry: int(entry["seq"]))
        return [(entry["kind"], int(entry["amount"])) for entry in of_calls]

    def _set(self, variable: str, key: Item, **attributes: Item) -> None:
        self.client.update_item(
            TableName=self.template.environment[variable],
            Key=key,
            UpdateExpression="SET " + ", ".join(f"{name} = :{name}" for name in attributes),
            ExpressionAttributeValues={f":{name}": value for name, value in attributes.items()},
        )

    def _empty(self, table: Table) -> None:
        keys = [key["AttributeName"] for key in table.definition["KeySchema"]]
        for item in self.items(table.name):
            self.client.delete_item(TableName=table.name, Key={key: item[key] for key in keys})

    def _wait_until_it_listens(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise AssertionError(f"the gateway did not listen within {_START_SECONDS} seconds")

    def _post(self, path: str, fields: dict[str, str]) -> Any:
        request = urllib.request.Request(
            self.url + path, data=json.dumps(fields).encode(), headers={"content-type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)


@contextmanager
def running() -> Iterator[Service]:
    """Runs the service on a free port until the block ends."""
    described = template.read()
    os.environ.update(CALL_SYNC_SILENCE_S=str(SILENCE_SECONDS), CALL_SYNC_GRACE_S=str(GRACE_SECONDS))
    with engine.start() as store:
        client = store.client()
        gateway.set_environment(described, store.endpoint)
        tables.create(client, described.tables)
        service = Service(store.endpoint, client, described, _free_port())
        try:
            yield service
        finally:
            service.kill()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _plain(item: Item) -> Item:
    return {name: next(iter(value.values())) for name, value in item.items()}
