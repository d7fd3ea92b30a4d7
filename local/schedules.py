"""Run the functions that template.yaml schedules, in a process of their own: `python -m local.schedules`."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from local import engine, gateway, template
from local.template import Schedule

_STOP_TIMEOUT_S = 10.0

_log = logging.getLogger("local.schedules")


@contextmanager
def running() -> Iterator[None]:
    """Run the schedules until the block ends, with this process's environment variables."""
    owner = os.getpid()
    process = subprocess.Popen(
        [sys.executable, "-m", "local.schedules"],
        cwd=template.PROJECT,
        stdin=subprocess.DEVNULL,
        # Ctrl-C reaches only the gateway, which finishes its requests before it stops this.
        start_new_session=True,
        preexec_fn=engine.die_with_parent(signal.SIGTERM),
    )
    try:
        yield
    finally:
        # A forked worker of the server leaves this block too.
        if os.getpid() == owner:
            process.terminate()
            process.wait(_STOP_TIMEOUT_S)


class Clockwork:
    """Schedules with the moment at which each is next due; the first time is one interval after the start."""

    def __init__(self, schedules: tuple[Schedule, ...], now: float) -> None:
        self._due = {schedule: now + schedule.every_s for schedule in schedules}

    def run(self, now: float, invoke: Callable[[Schedule], None]) -> float:
        """Invoke what is due, and return the moment at which something is due next."""
        for schedule, due in self._due.items():
            if due <= now:
                self._due[schedule] = now + schedule.every_s
                invoke(schedule)
        return min(self._due.values())


def invoke(schedule: Schedule) -> None:
    """Invoke a function as the schedule does. An error is logged, as Lambda would."""
    function = schedule.function
    try:
        gateway.load_handler(function)({"source": "aws.events"}, gateway.context(function))
    except Exception:
        _log.exception("%s raised; Lambda would report a function error", function.name)


def main() -> None:
    """Run until terminated."""
    schedules = tuple(schedule for schedule in template.read().schedules if schedule.enabled)
    clockwork = Clockwork(schedules, time.monotonic())
    while schedules:
        due = clockwork.run(time.monotonic(), invoke)
        time.sleep(max(0.0, due - time.monotonic()))


if __name__ == "__main__":
    main()
