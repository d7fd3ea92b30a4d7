"""The errors that a request can end with: each has a code, an HTTP status and a reason."""

from paidline.codes import Code


class ApiError(Exception):
    """Any response that is not a success.

    ApiError
    ├── RequestError: the request is refused with a documented code and HTTP 200, and has changed nothing
    │   ├── InvalidRequest (10)         ├── OutboundNumberNotFound (221)
    │   ├── Unauthorized (40)           ├── LineSharingNotEnabled (222)
    │   ├── RefNotFound (200)           │   └── TooManyOnLine
    │   ├── InvalidStatus (218)         ├── DialedNumberNotFound (307)
    │   ├── InvalidDialStatus (311)     │
    │   └── WalletError (30)
    │       ├── UnknownDialedNumber     ├── UnknownInboundNumber
    │       ├── UnknownPin              ├── InsufficientTokens
    │       └── AmbiguousPin            └── TooManyTokens
    └── ServerError: we failed, with code 30 and HTTP 500
        ├── ResponseTooLarge
        └── StoreUnavailable: the store failed, with HTTP 503
            ├── Contention
            └── DeadlineExceeded

    `reason` is the short, stable, snake_case word of the `x-error-reason` header. It never contains a caller's value.
    """

    code = Code.FAILED
    http_status = 200
    reason = "failed"

    def __init__(self, reason: str | None = None) -> None:
        """Take a reason that says more than the class's own, such as the parameter to blame."""
        super().__init__(reason or self.reason)
        self.reason = reason or self.reason


class RequestError(ApiError):
    """The request is refused and has changed nothing."""


class InvalidRequest(RequestError):
    """The request cannot be read, or a parameter is missing or malformed."""

    code = Code.REQUEST_INVALID
    reason = "invalid_request"


class Unauthorized(RequestError):
    """The hash is unknown, revoked, or opens another scope or application."""

    code = Code.UNAUTHORIZED
    reason = "unauthorized"


class RefNotFound(RequestError):
    """No agent has this ref."""

    code = Code.REF_NOT_FOUND
    reason = "unknown_ref"


class InvalidStatus(RequestError):
    """The status is none of the four."""

    code = Code.STATUS_INVALID
    reason = "invalid:status"


class OutboundNumberNotFound(RequestError):
    """No agent has this outbound number."""

    code = Code.OUTBOUND_NUMBER_NOT_FOUND
    reason = "unknown_outbound_number"


class LineSharingNotEnabled(RequestError):
    """Agents have this outbound number, but none of them shares the line."""

    code = Code.LINE_SHARING_NOT_ENABLED
    reason = "line_not_shared"


class TooManyOnLine(LineSharingNotEnabled):
    """More agents share the line than one transaction can hold."""

    reason = "too_many_on_line"


class DialedNumberNotFound(RequestError):
    """The dialed number is not in the register of service numbers (agents' API)."""

    code = Code.DIALED_NUMBER_NOT_FOUND
    reason = "unknown_dialed_number"


class InvalidDialStatus(RequestError):
    """The dial status is none of Asterisk's nine."""

    code = Code.DIAL_STATUS_INVALID
    reason = "invalid:dialStatus"


class WalletError(RequestError):
    """The credit system says no; all its refusals have the same documented code."""


class UnknownDialedNumber(WalletError):
    """The dialed number is not in the register of service numbers (credit system)."""

    reason = "unknown_dialed_number"


class UnknownPin(WalletError):
    """No wallet of the application has this PIN."""

    reason = "unknown_pin"


class AmbiguousPin(WalletError):
    """The PIN was sent as an integer, and several wallets' PINs differ from it by leading zeros only."""

    reason = "ambiguous_pin"


class UnknownInboundNumber(WalletError):
    """No wallet of the application has this phone number, or the caller withheld it."""

    reason = "unknown_inbound_number"


class InsufficientTokens(WalletError):
    """The wallet holds fewer tokens than are to be taken."""

    reason = "insufficient_tokens"


class TooManyTokens(WalletError):
    """The balance would exceed the maximum."""

    reason = "too_many_tokens"


class ServerError(ApiError):
    """We failed; the request may be sent again."""

    http_status = 500
    reason = "internal_error"


class ResponseTooLarge(ServerError):
    """The response does not fit into Lambda's limit, and the client does not accept gzip."""

    reason = "answer_too_large"


class StoreUnavailable(ServerError):
    """DynamoDB did not answer, or was too busy."""

    http_status = 503
    reason = "store_unavailable"


class Contention(StoreUnavailable):
    """Other requests for the same item came first until the time was up."""

    reason = "contention"


class DeadlineExceeded(StoreUnavailable):
    """The request's time was up before DynamoDB had done its part."""

    reason = "deadline_exceeded"
