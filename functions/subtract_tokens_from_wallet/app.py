"""Subtract tokens from a wallet."""

from paidline.codes import Code
from paidline.domain import wallets
from paidline.domain.api_clients import Scope
from paidline.domain.types import PhoneNumber, Tokens, WalletPin
from paidline.edge.answering import Answer, first_or_repeat
from paidline.edge.endpoint import Caller, OnceRequest, endpoint
from paidline.edge.wallets import moved


class SubtractTokensFromWalletRequest(OnceRequest):
    """The documented parameters."""

    dialed_number: PhoneNumber
    pin: WalletPin
    tokens: Tokens


@endpoint("subtract_tokens_from_wallet", SubtractTokensFromWalletRequest, Scope.CREDIT)
def lambda_handler(request: SubtractTokensFromWalletRequest, caller: Caller) -> Answer:
    """Move the tokens and answer with the new balance. One Query, one TransactWriteItems."""
    outcome = wallets.move_tokens(
        lambda: wallets.find_by_pin(caller.client, request.dialed_number, request.pin),
        -request.tokens,
        source=caller.endpoint,
        key=caller.key(request),
        answer=moved,
    )
    return first_or_repeat(outcome, Code.SUCCESS)
