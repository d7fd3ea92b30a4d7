"""What comes back for a request, whoever serves it: the handlers in this process, a gateway or a PBX's service."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Reply:
    """A status, headers with names in lower case, and a body that is uncompressed text."""

    status: int
    headers: dict[str, str]
    body: str

    @property
    def json(self) -> Any:
        """The parsed body."""
        return json.loads(self.body)

    @property
    def code(self) -> int:
        """The envelope's code."""
        return int(self.json["code"])

    @property
    def reason(self) -> str | None:
        """What exactly was wrong with the request."""
        return self.headers.get("x-error-reason")

    @property
    def refusal(self) -> tuple[int, str | None]:
        """Code and reason of a failure."""
        return self.code, self.reason

    @property
    def is_hit(self) -> bool:
        """Whether it is the stored response to an earlier delivery."""
        return self.headers.get("idempotency-hit") == "true"

    @property
    def tokens(self) -> int:
        """The wallet's balance."""
        return int(self.json["wallet"]["tokens"])
