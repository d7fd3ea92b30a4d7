"""End a paid call: charge the talk, release the rest, free the agent and record the call."""

from pydantic import model_validator
from pydantic_core import PydanticCustomError

from paidline.api import telemetry
from paidline.api.endpoint import Caller, Request, endpoint
from paidline.api.response import Response, envelope, idempotent_response
from paidline.api.serializers import call_session
from paidline.codes import Code
from paidline.domain.authentication import Scope
from paidline.domain.calls.ending import Ended, Report, end
from paidline.domain.idempotency import Outcome, contents_digest
from paidline.domain.types import CallId, DialStatusName, Duration, LocalTime, PbxName


class CallsEndRequest(Request):
    """The parameters; times that are left out are the service's own."""

    call_id: CallId
    pbx: PbxName
    dial_status: DialStatusName
    duration: Duration
    start_time: LocalTime | None = None
    end_time: LocalTime | None = None

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> "CallsEndRequest":
        # YYYY-MM-DD HH:MM:SS sorts chronologically as text.
        if self.start_time and self.end_time and self.end_time < self.start_time:
            raise PydanticCustomError("end_before_start", "the end is before the start")
        return self


@endpoint("calls_end", CallsEndRequest, Scope.CALLS)
def lambda_handler(request: CallsEndRequest, caller: Caller) -> Response:
    """End the call and return its call session and price. Two GetItems and one TransactWriteItems."""
    report = Report(
        call_id=request.call_id,
        pbx=request.pbx,
        dial_status=request.dial_status,
        duration=request.duration,
        start_time=request.start_time,
        end_time=request.end_time,
        request_digest=contents_digest(request.contents()),
    )
    ended = end(caller.client, report, handler=caller.endpoint, ip=caller.ip)
    if not ended.is_replay:
        telemetry.count("UncollectedTokens", ended.ending.uncollected_tokens)
    return idempotent_response(Outcome(_body(ended), ended.is_replay), Code.CALL_SESSION_CREATED)


def _body(ended: Ended) -> str:
    return envelope(
        Code.CALL_SESSION_CREATED,
        callSession=call_session(ended.session),
        tokensCharged=str(ended.ending.tokens_charged),
        tokens=str(ended.ending.tokens),
        uncollectedTokens=str(ended.ending.uncollected_tokens),
    )
