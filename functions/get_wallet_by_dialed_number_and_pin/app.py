"""Get a wallet by dialed number and PIN."""

from paidline.codes import Code
from paidline.domain import wallets
from paidline.domain.api_clients import Scope
from paidline.domain.types import PhoneNumber, WalletPin
from paidline.edge.answering import Answer, success
from paidline.edge.endpoint import Caller, Request, endpoint
from paidline.edge.wallets import wallet


class GetWalletByDialedNumberAndPinRequest(Request):
    """The documented parameters."""

    dialed_number: PhoneNumber
    pin: WalletPin


@endpoint("get_wallet_by_dialed_number_and_pin", GetWalletByDialedNumberAndPinRequest, Scope.CREDIT)
def lambda_handler(request: GetWalletByDialedNumberAndPinRequest, caller: Caller) -> Answer:
    """Answer with the wallet. One Query."""
    return success(Code.SUCCESS, wallet=wallet(wallets.find_by_pin(caller.client, request.dialed_number, request.pin)))
