"""Walking through whole tables in parts, each of which fits into one invocation."""

import base64
import json
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from paidline import deadline
from paidline.errors import InvalidCommand

Key = dict[str, Any]

# A page may take this long, with all that is to be written for it.
_ENOUGH_S = 8.0


class Stage(NamedTuple):
    """One table or index to walk through.

    `step` handles the page after a key, and returns what it found and the key after which the next page begins, if any.
    """

    name: str
    step: Callable[[Key | None], tuple[Any, Key | None]]


class Start(NamedTuple):
    """Where a part begins: the name of the stage, and the key after which its page begins, if not at the beginning."""

    stage: str
    after: Key | None = None


class Part(NamedTuple):
    """What was found in a part of a walk, page by page by the name of the stage, and where to go on, if anywhere."""

    found: dict[str, list[Any]]
    next: str | None


def read_start(text: str | None, stages: Sequence[str]) -> Start:
    """Return where to begin: at the first stage, or where `text`, the `next` of the part before, says.

    Raises InvalidCommand for a text that is none of ours.
    """
    if text is None:
        return Start(stages[0])
    try:
        stage, after = json.loads(base64.urlsafe_b64decode(text))
    except (ValueError, TypeError) as error:
        raise InvalidCommand("This is not the `next` of a result.", "next") from error
    if stage not in stages or not (after is None or isinstance(after, dict)):
        raise InvalidCommand("This is not the `next` of a result.", "next")
    return Start(stage, after)


def walk(stages: Sequence[Stage], start: Start, *, is_full: Callable[[], bool] = lambda: False) -> Part:
    """Walk on from `start` until time is short or `is_full` says so."""
    found: dict[str, list[Any]] = {stage.name: [] for stage in stages}
    number, after = list(found).index(start.stage), start.after
    while number < len(stages):
        name, step = stages[number]
        page, after = step(after)
        found[name].append(page)
        if after is None:
            number += 1
        if number < len(stages) and (deadline.remaining_s() < _ENOUGH_S or is_full()):
            return Part(found, _write(Start(stages[number].name, after)))
    return Part(found, None)


def _write(start: Start) -> str:
    return base64.urlsafe_b64encode(json.dumps(start).encode()).decode()
