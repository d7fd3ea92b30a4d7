"""Runs requests at the same time, but only one at any moment: who goes on next is chosen, not left to the machine.

A request runs in a greenlet of its own, which stops wherever the wire calls `pause` or the service sleeps.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from greenlet import greenlet

from tests.simulation.seams import Time


class ProcessDied(BaseException):
    """The process that handles a request is gone; nothing of the service may catch this."""


class Task:
    """One request on its way."""

    def __init__(self, run: Callable[[], None], number: int) -> None:
        self.number = number
        self.wakes_at = 0.0
        self._greenlet = greenlet(run)

    @property
    def is_done(self) -> bool:
        """Whether it has ended."""
        return bool(self._greenlet.dead)

    def step(self) -> None:
        """Lets it run until it pauses or ends. Raises what it ended with, the death of its process aside."""
        with suppress(ProcessDied):
            self._greenlet.switch()

    def pause(self) -> None:
        """Stops here, called from inside, until the next step."""
        scheduler = self._greenlet.parent
        assert scheduler
        scheduler.switch()

    def abandon(self) -> None:
        """Ends it wherever it is."""
        with suppress(ProcessDied):
            self._greenlet.throw(ProcessDied)


class Scheduler:
    """The requests on their way, and the one that runs."""

    def __init__(self, time: Time) -> None:
        self.tasks: list[Task] = []
        self._time = time
        self._running: Task | None = None
        self._started = 0

    def start(self, run: Callable[[], None]) -> Task:
        """Adds a request; it does nothing before its first step."""
        task = Task(run, self._started)
        self._started += 1
        self.tasks.append(task)
        return task

    def step(self, task: Task) -> None:
        """Lets one request go on."""
        self._running = task
        try:
            task.step()
        finally:
            self._running = None
            if task.is_done:
                self.tasks.remove(task)

    def pause(self) -> None:
        """Lets others go first; does nothing outside of a request."""
        if self._running:
            self._running.pause()

    def sleep(self, seconds: float) -> None:
        """Stands in for time.sleep."""
        if self._running:
            self._running.wakes_at = self._time.now + seconds
            self._running.pause()

    def awake(self) -> list[Task]:
        """Those who can go on; where all sleep, time moves on to the first who wakes."""
        if self.tasks and all(task.wakes_at > self._time.now for task in self.tasks):
            self._time.now = min(task.wakes_at for task in self.tasks)
        return [task for task in self.tasks if task.wakes_at <= self._time.now]

    def abandon(self) -> None:
        """Ends all requests, where a simulation ends early."""
        for task in self.tasks:
            task.abandon()
        self.tasks.clear()
