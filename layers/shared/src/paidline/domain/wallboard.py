"""The wallboard: agents by status, open paid calls, and the calls and refusals of the day so far."""

from datetime import datetime, timedelta
from typing import NamedTuple

from paidline import clock, deadline, ids
from paidline.domain.types import DialStatus
from paidline.store import agents, call_sessions, calls, refusals
from paidline.store.agents import Agent
from paidline.store.call_sessions import DayCall

# The index lags behind the table by less than a second as a rule, and a request writes up to 3 s after it took its id.
_SETTLED_AFTER = timedelta(seconds=60)
_ANSWERED = DialStatus.ANSWER.lower()


class Totals(NamedTuple):
    """How many of a day's calls were counted, how many of them were answered, and the tokens charged for them."""

    calls: int = 0
    answered: int = 0
    tokens: int = 0

    def plus(self, call: DayCall) -> "Totals":
        """Add one call."""
        answered = self.answered + (call.dial_status == _ANSWERED)
        return Totals(self.calls + 1, answered, self.tokens + call.tokens_charged)


class Board(NamedTuple):
    """What the wallboard shows. `opened` are the stored times at which the open calls began.

    `refusals` are the day's by reason. `today` is None while this process has yet to count the day's calls.
    """

    time: datetime
    agents: list[Agent]
    opened: list[str]
    refusals: dict[str, int]
    today: Totals | None

    def age_s(self, stored: str) -> int:
        """Return how many seconds ago a stored time was; 0 if the clock that wrote it was ahead of ours."""
        return max(0, int((self.time - datetime.fromisoformat(stored)).total_seconds()))


class _Settled(NamedTuple):
    """The totals of a local day's calls with ids up to `last_id`, which no longer change."""

    day: str = ""
    last_id: int = 0
    totals: Totals = Totals()


# Replaced as a whole, so that threads need no lock: at worst one of them counts some calls again.
_settled = _Settled()


def look() -> Board:
    """Read the wallboard.

    One Scan of the agents, one of the open calls' index, one GetItem of the day's refusals and one Query of its calls.
    A process first reads the whole day, in as many Queries and requests as that takes, and afterwards only the calls
    of the last minute. None of it is strongly consistent.
    """
    now = clock.now()
    day = clock.local_day(clock.to_iso(now))
    return Board(
        time=now,
        agents=sorted(agents.list_all(), key=lambda agent: agent.user_id),
        opened=[call.opened for call in calls.list_all_open()],
        refusals=refusals.get(day),
        # Last, because it takes the time that is left.
        today=_count_today(now, day),
    )


def forget() -> None:
    """Forget what was counted, so that this process starts over like a new one."""
    global _settled
    _settled = _Settled()


def _count_today(now: datetime, day: str) -> Totals | None:
    """Count the day's calls, or as many as the request has time for: then None, and the next request goes on."""
    global _settled
    settled = _settled if _settled.day == day else _Settled(day)
    last_settled_id = ids.last_id_before(now - _SETTLED_AFTER)
    last_id, totals = settled.last_id, settled.totals
    while True:
        found, has_more = call_sessions.list_day_page(day, last_id)
        for call in found:
            last_id, totals = call.id, totals.plus(call)
            if call.id <= last_settled_id:
                settled = _Settled(day, last_id, totals)
        # Kept even if the request fails later, so that each one gets further.
        _settled = settled
        if not has_more:
            return totals
        if deadline.remaining_s() < deadline.READ_S:
            return None
