"""Begin a paid call: take the agent, hold the tokens and open the call."""

from paidline.api.endpoint import Caller, Request, endpoint
from paidline.api.response import Response, envelope, idempotent_response
from paidline.api.serializers import call
from paidline.codes import Code
from paidline.domain.authentication import Scope
from paidline.domain.calls.beginning import NewCall, begin
from paidline.domain.calls.terms import MAX_SECONDS, Wanted
from paidline.domain.idempotency import Outcome, contents_digest
from paidline.domain.types import CallerNumber, CallId, MaxSeconds, PbxName, PhoneNumber, Ref, WalletPin


class CallsBeginRequest(Request):
    """The parameters; the wallet is found by the PIN if there is one, else by the caller's number."""

    call_id: CallId
    pbx: PbxName
    dialed_number: PhoneNumber
    ref: Ref
    inbound_number: CallerNumber
    pin: WalletPin | None = None
    max_seconds: MaxSeconds = MAX_SECONDS

    def contents(self) -> tuple[str, ...]:
        """Return the normalized parameters, with the ref's insignificant leading zeros removed."""
        return Request.contents(self.model_copy(update={"ref": self.ref.lstrip("0")}))


@endpoint("calls_begin", CallsBeginRequest, Scope.CALLS)
def lambda_handler(request: CallsBeginRequest, caller: Caller) -> Response:
    """Begin the call and say how long it may last. At most three reads and one TransactWriteItems."""
    wanted = Wanted(request.dialed_number, request.ref, request.inbound_number, request.pin, request.max_seconds)
    new = NewCall(request.call_id, request.pbx, wanted, contents_digest(request.contents()))
    begun = begin(caller.client, new, handler=caller.endpoint, ip=caller.ip)
    body = envelope(Code.SUCCESS, call=call(begun.call))
    return idempotent_response(Outcome(body, begun.is_replay), Code.SUCCESS)
