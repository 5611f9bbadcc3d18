"""`gradscape report` of a study that infrastructure let finish no trial, or not all."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from study import StudyConfig, run_study
from study.dispatch import InProcessDispatcher
from study.dispatch.cohorts import CohortQueue
from study.dispatch.dispatcher import Deliver, Train
from study.monitoring.failed_trials import failure_reasons, failures_text
from study.paths import StudyPaths
from study.tracking import NullTracker
from tests.study.commands.conftest import STUDY, Gradscape


class LosingDispatcher:
    """Implements `Dispatcher`: workers are lost whatever they train, in two ways."""

    def run(
        self, queue: CohortQueue, train: Train, deliver: Deliver, *, stop: threading.Event
    ) -> None:
        while (cohort := queue.next()) is not None:
            depth = cohort.trials[0].hyperparameters["depth"]
            why = "worker lost <b>x</b>" if depth == 1 else "out of memory"
            queue.lost(cohort, why)


def run(home: Path, dispatcher: InProcessDispatcher | LosingDispatcher, trials: int = 12) -> None:
    run_study(
        StudyConfig.from_text(STUDY).with_trials(trials),
        home=home,
        dispatcher=dispatcher,
        open_tracker=lambda config, paths: NullTracker(),
    )


def test_only_infrastructure_failures_are_told_in_one_line(
    gradscape: Gradscape, tmp_path: Path
) -> None:
    run(tmp_path / "gradscape", LosingDispatcher())
    for more in ([], ["--threshold", "stalled_progress=0.9"]):
        said = gradscape("report", "small", *more)
        assert said.code == 2 and said.err.count("\n") == 1, said
        assert "study 'small' has no finished trial to report on" in said.err
        assert "12 trials failed" in said.err
        assert "worker lost <b>x</b>" in said.err and "out of memory" in said.err
        assert "gradscape logs small" in said.err and "Traceback" not in said.err
    assert not (tmp_path / "gradscape" / "studies" / "small" / "report").exists()
    compared = gradscape("report", "--compare", "small", "small")
    assert compared.code == 2 and "no finished trial" in compared.err


@pytest.mark.slow
def test_some_failures_are_counted_by_reason_and_the_report_is_made(
    gradscape: Gradscape, tmp_path: Path
) -> None:
    home = tmp_path / "gradscape"
    run(home, InProcessDispatcher(), trials=6)
    assert failure_reasons(StudyPaths(home=home, study="small")) == {}
    run(home, LosingDispatcher(), trials=12)
    reasons = failure_reasons(StudyPaths(home=home, study="small"))
    assert sum(reasons.values()) == 6
    assert list(reasons.values()) == sorted(reasons.values(), reverse=True)
    assert gradscape("report", "small", "--figures", "none").code == 0


def test_a_study_that_is_not_there_has_no_failures(tmp_path: Path) -> None:
    assert failure_reasons(StudyPaths(home=tmp_path, study="none")) == {}


@pytest.mark.parametrize(
    ("reasons", "told"),
    [
        ({"time-out": 1}, "1 trial failed: time-out (1)"),
        ({"a": 3, "b.": 2}, "5 trials failed: a (3), b (2)"),
        (
            dict.fromkeys("abcde", 1),
            "5 trials failed: a (1), b (1), c (1), 2 other reasons",
        ),
    ],
)
def test_reasons_in_words(reasons: dict[str, int], told: str) -> None:
    assert failures_text(reasons) == told
