"""Quote a paid call: whether it is possible, at which price and for how long."""

from pydantic import model_validator
from pydantic_core import PydanticCustomError

from paidline.api.endpoint import Caller, Request, endpoint
from paidline.api.response import Response, success
from paidline.api.serializers import quote
from paidline.codes import Code
from paidline.domain.authentication import Scope
from paidline.domain.calls import quoting
from paidline.domain.calls.terms import MAX_SECONDS, Wanted
from paidline.domain.types import CallerNumber, PhoneNumber, Ref, WalletPin


class CallsQuoteRequest(Request):
    """The parameters; the wallet is found by the PIN if there is one, else by the caller's number."""

    dialed_number: PhoneNumber
    ref: Ref
    inbound_number: CallerNumber | None = None
    pin: WalletPin | None = None

    @model_validator(mode="after")
    def _names_a_wallet(self) -> "CallsQuoteRequest":
        if self.inbound_number is None and self.pin is None:
            raise PydanticCustomError("missing:inboundNumber", "neither a number nor a PIN names the wallet")
        return self


@endpoint("calls_quote", CallsQuoteRequest, Scope.CALLS)
def lambda_handler(request: CallsQuoteRequest, caller: Caller) -> Response:
    """Return what a call would get. At most three reads."""
    wanted = Wanted(request.dialed_number, request.ref, request.inbound_number or "", request.pin, MAX_SECONDS)
    return success(Code.SUCCESS, quote=quote(quoting.quote(caller.client, wanted, ip=caller.ip)))
