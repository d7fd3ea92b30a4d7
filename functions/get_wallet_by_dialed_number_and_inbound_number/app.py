"""Get a wallet by dialed number and the caller's own number."""

from paidline.api.endpoint import Caller, Request, endpoint
from paidline.api.response import Response, success
from paidline.api.serializers import wallet_with_owner
from paidline.codes import Code
from paidline.domain import wallets
from paidline.domain.authentication import Scope
from paidline.domain.types import CallerNumber, PhoneNumber


class GetWalletByDialedNumberAndInboundNumberRequest(Request):
    """The documented parameters."""

    dialed_number: PhoneNumber
    inbound_number: CallerNumber


@endpoint(
    "get_wallet_by_dialed_number_and_inbound_number", GetWalletByDialedNumberAndInboundNumberRequest, Scope.CREDIT
)
def lambda_handler(request: GetWalletByDialedNumberAndInboundNumberRequest, caller: Caller) -> Response:
    """Return the wallet, with its owner's e-mail address and phone number. Two GetItems."""
    found = wallets.find_by_inbound_number(caller.client, request.dialed_number, request.inbound_number)
    return success(Code.SUCCESS, wallet=wallet_with_owner(found))
