"""Get a wallet by dialed number and PIN."""

from paidline.api.endpoint import Caller, Request, endpoint
from paidline.api.response import Response, success
from paidline.api.serializers import wallet
from paidline.codes import Code
from paidline.domain import wallets
from paidline.domain.authentication import Scope
from paidline.domain.types import PhoneNumber, WalletPin


class GetWalletByDialedNumberAndPinRequest(Request):
    """The documented parameters."""

    dialed_number: PhoneNumber
    pin: WalletPin


@endpoint("get_wallet_by_dialed_number_and_pin", GetWalletByDialedNumberAndPinRequest, Scope.CREDIT)
def lambda_handler(request: GetWalletByDialedNumberAndPinRequest, caller: Caller) -> Response:
    """Return the wallet. One Query."""
    found = wallets.find_by_pin(caller.client, request.dialed_number, request.pin, caller.ip)
    return success(Code.SUCCESS, wallet=wallet(found))
