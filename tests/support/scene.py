"""A network whose every fault is scripted beforehand, call by call."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from paidline.store.dynamodb import dynamodb
from tests.simulation.commits import Operation
from tests.simulation.episode import SUBTRACT
from tests.simulation.messages import TRANSACTION, TRANSACTION_OF_READS, Sent
from tests.simulation.network import Line, Wire

if TYPE_CHECKING:
    from tests.support.reply import Reply
    from tests.support.service import Service


class Script:
    """The faults that the network produces: what becomes of each transaction, in order."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self.picks = 0

    def fault(self, operation: str) -> str:
        """The next fault of the script."""
        return self.faults.pop(0) if operation == TRANSACTION and self.faults else ""

    def forgets(self) -> bool:
        """Always, so that nothing depends on the store's memory of request tokens."""
        return True

    def slowness(self) -> tuple[float, float]:
        """No delay."""
        return 0.0, 0.0

    def pick(self, count: int) -> int:
        """The scripted choice."""
        return min(self.picks, count - 1)


class Scene:
    """A request over a scripted network, with what happens elsewhere before and after each of its transactions.

    `before_read` is that before each TransactGetItems.
    """

    def __init__(self, service: Service) -> None:
        self.script = Script()
        self.before: dict[int, Callable[[], None]] = {}
        self.after: dict[int, Callable[[], None]] = {}
        self.before_read: dict[int, Callable[[], None]] = {}
        self.transactions = 0
        self.reads = 0
        self._service = service
        self._line = Line(service.endpoint)
        self.wire = Wire(self._line, self.script, self._leave, lambda *_: None, lambda _: None, lambda _: None)

    def _leave(self, sent: Sent | None) -> None:
        if sent and sent.operation == TRANSACTION:
            self.transactions += 1
            self.before.pop(self.transactions, lambda: None)()
        if sent and sent.operation == TRANSACTION_OF_READS:
            self.reads += 1
            self.before_read.pop(self.reads, lambda: None)()
        if not sent:
            self.after.pop(self.transactions, lambda: None)()

    def send(self, stem: str = SUBTRACT, /, **changes: Any) -> Reply:
        """Send a request, by default a debit, over the wire."""
        self.wire.attach(dynamodb())
        try:
            return self._service.send(stem, **changes)
        finally:
            self.wire.detach(dynamodb())

    def rival(self, stem: str = SUBTRACT, /, **changes: Any) -> None:
        """Send another process's request over a connection of its own; by default a debit of one token."""
        self.wire.detach(dynamodb())
        self._service.send(stem, **(changes or {"tokens": 1}))
        self.wire.attach(dynamodb())

    def arrive_late(self, *written: str) -> None:
        """Deliver the first delayed transaction to the store, which decides it and writes the items of these tables."""
        self.wire.deliver_late(0, slowly=True)
        self.write(*written)

    def write(self, *tables: str) -> None:
        """Let the store write more items of the transaction that it has decided."""
        (commit,) = self.wire.commits.under_way
        for table in tables:
            for operation in [operation for operation in commit.left if self._table(operation) == table]:
                self.wire.commits.write_one(commit, commit.left.index(operation))

    def finish(self) -> None:
        """Let the store write the rest."""
        self.wire.commits.finish()

    def _table(self, operation: Operation) -> str:
        (details,) = operation.values()
        (variable,) = [name for name, table in self._service.tables.items() if table == details["TableName"]]
        return variable.removesuffix("_TABLE")

    def close(self) -> None:
        """Close the connection."""
        self._line.close()
