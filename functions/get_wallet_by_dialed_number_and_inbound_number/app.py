"""Get a wallet by dialed number and the caller's own number."""

from paidline.codes import Code
from paidline.domain import wallets
from paidline.domain.api_clients import Scope
from paidline.domain.types import CallerNumber, PhoneNumber
from paidline.edge.answering import Answer, success
from paidline.edge.endpoint import Caller, Request, endpoint


class GetWalletByDialedNumberAndInboundNumberRequest(Request):
    """The documented parameters."""

    dialed_number: PhoneNumber
    inbound_number: CallerNumber


@endpoint(
    "get_wallet_by_dialed_number_and_inbound_number", GetWalletByDialedNumberAndInboundNumberRequest, Scope.CREDIT
)
def lambda_handler(request: GetWalletByDialedNumberAndInboundNumberRequest, caller: Caller) -> Answer:
    """Answer with the wallet, its owner's e-mail address and phone number. Two GetItems."""
    found = wallets.find_by_inbound_number(caller.client, request.dialed_number, request.inbound_number)
    content = {
        "applicationId": found.service.application_id,
        "companyName": found.service.company_name,
        "walletId": found.wallet.wallet_id,
        "pin": found.wallet.pin,
        "tokens": str(found.wallet.tokens),
        "email": found.wallet.email,
        "dialedNumber": found.service.dialed_number,
        "phoneNumber": found.wallet.phone_number,
    }
    return success(Code.SUCCESS, wallet=content)
