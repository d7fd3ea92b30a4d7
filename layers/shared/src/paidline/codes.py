"""The one table of the document's codes and messages, and the tree of failures that carry them."""

from enum import IntEnum


class Code(IntEnum):
    """A code of the document with its message, to the letter."""

    message: str

    def __new__(cls, number: int, message: str) -> "Code":
        """Make a member that is the number and also carries the message."""
        code = int.__new__(cls, number)
        code._value_ = number
        code.message = message
        return code

    REQUEST_INVALID = 10, "request data is invalid"
    SUCCESS = 20, "success"
    FAILED = 30, "failed"
    UNAUTHORIZED = 40, "unauthorized"
    REF_NOT_FOUND = 200, "ref not found"
    REF_VALID = 202, "ref is valid"
    STATUS_INVALID = 218, "status is invalid"
    OUTBOUND_NUMBER_NOT_FOUND = 221, "outbound number not found"
    LINE_SHARING_NOT_ENABLED = 222, "line sharing not enabled"
    DIALED_NUMBER_NOT_FOUND = 307, "dialed number does not exist"
    DIAL_STATUS_INVALID = 311, "invalid dial status"
    CALL_SESSION_CREATED = 403, "call session created"


class Failure(Exception):
    """Any answer that is not a success.

    Failure
    ├── Refusal: the caller's request is refused with a documented code and HTTP 200
    │   ├── RequestInvalid (10)       ├── StatusInvalid (218)
    │   ├── Refused (30)              ├── OutboundNumberNotFound (221)
    │   ├── Unauthorized (40)         ├── LineSharingNotEnabled (222)
    │   ├── RefNotFound (200)         ├── DialedNumberNotFound (307)
    │   └── DialStatusInvalid (311)
    └── Fault: we could not do our part, code 30 and HTTP 500
        └── StoreUnavailable: the store did not do its part, HTTP 503

    `reason` is the short, stable word of the `x-error-reason` header. It never holds a caller's value.
    """

    code = Code.FAILED
    http_status = 200
    reason = "failed"

    def __init__(self, reason: str | None = None) -> None:
        """Take the reason, where it says more than the class's own."""
        super().__init__(reason or self.reason)
        self.reason = reason or self.reason


class Refusal(Failure):
    """The request is refused and has changed nothing."""


class RequestInvalid(Refusal):
    """The request cannot be read, or a parameter is missing or malformed."""

    code = Code.REQUEST_INVALID
    reason = "invalid_request"


class Refused(Refusal):
    """The credit system says no: unknown number, PIN or caller, too few or too many tokens."""


class Unauthorized(Refusal):
    """The hash is unknown, revoked, or opens another scope."""

    code = Code.UNAUTHORIZED
    reason = "unauthorized"


class RefNotFound(Refusal):
    """No agent has this ref."""

    code = Code.REF_NOT_FOUND
    reason = "unknown_ref"


class StatusInvalid(Refusal):
    """The status is none of the four."""

    code = Code.STATUS_INVALID
    reason = "invalid:status"


class OutboundNumberNotFound(Refusal):
    """No agent has this outbound number."""

    code = Code.OUTBOUND_NUMBER_NOT_FOUND
    reason = "unknown_outbound_number"


class LineSharingNotEnabled(Refusal):
    """Agents have this outbound number, but none of them shares the line, or more than can change at once."""

    code = Code.LINE_SHARING_NOT_ENABLED
    reason = "line_not_shared"


class DialedNumberNotFound(Refusal):
    """The dialed number is not in the register of service numbers."""

    code = Code.DIALED_NUMBER_NOT_FOUND
    reason = "unknown_dialed_number"


class DialStatusInvalid(Refusal):
    """The dial status is none of Asterisk's nine."""

    code = Code.DIAL_STATUS_INVALID
    reason = "invalid:dialStatus"


class Fault(Failure):
    """A fault of ours; the request may be sent again."""

    http_status = 500
    reason = "internal_error"


class StoreUnavailable(Fault):
    """The store was too slow or too busy, or rivals came first until the request's time was up."""

    http_status = 503
    reason = "store_unavailable"
