"""The admin function's protocol, version 1: read a command, run it, answer, and write the audit line.

Source: docs/admin-api.md.
"""

import itertools
import json
import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal, NamedTuple, TypeVar

from pydantic import AfterValidator, Field, ValidationError

from paidline import cold_start, deadline
from paidline.api import telemetry
from paidline.api.endpoint import Context
from paidline.domain.idempotency import Key, key_for
from paidline.domain.types import IdempotencyKey
from paidline.errors import (
    AlreadyExists,
    CommandError,
    CommandFailed,
    CommandUnavailable,
    InvalidCommand,
    InvalidRequest,
    Refused,
    RequestError,
    StoreUnavailable,
    UnknownCommand,
    VersionConflict,
)
from paidline.management import agents, calls, dialed_numbers, erasure, hashes, service, wallets
from paidline.management.changes import Done, Invocation
from paidline.management.values import AgentEntry, DialedNumberEntry, Model, complaint
from paidline.store.api_clients import PREFIX_LENGTH
from paidline.store.dynamodb import prepare

M = TypeVar("M", bound=Model)
Event = Mapping[str, Any]

_NAME = "admin"
_VERSION = 1
# Nobody waits on a phone for a command. Large tables are walked through in parts of this length.
_BUDGET_S = 20.0
# What an audit line names. Never more: these are ids of ours, everything else may be somebody's.
_AUDITED = ("applicationId", "walletId", "ref", "userId", "digestPrefix", "seq", "callId", "pbx")
_LAST_DIGITS = 4
_OF_A_FOUND_ITEM = (AlreadyExists, Refused, VersionConflict)


class _Command(NamedTuple):
    arguments: type[Model]
    run: Callable[[Any, Invocation], Done]


COMMANDS: Mapping[str, _Command] = {
    "service.describe": _Command(service.DescribeService, service.describe),
    "agent.create": _Command(AgentEntry, agents.create),
    "agent.show": _Command(agents.ShowAgent, agents.show),
    "agent.change": _Command(agents.ChangeAgent, agents.change),
    "agent.remove": _Command(agents.RemoveAgent, agents.remove),
    "wallet.create": _Command(wallets.CreateWallet, wallets.create),
    "wallet.show": _Command(wallets.ShowWallet, wallets.show),
    "wallet.change": _Command(wallets.ChangeWallet, wallets.change),
    "wallet.block": _Command(wallets.BlockWallet, wallets.block),
    "wallet.unblock": _Command(wallets.BlockWallet, wallets.unblock),
    "wallet.adjust": _Command(wallets.AdjustWallet, wallets.adjust),
    "wallet.refund": _Command(wallets.RefundEntry, wallets.refund),
    "call.settle": _Command(calls.SettleCall, calls.settle),
    "wallet.export": _Command(erasure.EraseWallet, erasure.export),
    "wallet.erase": _Command(erasure.EraseWallet, erasure.erase),
    "erasure.repeat": _Command(erasure.RepeatErasure, erasure.repeat),
    "dialedNumber.create": _Command(DialedNumberEntry, dialed_numbers.create),
    "dialedNumber.show": _Command(dialed_numbers.ShowDialedNumber, dialed_numbers.show),
    "dialedNumber.change": _Command(dialed_numbers.ChangeDialedNumber, dialed_numbers.change),
    "dialedNumber.remove": _Command(dialed_numbers.RemoveDialedNumber, dialed_numbers.remove),
    "hash.issue": _Command(hashes.IssueHash, hashes.issue),
    "hash.list": _Command(hashes.ListHashes, hashes.list_all),
    "hash.change": _Command(hashes.ChangeHash, hashes.change),
    "hash.revoke": _Command(hashes.RevokeHash, hashes.revoke),
}


def _operator(value: str) -> str:
    # Without "@", so that no address gets into the logs, and with a letter, so that no phone number does.
    if not re.fullmatch(r"(?=.*[A-Za-z])[A-Za-z0-9_.:/=+-]{1,64}", value):
        raise ValueError("not 1 to 64 letters, digits or characters of _.:/=+- with a letter")
    return value


