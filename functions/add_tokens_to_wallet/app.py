"""Add tokens to a wallet."""

from paidline.api.endpoint import Caller, IdempotentRequest, endpoint
from paidline.api.response import Response, envelope, idempotent_response
from paidline.api.serializers import wallet
from paidline.codes import Code
from paidline.domain.authentication import Scope
from paidline.domain.types import PhoneNumber, Tokens, WalletPin
from paidline.domain.wallets import FoundWallet, Movement, move_tokens


class AddTokensToWalletRequest(IdempotentRequest):
    """The documented parameters."""

    dialed_number: PhoneNumber
    pin: WalletPin
    tokens: Tokens


@endpoint("add_tokens_to_wallet", AddTokensToWalletRequest, Scope.CREDIT)
def lambda_handler(request: AddTokensToWalletRequest, caller: Caller) -> Response:
    """Add the tokens and return the new balance. One Query, one TransactWriteItems."""
    movement = Movement(request.dialed_number, request.pin, request.tokens, source=caller.endpoint, ip=caller.ip)
    outcome = move_tokens(caller.client, movement, key=caller.key(request), render=_response)
    return idempotent_response(outcome, Code.SUCCESS)


def _response(found: FoundWallet) -> str:
    return envelope(Code.SUCCESS, wallet=wallet(found))
