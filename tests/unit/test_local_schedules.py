"""The schedules of the template, run on this machine."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from local import schedules, template
from local.template import Function, Schedule


def schedule(folder: Path, every_s: int) -> Schedule:
    return Schedule(Function("Sweep", folder, "app", "lambda_handler", 128, 10, {}), every_s, enabled=True)


def test_the_sweep_is_scheduled_every_minute() -> None:
    scheduled = {schedule.function.stem: (schedule.every_s, schedule.enabled) for schedule in template.read().schedules}

    assert scheduled["calls_sweep"] == (60, True)


def test_ledgers_are_verified_daily_once_somebody_asks_for_it() -> None:
    scheduled = {schedule.function.stem: (schedule.every_s, schedule.enabled) for schedule in template.read().schedules}

    assert scheduled["verify_ledgers"] == (24 * 60 * 60, False)


def test_a_schedule_runs_once_in_each_of_its_intervals(tmp_path: Path) -> None:
    minutely, hourly = schedule(tmp_path / "a", 60), schedule(tmp_path / "b", 3600)
    ran: list[tuple[int, Schedule]] = []
    clockwork = schedules.Clockwork((minutely, hourly), now=0)

    for now in (0, 59, 60, 61, 130, 3600):
        clockwork.run(now, lambda due, now=now: ran.append((now, due)))  # type: ignore[misc]

    assert ran == [(60, minutely), (130, minutely), (3600, minutely), (3600, hourly)]


def test_a_function_that_raises_is_logged_and_the_next_run_comes(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "app.py").write_text("def lambda_handler(event, context):\n    raise RuntimeError(event['source'])\n")
    with caplog.at_level(logging.ERROR):
        schedules.invoke(schedule(tmp_path, 60))

    assert "Sweep raised" in caplog.text


@pytest.mark.parametrize(
    ("expression", "seconds"), [("rate(1 minute)", 60), ("rate(5 minutes)", 300), ("rate(2 hours)", 7200)]
)
def test_a_rate_is_read(tmp_path: Path, expression: str, seconds: int) -> None:
    assert template.read(written(tmp_path, expression)).schedules[0].every_s == seconds


def test_a_schedule_that_is_no_rate_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="only rates"):
        template.read(written(tmp_path, "'cron(0 12 * * ? *)'"))


def written(folder: Path, expression: str) -> Path:
    path = folder / "template.yaml"
    path.write_text(
        "Resources:\n  Sweep:\n    Type: AWS::Serverless::Function\n    Properties:\n"
        "      {Handler: app.handler, CodeUri: sweep, MemorySize: 128, Timeout: 10,\n"
        f"       Events: {{Timer: {{Type: Schedule, Properties: {{Schedule: {expression}}}}}}}}}\n"
    )
    return path
