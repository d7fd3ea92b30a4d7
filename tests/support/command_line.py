"""The command line in this process, on the handler of the admin function and a test's tables."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from admin.cli.main import run
from tests.support.admin import Admin
from tests.support.api import Api


@dataclass
class HandlerTarget:
    """A service whose admin function is a handler in this process."""

    api: Api
    admin: Admin = field(default_factory=Admin)

    def client(self, service: str) -> Any:
        return self.api.store.client if service == "dynamodb" else self

    def function_name(self, logical_id: str) -> str:
        return logical_id

    def invoke(self, FunctionName: str, Payload: bytes) -> dict[str, Any]:
        return {"Payload": io.BytesIO(json.dumps(self.admin.invoke(json.loads(Payload))).encode())}


@dataclass
class CommandLine:
    """Types commands, and reads what they print."""

    api: Api
    capture: pytest.CaptureFixture[str]
    errors: str = ""

    def type(self, *words: str, code: int = 0) -> str:
        """Run a command that ends with an exit code, and return what it printed; `errors` are its remarks."""
        self.capture.readouterr()
        ended = run(list(words))
        printed = self.capture.readouterr()
        self.errors = printed.err
        assert ended == code, printed
        return printed.out

    def rows(self, *words: str) -> list[dict[str, Any]]:
        """Run a command that succeeds, and return its rows."""
        return [json.loads(line) for line in self.type(*words, "--json").splitlines()]

    def refused(self, *words: str) -> str:
        """Run a command that cannot be carried out, and return the one sentence that says why."""
        assert self.type(*words, code=2) == ""
        (sentence,) = self.errors.splitlines()
        return sentence