def _unicode(value: dict[str, Any]) -> dict[str, Any]:
    # JSON's escapes can spell halves of characters, which can neither be stored nor logged.
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise ValueError("text that is not Unicode") from error
    return value


class _Request(Model):
    version: Literal[1]
    command: str
    operator: Annotated[str, AfterValidator(_operator)]
    arguments: Annotated[dict[str, Any], AfterValidator(_unicode)] = Field(default={}, repr=False)
    key: IdempotencyKey | None = None


def start() -> None:
    """Do once, at cold start, what does not depend on a request."""
    prepare()
    cold_start.end()


def handle(event: Event, context: Context) -> dict[str, Any]:
    """Handle one invocation and return the response. Never raises an Exception."""
    line: dict[str, Any] = {"command": "", "operator": "", "target": {}}
    with deadline.start(context.get_remaining_time_in_millis(), _BUDGET_S):
        try:
            response = {"version": _VERSION, "result": _run(event, context.aws_request_id, line)}
        except Exception as error:  # the last resort: a traceback in the log could quote a PIN
            response = {"version": _VERSION, "error": _failure(error, context.aws_request_id, line)}
    telemetry.log_audit(context.aws_request_id, line)
    return response


# Apart from `handle`, for the reason that `Endpoint` gives: its frame must not hold the error.
def _failure(error: Exception, request_id: str, line: dict[str, Any]) -> dict[str, str]:
    failed = _command_error(error)
    if not isinstance(error, RequestError):
        telemetry.log_fault(_NAME, request_id, error)
    if not isinstance(error, _OF_A_FOUND_ITEM):
        # What nothing was found by may be mistyped: a phone number or a PIN.
        line["target"] = {}
    line["outcome"] = failed.reason
    return {"code": failed.reason, "message": failed.message, "field": failed.field}


def _run(event: Event, request_id: str, line: dict[str, Any]) -> dict[str, Any]:
    request = _read(_Request, event)
    command = COMMANDS.get(request.command)
    if command is None:
        raise UnknownCommand("There is no such command.", "command")
    line |= {"command": request.command, "operator": request.operator}
    arguments = _read(command.arguments, request.arguments)
    given = arguments.model_dump(mode="json", by_alias=True, exclude_unset=True)
    line["target"] = _target(given)
    done = command.run(arguments, Invocation(request.operator, request_id, _key(request)))
    line |= {"target": _target({**given, **done.result}), "outcome": "replayed" if done.is_replay else "ok"}
    return done.result


def _read(model: type[M], content: Any) -> M:
    try:
        return model.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        names = itertools.takewhile(lambda part: isinstance(part, str) and part.isidentifier(), first["loc"])
        field = ".".join(map(str, names))
        raise InvalidCommand(f"{field or 'The request'} is {complaint(first)}.", field) from error


def _key(request: _Request) -> Key | None:
    if request.key is None:
        return None
    # The arguments as they were sent: a retry sends the same.
    return key_for(request.key, _NAME, request.command, (json.dumps(request.arguments, sort_keys=True),))


def _command_error(error: Exception) -> CommandError:
    if isinstance(error, CommandError):
        return error
    if isinstance(error, InvalidRequest):
        # The only one that a command meets.
        return Refused("The key was used with other arguments.", "key")
    if isinstance(error, StoreUnavailable):
        return CommandUnavailable(
            "DynamoDB did not answer, or concurrent changes kept getting in first; send it again with the same key."
        )
    return CommandFailed("A bug in the service; the log line `fault` of this request says where.")


def _target(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return the ids that the audit line names, of arguments and result together."""
    wallet = content.get("wallet")
    flat = {**wallet, **content} if isinstance(wallet, Mapping) else content
    target = {name: flat[name] for name in _AUDITED if flat.get(name) is not None}
    if "digestPrefix" in target:
        target["digestPrefix"] = target["digestPrefix"][:PREFIX_LENGTH]
    if "dialedNumber" in flat:
        target["dialedNumber"] = f"…{flat['dialedNumber'][-_LAST_DIGITS:]}"
    return target
