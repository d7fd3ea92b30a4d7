"""Create a call session: the record of a call that has ended."""

from pydantic import model_validator
from pydantic_core import PydanticCustomError

from paidline.api.endpoint import Caller, IdempotentRequest, endpoint
from paidline.api.response import Response, envelope, idempotent_response
from paidline.api.serializers import call_session
from paidline.codes import Code
from paidline.domain import call_sessions
from paidline.domain.authentication import Scope
from paidline.domain.call_sessions import Call
from paidline.domain.types import CallerNumber, DialStatusName, Duration, LocalTime, PhoneNumber, Ref
from paidline.store.call_sessions import CallSession


class SessionCallCreateByRefRequest(IdempotentRequest):
    """The documented parameters."""

    ref: Ref
    start_time: LocalTime
    end_time: LocalTime
    inbound_number: CallerNumber
    dialed_number: PhoneNumber
    outbound_number: PhoneNumber
    duration: Duration
    dial_status: DialStatusName

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> "SessionCallCreateByRefRequest":
        # YYYY-MM-DD HH:MM:SS sorts chronologically as text.
        if self.end_time < self.start_time:
            raise PydanticCustomError("end_before_start", "the end is before the start")
        return self

    def contents(self) -> tuple[str, ...]:
        """Return the normalized parameters, with the ref's insignificant leading zeros removed."""
        return IdempotentRequest.contents(self.model_copy(update={"ref": self.ref.lstrip("0")}))


@endpoint("session_call_create_by_ref", SessionCallCreateByRefRequest, Scope.AGENTS)
def lambda_handler(request: SessionCallCreateByRefRequest, caller: Caller) -> Response:
    """Record the call. One GetItem, one TransactWriteItems."""
    call = Call(
        ref=request.ref,
        dialed_number=request.dialed_number,
        inbound_number=request.inbound_number,
        outbound_number=request.outbound_number,
        dial_status=request.dial_status,
        duration=request.duration,
        start_time=request.start_time,
        end_time=request.end_time,
    )
    outcome = call_sessions.record(call, key=caller.key(request), render=_response)
    return idempotent_response(outcome, Code.CALL_SESSION_CREATED)


def _response(session: CallSession) -> str:
    return envelope(Code.CALL_SESSION_CREATED, callSession=call_session(session))
