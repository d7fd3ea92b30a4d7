"""The price of a paid call: whole billing increments at an agent's tokens per minute."""

from typing import NamedTuple

_MINUTE_S = 60


class Increments(NamedTuple):
    """Billing increments in seconds, written `first/following` as in telephony: `60/60`, `30/6`, `1/1`."""

    first: int
    following: int

    @classmethod
    def parse(cls, text: str) -> "Increments":
        """Parse `first/following`. Raises ValueError."""
        first, following = (int(part) for part in text.split("/"))
        if first < 1 or following < 1:
            raise ValueError("increments of less than a second")
        return cls(first, following)

    def billed(self, seconds: int) -> int:
        """Return the seconds that are billed for a talk: those of all increments that it began."""
        if seconds == 0:
            return 0
        more = max(0, seconds - self.first)
        return self.first - (-more // self.following) * self.following

    def whole(self, seconds: int) -> int:
        """Return the seconds of the increments that fit; 0 if not even the first one does."""
        if seconds < self.first:
            return 0
        return self.first + (seconds - self.first) // self.following * self.following


def price(seconds: int, tpm: int, increments: Increments) -> int:
    """Return the tokens for a talk, rounded up to a whole token."""
    return -(-increments.billed(seconds) * tpm // _MINUTE_S)


def affordable(tokens: int, tpm: int, increments: Increments) -> int:
    """Return the longest talk in seconds that costs no more than the tokens; `tpm` must not be 0."""
    return increments.whole(tokens * _MINUTE_S // tpm)
