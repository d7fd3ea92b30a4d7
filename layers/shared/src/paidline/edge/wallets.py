"""The document's `wallet` object, as it is found by PIN: without e-mail address and phone number."""

from paidline.codes import Code
from paidline.domain.wallets import Found
from paidline.edge.answering import envelope


def wallet(found: Found) -> dict[str, str]:
    """Show a wallet and the service number by which it was found."""
    return {
        "applicationId": found.service.application_id,
        "companyName": found.service.company_name,
        "walletId": found.wallet.wallet_id,
        "pin": found.wallet.pin,
        "tokens": str(found.wallet.tokens),
        "dialedNumber": found.service.dialed_number,
    }


def moved(found: Found) -> str:
    """Write the answer to a movement of tokens."""
    return envelope(Code.SUCCESS, wallet=wallet(found))
