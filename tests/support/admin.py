"""The admin function, invoked as Lambda does, and one successful use of each of its commands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from local import gateway, template

(FUNCTION,) = (function for function in template.read().functions if function.name == "Admin")

WALLET = {"applicationId": "1288", "walletId": "6254"}
NEW_WALLET = {"applicationId": "1288", "walletId": "77"}
PHONE_NUMBER, OTHER_NUMBER = "31688000077", "31688000078"
EMAIL, PIN, OTHER_PIN = "seven@example.com", "471147", "471148"
# What no log line may contain.
PERSONAL = (PHONE_NUMBER, OTHER_NUMBER, EMAIL, PIN, OTHER_PIN)
REASON = "wrong agent"
NEW_HASH: dict[str, Any] = {
    "label": "pbx-1",
    "scope": "credsys",
    "applicationIds": ["1288"],
    "sourceCidrs": ["192.0.2.0/24"],
}

Response = dict[str, Any]


class Admin:
    """The handler of the function, in this process."""

    def __init__(self) -> None:
        self._handler = gateway.load_handler(FUNCTION)

    def invoke(self, event: Any) -> Response:
        """Invoke the function with any payload, as a new request."""
        return self._handler(event, gateway.Context("Admin", 1024, "arn", "log", 30))

    def send(self, command: str, key: str | None = None, /, **arguments: Any) -> Response:
        """Send a command."""
        request = {"version": 1, "command": command, "operator": "anna", "arguments": arguments}
        return self.invoke({**request, "key": key} if key else request)

    def do(self, command: str, key: str | None = None, /, **arguments: Any) -> Any:
        """Send a command that succeeds, and return its result."""
        response = self.send(command, key, **arguments)
        assert response.keys() == {"version", "result"}, response
        return response["result"]

    def fail(self, command: str, key: str | None = None, /, **arguments: Any) -> tuple[str, str]:
        """Send a command that is refused, and return code and field of the error."""
        response = self.send(command, key, **arguments)
        assert response.keys() == {"version", "error"}, response
        assert response["error"].keys() == {"code", "message", "field"}
        return response["error"]["code"], response["error"]["field"]


def use_every_command(do: Callable[..., Any]) -> list[str]:
    """Use each command with `do`, so that each succeeds on the example data, and return the hash that was issued.

    A command that changes something has a key.
    """
    do("service.describe")
    do("agent.create", "1", userId=7, ref="0007", outboundNumber=OTHER_NUMBER, lineSharing=True, profile={})
    do("agent.change", "2", ref="7", status="pause", tpm=12, outboundNumber=None, profile={"_ctbKeywords": "k"})
    do("agent.change", "3", ref="7", status="offline", version=1)
    do("agent.show", ref=7)
    do("agent.remove", "4", ref="7", version=2)
    owner = {"pin": PIN, "phoneNumber": PHONE_NUMBER, "email": EMAIL}
    do("wallet.create", "5", **NEW_WALLET, **owner, tokens="50")
    do("wallet.change", "6", wallet=NEW_WALLET, pin=OTHER_PIN, phoneNumber=OTHER_NUMBER, version=0)
    do("wallet.change", "7", wallet={"applicationId": "1288", "pin": OTHER_PIN}, phoneNumber=PHONE_NUMBER, version=1)
    do("wallet.block", "8", wallet={"applicationId": "1288", "phoneNumber": PHONE_NUMBER}, version=2)
    do("wallet.unblock", "9", wallet=NEW_WALLET, version=3)
    do("wallet.adjust", "10", wallet=NEW_WALLET, amount=-20, reason=REASON)
    do("wallet.refund", "11", wallet=NEW_WALLET, seq=2, reason=REASON)
    do("wallet.show", wallet=NEW_WALLET)
    do("wallet.export", wallet=NEW_WALLET)
    do("wallet.erase", wallet=NEW_WALLET)
    do("erasure.repeat")
    do("dialedNumber.create", "12", dialedNumber="31900000001", applicationId="1288", companyName="Company")
    do("dialedNumber.change", "13", dialedNumber="31900000001", companyName="Other", version=0)
    do("dialedNumber.show", dialedNumber="31900000001")
    do("dialedNumber.remove", "14", dialedNumber="31900000001", version=1)
    issued = do("hash.issue", "15", **NEW_HASH)
    do("hash.change", "16", digestPrefix=issued["digestPrefix"], sourceCidrs=[], version=0)
    do("hash.revoke", "17", digestPrefix=issued["digestPrefix"], version=1)
    do("hash.list")
    return [issued["hash"]]
