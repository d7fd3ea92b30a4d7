"""The one error of the command line."""


class CommandError(Exception):
    """The command cannot be carried out; the message is one sentence that says what to do."""


class AdminError(CommandError):
    """The admin function refused a command; `code` is its word for why."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
