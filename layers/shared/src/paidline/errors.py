"""The errors a request can end with, each with a code, an HTTP status and a reason."""

from paidline.codes import Code


class ApiError(Exception):
    """The base of every unsuccessful response.

    ApiError
    ├── RequestError: the request is rejected with a documented code and HTTP 200, and changed nothing
    │   ├── InvalidRequest (10)         ├── OutboundNumberNotFound (221)
    │   ├── Unauthorized (40)           ├── LineSharingNotEnabled (222)
    │   │   └── SourceNotAllowed        │   └── TooManyOnLine
    │   ├── RefNotFound (200)           ├── DialedNumberNotFound (307)
    │   ├── InvalidStatus (218)         ├── InvalidDialStatus (311)
    │   ├── WalletError (30)
    │   │   ├── UnknownDialedNumber     ├── UnknownInboundNumber
    │   │   ├── UnknownPin              ├── InsufficientTokens
    │   │   ├── AmbiguousPin            ├── TooManyTokens
    │   │   └── WalletBlocked           └── TooManyWrongPins
    │   ├── CommandError: a command of the admin function is refused, which has words instead of codes
    │   │   ├── InvalidCommand          ├── AlreadyExists
    │   │   ├── UnknownCommand          ├── VersionConflict
    │   │   ├── ItemNotFound            ├── Refused
    │   │   └── CommandFailed           └── CommandUnavailable
    │   └── CallError (30)
    │       ├── AgentUnavailable        ├── TooManyOnCallLine
    │       └── LineBusy                └── UnknownCall
    └── ServerError: the service failed, with code 30 and HTTP 500
        ├── ResponseTooLarge
        └── StoreUnavailable: DynamoDB failed, with HTTP 503
            ├── Contention
            └── DeadlineExceeded

    `reason` is the short, stable, snake_case value of the `x-error-reason` header. It never contains caller input.
    """

    code = Code.FAILED
    http_status = 200
    reason = "failed"

    def __init__(self, reason: str | None = None) -> None:
        """Override the class's reason with a more specific one, such as one that names the invalid parameter."""
        super().__init__(reason or self.reason)
        self.reason = reason or self.reason


class RequestError(ApiError):
    """The request is rejected and changed nothing."""


class InvalidRequest(RequestError):
    """The request cannot be parsed, or a parameter is missing or malformed."""

    code = Code.REQUEST_INVALID
    reason = "invalid_request"


class Unauthorized(RequestError):
    """The hash is unknown or revoked, or grants access to a different scope or application."""

    code = Code.UNAUTHORIZED
    reason = "unauthorized"


class SourceNotAllowed(Unauthorized):
    """The request comes from outside the networks that the hash is limited to."""

    reason = "source_not_allowed"


class RefNotFound(RequestError):
    """No agent has this ref."""

    code = Code.REF_NOT_FOUND
    reason = "unknown_ref"


class InvalidStatus(RequestError):
    """The status is not one of the four agent statuses."""

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
    """More agents share the line than fit in one transaction."""

    reason = "too_many_on_line"


class DialedNumberNotFound(RequestError):
    """The dialed number is not in the register of service numbers (agents' API)."""

    code = Code.DIALED_NUMBER_NOT_FOUND
    reason = "unknown_dialed_number"


class InvalidDialStatus(RequestError):
    """The dial status is not one of Asterisk's nine."""

    code = Code.DIAL_STATUS_INVALID
    reason = "invalid:dialStatus"


class WalletError(RequestError):
    """The credit system rejects the request; all such errors share one documented code."""


class UnknownDialedNumber(WalletError):
    """The dialed number is not in the register of service numbers (credit system)."""

    reason = "unknown_dialed_number"


class UnknownPin(WalletError):
    """No wallet of the application has this PIN."""

    reason = "unknown_pin"


class TooManyWrongPins(WalletError):
    """Too many wrong PINs were tried on this service number in this minute, so this one was not looked up."""

    reason = "too_many_wrong_pins"


class AmbiguousPin(WalletError):
    """The PIN was sent as an integer and matches several wallets' PINs, which differ only in leading zeros."""

    reason = "ambiguous_pin"


class UnknownInboundNumber(WalletError):
    """No wallet of the application has this phone number, or the caller withheld it."""

    reason = "unknown_inbound_number"


class InsufficientTokens(WalletError):
    """The wallet holds fewer tokens than the request would subtract."""

    reason = "insufficient_tokens"


class WalletBlocked(WalletError):
    """An operator has blocked the wallet, so no tokens can be taken from it."""

    reason = "wallet_blocked"


class TooManyTokens(WalletError):
    """The balance would exceed the maximum."""

    reason = "too_many_tokens"


class CommandError(RequestError):
    """A command of the admin function is refused and changed nothing.

    `reason` is the code word of the response, `message` one sentence for people without any value that was sent,
    `field` the argument at fault or "".
    """

    def __init__(self, message: str = "", field: str = "") -> None:
        super().__init__()
        self.message = message
        self.field = field


class InvalidCommand(CommandError):
    """A member of the request or an argument is missing, unknown or malformed."""

    reason = "invalid_request"


class UnknownCommand(CommandError):
    """No command has this name."""

    reason = "unknown_command"


class ItemNotFound(CommandError):
    """There is no such item."""

    reason = "not_found"


class AlreadyExists(CommandError):
    """Another item has this identity."""

    reason = "already_exists"


class VersionConflict(CommandError):
    """The item has another version than the one that the command is for."""

    reason = "conflict"


class Refused(CommandError):
    """A rule forbids it."""

    reason = "refused"


class CommandUnavailable(CommandError):
    """What a command answers if DynamoDB did not: it may have taken effect."""

    reason = "store_unavailable"


class CommandFailed(CommandError):
    """What a command answers to a fault of ours: it may have taken effect."""

    reason = "internal_error"


class CallError(RequestError):
    """A paid call is refused for a reason that has no code of its own."""


class AgentUnavailable(CallError):
    """The agent is not online."""

    reason = "agent_unavailable"


class LineBusy(CallError):
    """Another agent who shares the line is in a conversation."""

    reason = "line_busy"


class TooManyOnCallLine(CallError):
    """More agents share the line than fit in the transaction that takes or releases them."""

    reason = "too_many_on_line"


class UnknownCall(CallError):
    """The PBX has not begun a call with this id."""

    reason = "unknown_call"


class ServerError(ApiError):
    """The service failed; the request may be retried."""

    http_status = 500
    reason = "internal_error"


class ResponseTooLarge(ServerError):
    """The response exceeds Lambda's size limit, compressed too or because the client does not accept gzip."""

    reason = "answer_too_large"


class StoreUnavailable(ServerError):
    """DynamoDB did not respond or kept failing."""

    http_status = 503
    reason = "store_unavailable"


class Contention(StoreUnavailable):
    """The request kept losing races for the same item until its deadline."""

    reason = "contention"


class DeadlineExceeded(StoreUnavailable):
    """The request's deadline passed before its DynamoDB calls completed."""

    reason = "deadline_exceeded"
