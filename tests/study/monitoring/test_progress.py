from __future__ import annotations

import logging
from pathlib import Path

import pytest

from study.monitoring.driver_log import DRIVER, console_handler, driver_log, logged_to
from study.monitoring.progress import ProgressLines, StudyProgress, progress_text


def test_progress_is_logged_with_the_first_verdicts_from_time_to_time_and_at_the_end(
    tmp_path: Path,
) -> None:
    log = ProgressLines(lambda line: logging.getLogger(DRIVER).info(line))
    with driver_log(tmp_path / "driver.log", None):
        for recorded in range(11):
            counts = {"stable": recorded}
            log(StudyProgress(total=10, before=0, recorded=recorded, verdicts=counts, elapsed_s=2))
    lines = (tmp_path / "driver.log").read_text().splitlines()
    assert [line.split("  ", 1)[1] for line in lines] == [
        "0/10 trials  0 stable",
        "1/10 trials  0.5 trials/s  1 stable",
        "10/10 trials  5.0 trials/s  10 stable",
    ]


def test_each_phase_after_the_training_is_said_once() -> None:
    said: list[str] = []
    say = ProgressLines(said.append)
    for phase in (
        None,
        None,
        "logging to MLflow 2/3",
        "logging to MLflow 3/3",
        "writing the report",
    ):
        say(StudyProgress(total=3, before=0, recorded=3, verdicts={}, elapsed_s=1, phase=phase))
    assert said == ["3/3 trials  3.0 trials/s", "logging to MLflow 2/3", "writing the report"]


def test_what_goes_to_a_file_has_no_empty_lines(capfd: pytest.CaptureFixture[str]) -> None:
    # On a terminal a notice begins below the bar; in a file that line was empty.
    with logged_to(console_handler()):
        logging.getLogger("gradscape.run").info("confirming depth 2 to 8 with up to 48 trials")
    assert capfd.readouterr().err == "confirming depth 2 to 8 with up to 48 trials\n"


def test_the_first_small_cohorts_say_no_speed_and_no_time_left():
    at = lambda done: progress_text(  # noqa: E731
        StudyProgress(
            total=1200, before=0, recorded=done, verdicts={}, elapsed_s=10, left_s=400 / done
        )
    )
    assert at(8) == "8/1200 trials"
    assert at(100) == "100/1200 trials  10.0 trials/s  0:04 left"
