"""Everything that tells a time-out agrees with `paidline.deadline`, the one source: template, kit, examples, docs."""

from __future__ import annotations

import re

import pytest

from local import template
from paidline import deadline

# The longest that a function takes to start: beside it a write of it begins after LAST_WRITE_S at the latest.
LONGEST_START_S = 4.0

CONNECT, READ, WRITE = "PAIDLINE_CONNECT_TIMEOUT", "PAIDLINE_READ_TIMEOUT", "PAIDLINE_WRITE_TIMEOUT"
WORDS = {"three": 3.0, "four": 4.0}


def text(path: str) -> str:
    return (template.PROJECT / path).read_text(encoding="utf-8")


def plain(path: str) -> str:
    """A text without its line breaks and markup."""
    return re.sub(r"[\s*]+", " ", text(path))


def found(pattern: str, where: str) -> list[float]:
    """All numbers that a pattern finds; there must be one."""
    numbers = [WORDS.get(number) or float(number) for number in re.findall(pattern, where)]
    assert numbers, pattern
    return numbers


def kit(name: str) -> float:
    (value,) = found(rf"(?m)^{name}=(\d+)$", text("examples/asterisk/globals.conf"))
    return value


def test_every_function_ends_far_after_the_last_answer() -> None:
    limits = {route.function.timeout_s for route in template.read().routes}

    assert limits == {10}
    assert min(limits) >= 2 * deadline.LAST_RESPONSE_S


def test_the_kit_waits_as_long_as_an_answer_may_take_and_for_a_change_until_it_cannot_happen_any_more() -> None:
    assert kit(READ) == deadline.LAST_RESPONSE_S
    assert kit(WRITE) > LONGEST_START_S + deadline.LAST_WRITE_S
    assert kit(CONNECT) < kit(READ)


def test_the_settings_table_shows_the_kits_own_defaults() -> None:
    for name in (CONNECT, READ, WRITE):
        assert found(rf"`{name}` \| (\d+) s \|", text("docs/asterisk.md")) == [kit(name)]


@pytest.mark.parametrize(
    ("path", "pattern"),
    [
        ("examples/freeswitch/paidline.lua", r"connect-timeout (\d+) timeout (\d+)"),
        ("examples/freeswitch/paidline_paid_call.lua", r"connect-timeout (\d+) timeout (\d+)"),
        ("examples/curl/ten-calls.sh", r"--connect-timeout (\d+) --max-time (\d+)"),
    ],
)
def test_the_other_clients_wait_as_long_as_the_kit(path: str, pattern: str) -> None:
    ((connect, whole),) = re.findall(pattern, text(path))

    assert (float(connect), float(whole)) == (kit(CONNECT), kit(WRITE))


def test_the_benchmarks_runtime_has_the_functions_time_out() -> None:
    (limit,) = found(r'"AWS_LAMBDA_FUNCTION_TIMEOUT": "(\d+)"', text("benchmarks/runtime.py"))

    assert limit == template.read().routes[0].function.timeout_s


@pytest.mark.parametrize(
    ("path", "pattern", "seconds"),
    [
        ("docs/asterisk.md", r"no write later than (\S+) s", deadline.LAST_WRITE_S),
        (
            "examples/asterisk/globals.conf",
            r"the (\S+) seconds after which the API begins no more",
            deadline.LAST_WRITE_S,
        ),
        ("docs/reliability.md", r"No write is sent to the store later than (\S+) s", deadline.LAST_WRITE_S),
        ("docs/reliability.md", r"every answer has left by (\S+) s", deadline.LAST_RESPONSE_S),
        ("docs/reliability.md", r"no attempt starts after (\S+) s", deadline.LAST_ATTEMPT_S),
        ("docs/operations.md", r"PBX, which gives up after (\S+) s", deadline.LAST_RESPONSE_S),
        ("docs/operations.md", r"connect, read \| (\S+) s, \S+ s", deadline.CONNECT_S),
        ("docs/operations.md", r"connect, read \| \S+ s, (\S+) s", deadline.READ_S),
        ("docs/operations.md", r"start of the last try \| (\S+) s", deadline.LAST_ATTEMPT_S),
        ("docs/operations.md", r"last write, last answer \| (\S+) s, \S+ s", deadline.LAST_WRITE_S),
        ("docs/operations.md", r"last write, last answer \| \S+ s, (\S+) s", deadline.LAST_RESPONSE_S),
        ("docs/operations.md", r"\| function \| (\S+) s", template.read().routes[0].function.timeout_s),
        ("template.yaml", r"above the (\S+) s in which a request is answered", deadline.LAST_RESPONSE_S),
        ("docs/decisions.md", r"connecting (\S+) s, reading \S+ s", deadline.CONNECT_S),
        ("docs/decisions.md", r"connecting \S+ s, reading (\S+) s", deadline.READ_S),
        ("docs/decisions.md", r"last try after (\S+) s", deadline.LAST_ATTEMPT_S),
    ],
)
def test_what_is_written_about_the_deadline_is_what_it_is(path: str, pattern: str, seconds: float) -> None:
    assert set(found(pattern, plain(path))) == {seconds}


def test_the_comment_beside_the_numbers_reckons_with_them() -> None:
    comment = plain("layers/shared/src/paidline/deadline.py").replace("# ", "")
    last_send = deadline.LAST_ATTEMPT_S + 2 * deadline.CONNECT_S

    assert f"{deadline.LAST_ATTEMPT_S} + 2 {deadline.CONNECT_S} = {last_send:.1f} s" in comment
    assert f"after {deadline.READ_S} s more: {last_send + deadline.READ_S:.1f} s" in comment


def test_asterisk_and_its_documentation_tell_of_no_other_limit_of_the_functions() -> None:
    told = plain("docs/asterisk.md") + plain("examples/asterisk/globals.conf")

    assert not re.search(r"(functions|limit)[^.|]* (end|of) (after )?\d+ s", told)
