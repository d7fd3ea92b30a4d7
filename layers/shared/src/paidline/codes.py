"""The contract's codes and messages."""

from enum import IntEnum


class Code(IntEnum):
    """A code of the contract with its exact message."""

    message: str

    def __new__(cls, number: int, message: str) -> "Code":
        """Create a member that is an integer and carries a message."""
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
