"""Paid calls that nobody has ended: an operator says how long the talk was, and they are settled as by a late end."""

import json

from pydantic import StrictBool

from paidline.api import telemetry
from paidline.domain.calls import closing, ending
from paidline.domain.calls.ending import Ended, Report
from paidline.domain.idempotency import contents_digest
from paidline.domain.types import CallId, DialStatus, Duration, LocalTime, PbxName
from paidline.errors import InvalidCommand, InvalidRequest, ItemNotFound, Refused, UnknownCall
from paidline.management.changes import Done, Invocation
from paidline.management.values import Model, Reason
from paidline.management.wallets import check_reason
from paidline.store.calls import Call, CallState

# The source of the ledger entry and the handler of status log rows.
_NAME = "call.settle"


class SettleCall(Model):
    """The call, how long the talk was in billable seconds, and why an operator says so.

    `open` settles a call too that is still open, because there is a record of its end.
    """

    call_id: CallId
    pbx: PbxName
    duration: Duration
    reason: Reason
    dial_status: DialStatus = DialStatus.ANSWER
    start_time: LocalTime | None = None
    end_time: LocalTime | None = None
    open: StrictBool = False


def settle(arguments: SettleCall, invocation: Invocation) -> Done:
    """Settle a call as its PBX's end would. Sent again with the same arguments, it returns the first result.

    The calls of `ending.find` and `ending.settle`, and one GetItem. Raises ItemNotFound, or Refused for a call that is
    open, has been ended otherwise, or whose caller the reason names.
    """
    try:
        call = ending.find(arguments.call_id, arguments.pbx)
    except UnknownCall as error:
        raise ItemNotFound("The PBX has begun no call with this id.", "callId") from error
    if call.state is CallState.OPEN and not arguments.open:
        raise Refused("The call is open: its PBX ends it, or it expires.", "callId")
    # YYYY-MM-DD HH:MM:SS sorts chronologically as text.
    if arguments.start_time and arguments.end_time and arguments.end_time < arguments.start_time:
        raise InvalidCommand("The end is before the start.", "endTime")
    _check_reason(arguments.reason, call)
    request = closing.Request(_NAME, "", invocation.request_id, invocation.operator, arguments.reason)
    try:
        ended = ending.settle(call, _report(arguments), request)
    except InvalidRequest as error:
        raise Refused("The call has been ended otherwise.", "callId") from error
    if not ended.is_replay:
        telemetry.count("UncollectedTokens", ended.ending.uncollected_tokens)
    return Done(_result(ended), ended.is_replay)


def _check_reason(reason: str, call: Call) -> None:
    if wallet := closing.find_wallet(call):
        check_reason(reason, wallet.pin, wallet.phone_number, wallet.email)
    # Otherwise it is a word: withheld, or erased.
    if call.inbound_number.isdigit():
        check_reason(reason, "", call.inbound_number)


def _report(arguments: SettleCall) -> Report:
    contents = arguments.model_dump(mode="json", by_alias=True, exclude={"open"})
    return Report(
        call_id=arguments.call_id,
        pbx=arguments.pbx,
        dial_status=arguments.dial_status,
        duration=arguments.duration,
        start_time=arguments.start_time,
        end_time=arguments.end_time,
        request_digest=contents_digest((_NAME, json.dumps(contents, sort_keys=True))),
    )


def _result(ended: Ended) -> dict[str, str | int]:
    call = ended.call
    return {
        "callId": call.call_id,
        "pbx": call.pbx,
        "applicationId": call.application_id,
        "walletId": call.wallet_id,
        "ref": call.ref,
        "callSessionId": ended.ending.session_id,
        "duration": ended.ending.duration,
        "tokensCharged": ended.ending.tokens_charged,
        "uncollectedTokens": ended.ending.uncollected_tokens,
        "tokens": ended.ending.tokens,
    }
