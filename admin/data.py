"""Load agents, service numbers, wallets and API clients from a document such as example_data.json.

Existing items are never replaced: duplicates and invalid entries raise a DataError.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

from botocore.exceptions import ClientError
from pydantic import AfterValidator, Field, ValidationError

from paidline import clock, ids
from paidline.domain.agents import MAX_AGENTS_PER_LINE
from paidline.domain.authentication import WITHOUT_WALLETS, Scope, hash_digest
from paidline.domain.profiles import DEFAULTS
from paidline.domain.types import AgentStatus, Ref
from paidline.management.dialed_numbers import new_dialed_number
from paidline.management.values import AgentEntry, DialedNumberEntry, Id, Model, WalletEntry
from paidline.management.wallets import new_wallet, opening_entry
from paidline.store import agents, ledger, profiles, status_log
from paidline.store.agents import Agent
from paidline.store.api_clients import ApiClient
from paidline.store.status_log import StatusLogRow

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Operation = dict[str, Any]


def _stored_time(value: str) -> str:
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError("a time needs an offset from UTC; without one, this machine's time zone would apply")
    return clock.to_iso(moment)


StoredTime = Annotated[str, AfterValidator(_stored_time)]


class DataError(Exception):
    """The document cannot be loaded; the message names the entry, never a hash, PIN, number or address."""


class _ApiClient(Model):
    authentication_hash: str = Field(min_length=1)
    scope: Scope
    application_ids: frozenset[Id] | Literal["all"] = frozenset()
    active: bool = True


class _Agent(AgentEntry):
    last_status_change: StoredTime = ""


class _StatusLogRow(Model):
    id: int = Field(ge=1, le=ids.LAST_ID)
    ref: Ref
    created: StoredTime
    status: AgentStatus
    handler: str
    ip: str


class _Document(Model):
    api_clients: list[_ApiClient] = Field(default_factory=list)
    agents: list[_Agent] = Field(default_factory=list)
    status_log: list[_StatusLogRow] = Field(default_factory=list)
    dialed_numbers: list[DialedNumberEntry] = Field(default_factory=list)
    wallets: list[WalletEntry] = Field(default_factory=list)


def load(client: DynamoDBClient, document: Mapping[str, Any]) -> None:
    """Load a document into the tables that the environment names.

    Each entry is written in one transaction. Raises DataError at the first one that already exists; if any is invalid,
    nothing is written.
    """
    try:
        read = _Document.model_validate(document)
    except ValidationError as error:
        raise DataError(str(error)) from error
    _check(client, read)
    for number, api_client in enumerate(read.api_clients, 1):
        _write(client, f"apiClients[{number}]", [_api_client(api_client)])
    for dialed in read.dialed_numbers:
        item = new_dialed_number(dialed).to_item()
        _write(
            client,
            f"application {dialed.application_id}",
            [_put_if_absent("DIALED_NUMBERS_TABLE", item, "dialedNumber")],
        )
    last_ids = Counter[str]()
    for row in read.status_log:
        last_ids[agents.ref_key(row.ref)] = max(row.id, last_ids[agents.ref_key(row.ref)])
    for agent in read.agents:
        _write(client, f"agent {agent.user_id}", _agent(agent, last_ids[agents.ref_key(agent.ref)]))
    user_ids = {agents.ref_key(agent.ref): agent for agent in read.agents}
    for row in read.status_log:
        _write(client, f"status log row {row.id}", [_log_row(row, user_ids[agents.ref_key(row.ref)])])
    for wallet in read.wallets:
        _write(client, f"wallet {wallet.wallet_id}", _wallet(wallet))


def _check(client: DynamoDBClient, document: _Document) -> None:
    for number, api_client in enumerate(document.api_clients, 1):
        if api_client.scope in WITHOUT_WALLETS and "application_ids" in api_client.model_fields_set:
            raise DataError(
                f"apiClients[{number}]: applicationIds limit access to wallets, but {api_client.scope} hashes open none"
            )
    refs = Counter(agents.ref_key(agent.ref) for agent in document.agents)
    for agent in document.agents:
        if refs[agents.ref_key(agent.ref)] > 1:
            raise DataError(f"agent {agent.user_id}: another agent's ref equals {agent.ref}")
        if unknown := agent.profile.keys() - DEFAULTS.keys():
            raise DataError(f"agent {agent.user_id}: a profile has no {', '.join(sorted(unknown))}")
    _check_lines(client, document)
    known = refs.keys()
    if unknown_rows := [row.id for row in document.status_log if agents.ref_key(row.ref) not in known]:
        raise DataError(f"status log row {unknown_rows[0]}: no agent has its ref")


def _check_lines(client: DynamoDBClient, document: _Document) -> None:
    sharing = Counter(
        agent.outbound_number for agent in document.agents if agent.line_sharing and agent.outbound_number
    )
    if not sharing:
        return
    # Not a query of the line index, which lags behind the table. Two concurrent loads may still exceed the limit
    # together; updates of the line then fail with too_many_on_line.
    scan = client.get_paginator("scan").paginate(
        TableName=os.environ["AGENTS_TABLE"],
        FilterExpression="lineSharing = :yes",
        ExpressionAttributeValues={":yes": {"BOOL": True}},
        ProjectionExpression="outboundNumber",
        ConsistentRead=True,
    )
    there = Counter(item["outboundNumber"]["S"] for page in scan for item in page["Items"] if "outboundNumber" in item)
    if any(count + there[line] > MAX_AGENTS_PER_LINE for line, count in sharing.items()):
        raise DataError(f"more than {MAX_AGENTS_PER_LINE} agents share one line")


def _api_client(entry: _ApiClient) -> Operation:
    stored = ApiClient(hash_digest(entry.authentication_hash), entry.scope, entry.active, entry.application_ids)
    return _put_if_absent("API_CLIENTS_TABLE", stored.to_item(), "hashDigest")


def _agent(entry: _Agent, last_log_id: int) -> list[Operation]:
    stored = Agent(
        user_id=entry.user_id,
        ref=entry.ref,
        status=entry.status,
        outbound_number=entry.outbound_number or "",
        line_sharing=entry.line_sharing,
        last_log_id=last_log_id,
        dial_time_out=entry.dial_time_out,
        tpm=entry.tpm,
        last_status_change=entry.last_status_change,
    )
    return [
        _put_if_absent("AGENTS_TABLE", stored.to_item(), "refKey"),
        _put_if_absent("PROFILES_TABLE", profiles.to_item(entry.ref, entry.profile), "refKey"),
    ]


def _log_row(entry: _StatusLogRow, agent: _Agent) -> Operation:
    row = StatusLogRow(
        id=entry.id,
        user_id=agent.user_id,
        ref=agent.ref,
        created=entry.created,
        status=entry.status,
        handler=entry.handler,
        ip=entry.ip,
        request_id=ids.new_request_id(),
    )
    return dict(status_log.append(row))


def _wallet(entry: WalletEntry) -> list[Operation]:
    opening = opening_entry(entry, ids.new_request_id())
    stored = new_wallet(entry, opening)
    # The opening entry's condition ensures that no two wallets share a walletId, and thereby a ledger.
    operations = [_put_if_absent("WALLETS_TABLE", stored.to_item(), "walletKey"), dict(ledger.append(opening))]
    if stored.phone_number:
        operations.append(_put_if_absent("WALLETS_TABLE", stored.to_pointer(), "walletKey"))
    return operations


def _put_if_absent(table: str, item: dict[str, Any], key: str) -> Operation:
    condition = f"attribute_not_exists({key})"
    return {"Put": {"TableName": os.environ[table], "Item": item, "ConditionExpression": condition}}


def _write(client: DynamoDBClient, what: str, operations: list[Any]) -> None:
    try:
        client.transact_write_items(TransactItems=operations)
    except client.exceptions.TransactionCanceledException as error:
        raise DataError(f"{what} already exists") from _without_values(error)


def _without_values(error: ClientError) -> ClientError:
    """Remove the existing item from the error, so that it does not end up in a traceback."""
    error.response.pop("CancellationReasons", None)
    return error
