"""What a run that was asked to stop says, and when."""

from __future__ import annotations

import logging
import threading
import time

import pytest

from study.errors import LeaseLost
from study.run.stop_notice import stop_notice, waiting_text


@pytest.mark.parametrize(
    ("cohorts", "left_s", "text"),
    [
        (0, None, "no cohort is in training; recording what was trained"),
        (1, None, "waiting for 1 cohort in training, then recording them"),
        (3, 75.0, "waiting for 3 cohorts in training, about 1:15, then recording them"),
    ],
)
def test_it_says_how_much_is_in_training_and_for_how_long(
    cohorts: int, left_s: float | None, text: str
) -> None:
    assert waiting_text(cohorts, left_s, None) == text


def test_without_the_lease_nothing_is_recorded_any_more() -> None:
    lost = LeaseLost("study small was taken over")
    text = waiting_text(2, 10.0, lost)
    assert text == f"{lost.reason}; 2 cohorts in training will not be recorded"


def test_it_is_logged_once_while_the_block_lasts(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "gradscape.run")
    stop = threading.Event()
    with stop_notice(stop, lambda: "waiting"):
        assert caplog.messages == []
        stop.set()
        deadline = time.monotonic() + 120
        while not caplog.messages and time.monotonic() < deadline:
            time.sleep(0.01)
    assert caplog.messages == ["waiting"]


def test_a_run_that_is_not_asked_to_stop_says_nothing(caplog: pytest.LogCaptureFixture) -> None:
    stop = threading.Event()
    with stop_notice(stop, lambda: "waiting"):
        pass
    stop.set()
    assert caplog.messages == []
    assert "stop-notice" not in {thread.name for thread in threading.enumerate()}
