"""One invocation seen from outside: what it says while it is stopped, and when it is replaced."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from analysis import load_trials
from study import StudyConfig, run_study
from study.dispatch import Dispatcher, InProcessDispatcher
from study.errors import LeaseLost
from study.lease import LockFile, this_process
from study.monitoring.progress import StudyProgress
from study.monitoring.study_result import StudyResult
from study.paths import StudyPaths
from study.tracking import NullTracker, RunStatus
from tests.study.commands.conftest import STUDY
from tests.support.left_behind import optuna_trials


class KeepingTracker(NullTracker):
    def __init__(self) -> None:
        self.ended: list[RunStatus] = []

    def close(self, status: RunStatus) -> None:
        self.ended.append(status)


class AfterTheFirst(InProcessDispatcher):
    """Does something once the first cohort is trained, before it is delivered."""

    def __init__(self, then) -> None:
        self.then = then
        self.trained = 0

    def run(self, queue, train, deliver, *, stop) -> None:
        def train_and_then(cohort):
            payload = train(cohort)
            self.trained += 1
            if self.trained == 1:
                self.then(stop)
            return payload

        super().run(queue, train_and_then, deliver, stop=stop)


class World:
    def __init__(self, home: Path) -> None:
        self.home = home
        self.notices: list[str] = []
        self.progress: list[StudyProgress] = []
        self.tracker = KeepingTracker()

    def run(self, dispatcher: Dispatcher | None = None, **settings) -> StudyResult:
        text = STUDY.replace("steps: 60", "steps: 5")
        return run_study(
            StudyConfig.from_text(text),
            home=self.home,
            dispatcher=dispatcher or InProcessDispatcher(),
            open_tracker=lambda config, paths: self.tracker,
            on_notice=self.notices.append,
            on_progress=self.progress.append,
            **settings,
        )


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_progress_goes_from_none_to_all(world: World) -> None:
    result = world.run()
    assert result.complete and (result.done, result.trained, result.delivered) == (12, 12, 12)
    assert [world.progress[0].recorded, world.progress[-1].recorded] == [0, 12]
    counts = [each.recorded for each in world.progress]
    assert counts == sorted(counts)
    assert world.tracker.ended == ["FINISHED"]


def test_a_done_study_opens_no_mlflow_and_trains_nothing(world: World) -> None:
    world.run()
    world.tracker = KeepingTracker()
    world.progress.clear()
    result = world.run()
    assert result.complete and (result.done, result.trained) == (12, 0)
    assert world.tracker.ended == [] and world.progress == []


def test_asked_to_stop_it_says_what_it_waits_for(world: World) -> None:
    def stop_and_look(stop: threading.Event) -> None:
        stop.set()
        noticed.wait(120)

    noticed = threading.Event()
    world.notices = Notices(noticed)
    result = world.run(AfterTheFirst(stop_and_look))
    assert result.stopped and 0 < result.done < 12
    (said,) = [text for text in world.notices if text.startswith("waiting for")]
    assert re.fullmatch(
        r"waiting for 1 cohort in training(, about [\d:]+)?, then recording them", said
    )
    # Some trials are left: MLflow shows the run as one that was ended.
    assert world.tracker.ended == ["KILLED"]


class Notices(list):
    """Tells when it has got the one that a person waits for."""

    def __init__(self, noticed: threading.Event) -> None:
        super().__init__()
        self._noticed = noticed

    def append(self, text: str) -> None:
        super().append(text)
        if text.startswith("waiting for"):
            self._noticed.set()


def test_taken_over_in_training_it_records_nothing_and_the_next_run_has_it_all(
    world: World,
) -> None:
    paths = StudyPaths(home=world.home, study="small")
    taker = LockFile(paths.lock, study="small", grace_s=0.0)

    def take(stop: threading.Event) -> None:
        taker.take(this_process(world.home), take_over=True)

    with pytest.raises(LeaseLost, match="study small was taken over by process"):
        world.run(AfterTheFirst(take))
    assert list(paths.tables.rglob("*.parquet")) == []
    assert {trial.state.name for trial in optuna_trials(world.home, "small")} == {"RUNNING"}
    assert world.tracker.ended == ["KILLED"]
    taker.release()

    world.tracker = KeepingTracker()
    result = world.run()
    assert result.complete and (result.done, result.trained) == (12, 12)
    assert load_trials("small", home=world.home)["trial"].tolist() == list(range(12))
    assert world.tracker.ended == ["FINISHED"]


def test_a_report_is_made_while_the_study_is_held(world: World) -> None:
    made: list[Path] = []

    def publish(paths: StudyPaths, on_stage: Callable[[str], None]) -> Path:
        on_stage("maps")
        with pytest.raises(Exception, match="is being run by process"):
            LockFile(paths.lock, study="small").take(this_process(world.home), take_over=False)
        made.append(paths.report)
        return paths.report

    result = world.run(publish=publish)
    assert result.complete and made == [result.paths.report]
    phases = [progress.phase for progress in world.progress if progress.phase is not None]
    assert phases[-2:] == ["writing the report: maps", "handing the report to MLflow"]
    assert all(re.fullmatch(r"logging to MLflow \d+/\d+", phase) for phase in phases[:-2])
