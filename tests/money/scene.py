"""A wire on which everything that happens is written down beforehand, call by call."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from paidline.store.dynamodb import dynamodb
from tests.simulation.commits import Operation
from tests.simulation.episode import SUBTRACT
from tests.simulation.messages import TRANSACTION, TRANSACTION_OF_READS, Sent
from tests.simulation.wire import Line, Wire

if TYPE_CHECKING:
    from tests.money.conftest import Answer, Service


class Script:
    """The weather as it is written down: what becomes of each transaction, in order."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self.picks = 0

    def fault(self, operation: str) -> str:
        """The next one that is written down."""
        return self.faults.pop(0) if operation == TRANSACTION and self.faults else ""

    def forgets(self) -> bool:
        """Always, so that nothing rests on the store's memory."""
        return True

    def slowness(self) -> tuple[float, float]:
        """None: no time passes here."""
        return 0.0, 0.0

    def pick(self, count: int) -> int:
        """The same in every case."""
        return min(self.picks, count - 1)


class Scene:
    """A request on a scripted wire, with what happens elsewhere before and after each of its transactions.

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

    def send(self, stem: str = SUBTRACT, /, **changes: Any) -> Answer:
        """Sends the documented request, a debit if nothing else is said, over the wire."""
        self.wire.attach(dynamodb())
        try:
            return self._service.send(stem, **changes)
        finally:
            self.wire.detach(dynamodb())

    def rival(self, stem: str = SUBTRACT, /, **changes: Any) -> None:
        """Another process's request, over a connection of its own; a debit of one token if nothing else is said."""
        self.wire.detach(dynamodb())
        self._service.send(stem, **(changes or {"tokens": 1}))
        self.wire.attach(dynamodb())

    def arrive_late(self, *written: str) -> None:
        """Brings the first delayed transaction to the store, which decides it and writes the items of these tables."""
        self.wire.deliver_late(0, slowly=True)
        self.write(*written)

    def write(self, *tables: str) -> None:
        """Lets the store write more items of the transaction that it has decided."""
        (commit,) = self.wire.commits.under_way
        for table in tables:
            for operation in [operation for operation in commit.left if self._table(operation) == table]:
                self.wire.commits.write_one(commit, commit.left.index(operation))

    def finish(self) -> None:
        """Lets the store write the rest."""
        self.wire.commits.finish()

    def _table(self, operation: Operation) -> str:
        (details,) = operation.values()
        (variable,) = [name for name, table in self._service.tables.items() if table == details["TableName"]]
        return variable.removesuffix("_TABLE")

    def close(self) -> None:
        """Hangs up."""
        self._line.close()
