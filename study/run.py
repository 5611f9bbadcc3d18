"""Running a study: what is missing is sampled, trained, recorded; what is there is left alone."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from search_spaces.errors import InputError
from search_spaces.samplers import is_adaptive, make_sampler
from search_spaces.seeds import trial_seed
from study.description import describe, differences
from study.dispatch import CohortQueue, Dispatcher, RayTuneDispatcher
from study.dispatch.cluster import WorkerResources
from study.home import StudyPaths, check_home, home_folder
from study.lease import lease
from study.ledger import TrialLedger, open_ledger, stored_description
from study.preflight import Preflight, preflight
from study.progress import StudyProgress
from study.recorder import Progress, Recorder
from study.stopwatch import Stopwatch
from study.study_file import StudyConfig
from study.tables import StudyMetadata, TableStore
from study.tracking import (
    DeferredTracker,
    MlflowTracker,
    Tracker,
    TrackingUnavailable,
    artifact_location,
    default_tracking_uri,
)
from study.trainer import CohortTrainer
from study.trial import Trial

DELIVERY_S = 120.0
"""How long a finished study waits for an MLflow that is away."""

RESCUE_S = 10.0
"""The same for a study that failed."""

AHEAD, AHEAD_ADAPTIVE = 2048, 64
"""Trials sampled ahead of training, without and with a sampler that learns from results."""


@dataclass(frozen=True, kw_only=True)
class StudyResult:
    """What a run left behind.

    Attributes:
        study: Name of the study.
        paths: Where everything lies.
        total: Trials the study asks for.
        trained: Trials that this invocation trained.
        done: Trials that are done in all.
        verdicts: Trials done by verdict.
        given_up: Trials given up after repeated infrastructure failures, with the reason.
        undelivered: Trials whose rows are safe but MLflow or Optuna do not know yet.
        seconds: Time of this invocation by activity; activities overlap.
        stopped: Whether it was asked to stop early.
        notice: What a person should know, e.g. that MLflow did not take the report.
    """

    study: str
    paths: StudyPaths
    total: int
    trained: int
    done: int
    verdicts: Mapping[str, int]
    given_up: Mapping[int, str]
    undelivered: Sequence[int]
    seconds: Mapping[str, float]
    stopped: bool
    notice: str | None = None

    @property
    def complete(self) -> bool:
        """Whether every trial is done and known everywhere."""
        return self.done >= self.total and not self.undelivered


def run_study(
    config: StudyConfig,
    *,
    home: str | Path | None = None,
    dispatcher: Dispatcher | None = None,
    open_tracker: Callable[[StudyConfig, StudyPaths], Tracker] | None = None,
    publish: Callable[[StudyPaths], Path] | None = None,
    on_progress: Callable[[StudyProgress], None] = lambda progress: None,
    stop: threading.Event | None = None,
    code: Sequence[Path] = (),
) -> StudyResult:
    """Runs a study, continues a broken one, extends one to more trials; a done one is left alone.

    Args:
        config: The study file.
        home: Home folder; by default GRADSCAPE_HOME or ./gradscape.
        dispatcher: Where cohorts are trained; by default on Ray, as `resources` says.
        open_tracker: Opens the tracking of this invocation; by default MLflow.
        publish: Makes the report once trials are recorded and returns its folder.
        on_progress: Called as results arrive.
        stop: Set it to finish what is training and end.
        code: Folders of the person's own modules.

    Raises:
        InputError: If the input is wrong; nothing was started or written then.
        TrainingError: If the person's own network or task fails in training.
        DispatchError: If the cluster is lost.
        TableWriteError: If results cannot be written.
    """
    paths = StudyPaths(home=home_folder(home), study=config.study)
    check_home(paths.home)
    checked = preflight(config, code=code)
    _check_compatible(config, paths)
    paths.create()
    with lease(paths.folder):
        run = _Run(checked, paths, on_progress, stop or threading.Event())
        if run.nothing_left:
            return run.result(undelivered=())
        paths.study_file.write_text(config.source_text, encoding="utf-8")
        tracker = DeferredTracker(lambda: (open_tracker or _mlflow)(config, paths))
        return run.execute(dispatcher or _on_ray(config), tracker, publish)


class _Run:
    """One invocation on one study, while it holds the lease."""

    def __init__(
        self,
        checked: Preflight,
        paths: StudyPaths,
        on_progress: Callable[[StudyProgress], None],
        stop: threading.Event,
    ) -> None:
        config = checked.config
        self._checked = checked
        self._config = config
        self._paths = paths
        self._on_progress = on_progress
        self._stop = stop
        self._watch = Stopwatch()
        self._store = TableStore(paths.tables)
        self._ledger = _open(config, paths)
        unfinished = self._ledger.unfinished()
        recorded = self._store.recorded_trials()
        self._redeliver = [one.number for one in unfinished if one.number in recorded]
        self._retrain = [one for one in unfinished if one.number not in recorded]
        self._new = max(0, config.trials - self._ledger.next_number)
        self._before = len(recorded)
        self._earlier = self._recorded_verdicts() if recorded else Counter[str]()
        self._verdicts = self._earlier
        self._total = max(config.trials, self._ledger.next_number)
        self._recorded = 0
        self._given_up: dict[int, str] = {}
        self._started = time.monotonic()

    @property
    def nothing_left(self) -> bool:
        """Whether every trial is done and delivered."""
        return not (self._new or self._retrain or self._redeliver)

    def execute(
        self,
        dispatcher: Dispatcher,
        tracker: Tracker,
        publish: Callable[[StudyPaths], Path] | None,
    ) -> StudyResult:
        """Trains what is missing and delivers everything."""
        recorder = Recorder(
            store=self._store,
            tracker=tracker,
            ledger=self._ledger,
            on_progress=self._notice,
            stopwatch=self._watch,
        )
        try:
            recorder.redeliver(self._redeliver)
            self._show()
            with self._watch.measure("dispatch"):
                dispatcher.run(self._queue(), self._trainer(), recorder.submit, stop=self._stop)
            with self._watch.measure("delivery"):
                undelivered = recorder.flush(DELIVERY_S)
        except BaseException as error:
            self._rescue(recorder, tracker, error)
            raise
        recorder.close()
        notice = self._publish(tracker, publish)
        return self.result(undelivered=undelivered, notice=notice)

    def _rescue(self, recorder: Recorder, tracker: Tracker, error: BaseException) -> None:
        """Delivers what had arrived when the run failed; the failure itself is what is told."""
        try:
            recorder.flush(RESCUE_S)
            tracker.close("FAILED")
        except Exception as second:
            error.add_note(f"while delivering what had arrived: {second}")
        finally:
            recorder.close()

    def result(self, *, undelivered: Sequence[int], notice: str | None = None) -> StudyResult:
        """The state now."""
        return StudyResult(
            study=self._config.study,
            paths=self._paths,
            total=self._total,
            trained=self._recorded,
            done=self._before + self._recorded,
            verdicts=self._verdicts,
            given_up=self._given_up,
            undelivered=undelivered,
            seconds=self._watch.seconds,
            stopped=self._stop.is_set(),
            notice=notice,
        )

    def _publish(
        self, tracker: Tracker, publish: Callable[[StudyPaths], Path] | None
    ) -> str | None:
        """Report and tables; returns what a person should know when MLflow did not take them."""
        with self._watch.measure("report"):
            report = None
            if publish is not None and self._before + self._recorded:
                report = publish(self._paths)
            try:
                if report is not None:
                    tracker.log_report(report)
                tracker.log_tables(self._paths.tables)
                tracker.update_counts(self._verdicts)
                tracker.close("KILLED" if self._stop.is_set() else "FINISHED")
            except TrackingUnavailable as error:
                return str(error)
        return None

    def _queue(self) -> CohortQueue:
        config = self._config
        return CohortQueue(
            ask=self._ask,
            remaining=self._new,
            cohort_key=config.space.cohort_key,
            cost=self._checked.work,
            workers=1,
            window=AHEAD_ADAPTIVE if is_adaptive(config.sampler) else AHEAD,
            unfinished=self._retrain,
            give_up=self._give_up,
        )

    def _ask(self, n: int) -> list[Trial]:
        with self._watch.measure("asking"):
            return self._ledger.ask(n)

    def _give_up(self, trials: Sequence[Trial], reason: str) -> None:
        for trial in trials:
            self._given_up[trial.number] = reason
            self._ledger.fail(trial.number, reason)

    def _trainer(self) -> CohortTrainer:
        config = self._config
        metadata = StudyMetadata(
            study=config.study,
            task=config.task,
            network=config.network,
            hyperparameters=config.space.metadata(),
            thresholds=self._checked.thresholds.to_dict(),
            metric=self._checked.task.metric_name,
        )
        return CohortTrainer(
            task=config.task,
            network=config.network,
            steps=config.steps,
            metadata=metadata,
            thresholds=self._checked.thresholds,
            device="cuda" if config.resources.gpus_per_worker else "cpu",
            threads=config.resources.cpus_per_worker,
            code=self._checked.code,
        )

    def _notice(self, progress: Progress) -> None:
        self._recorded = progress.recorded
        self._verdicts = self._earlier + Counter(progress.verdicts)
        self._show(progress.tracking_away)

    def _show(self, notice: str | None = None) -> None:
        self._on_progress(
            StudyProgress(
                total=self._total,
                before=self._before,
                recorded=self._recorded,
                verdicts=self._verdicts,
                elapsed_s=time.monotonic() - self._started,
                notice=notice,
            )
        )

    def _recorded_verdicts(self) -> Counter[str]:
        return Counter(self._store.read_trials(columns=["verdict"])["verdict"])


def _check_compatible(config: StudyConfig, paths: StudyPaths) -> None:
    """Refuses a study file that describes other trials than the study holds."""
    stored = stored_description(name=config.study, storage=config.storage or paths.journal)
    if not stored:
        return
    found = differences(stored, describe(config))
    if found:
        raise InputError(
            f"study {config.study} exists with other settings; give this one another name, or "
            f"restore: {'; '.join(found)}",
            key="study",
            file=config.file,
        )


def _open(config: StudyConfig, paths: StudyPaths) -> TrialLedger:
    return open_ledger(
        name=config.study,
        storage=config.storage or paths.journal,
        sampler=make_sampler(
            config.sampler, space=config.space, seed=config.seed, seeds=config.seeds
        ),
        space=config.space,
        seeds=config.seeds,
        seed_of=lambda number: trial_seed(config.seed, number),
        description=describe(config),
    )


def _mlflow(config: StudyConfig, paths: StudyPaths) -> Tracker:
    own = config.tracking_uri is None
    return MlflowTracker.open(
        tracking_uri=config.tracking_uri or default_tracking_uri(paths.home),
        study=config.study,
        study_file=config.source_text,
        artifact_location=artifact_location(paths.home) if own else None,
        tags={"gradscape.task": config.task, "gradscape.network": config.network},
    )


def _on_ray(config: StudyConfig) -> Dispatcher:
    resources = config.resources
    return RayTuneDispatcher(
        workers=None if resources.workers == "auto" else int(resources.workers),
        resources=WorkerResources(cpus=resources.cpus_per_worker, gpus=resources.gpus_per_worker),
    )
