"""Running a study: what is missing is sampled, trained, recorded; what is there is left alone."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from search_spaces.samplers import is_adaptive
from study.backends import (
    check_compatible,
    mlflow_tracker,
    ray_dispatcher,
    study_claims,
    study_ledger,
    study_trainer,
)
from study.dispatch import CohortQueue, Dispatcher, cohort_limit
from study.driver_log import DriverLog
from study.home import StudyPaths, check_home, home_folder
from study.lease import (
    FencedLedger,
    FencedStore,
    FencedTracker,
    Lease,
    LeaseLost,
    hold,
    this_process,
)
from study.preflight import Preflight, preflight
from study.progress import StudyProgress
from study.recorder import Progress, Recorder
from study.redaction import redacted
from study.result import StudyResult
from study.stopwatch import Stopwatch
from study.study_file import StudyConfig
from study.tables import TableStore
from study.tracking import DeferredTracker, Tracker, TrackingUnavailable
from study.trial import Trial

WAIT_S = 60.0
"""How long a finished study waits for an MLflow that has gone away."""

SHORT_WAIT_S = 10.0
"""The same for one that never answered, and when the study failed or was stopped."""

HURRY_S = 2.0
"""How long a study that must stop at once waits for what is being written."""

RETRY_S = 1.0
"""Between attempts to hand the report to an MLflow that is away."""

AHEAD, AHEAD_ADAPTIVE = 2048, 64
"""Trials sampled ahead of training, without and with a sampler that learns from results."""


def run_study(
    config: StudyConfig,
    *,
    home: str | Path | None = None,
    dispatcher: Dispatcher | None = None,
    open_tracker: Callable[[StudyConfig, StudyPaths], Tracker] | None = None,
    publish: Callable[[StudyPaths], Path] | None = None,
    on_progress: Callable[[StudyProgress], None] = lambda progress: None,
    on_notice: Callable[[str], None] = lambda notice: None,
    stop: threading.Event | None = None,
    take_over: bool = False,
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
        on_notice: Called before training with what a person should know of it.
        stop: Set it to finish what is training and end.
        take_over: Take the study from another driver that works on it.
        code: Folders of the person's own modules.

    Raises:
        InputError: If the input is wrong; nothing was started or written then.
        TrainingError: If the person's own network or task fails in training.
        DispatchError: If the cluster is lost.
        LeaseLost: If another driver took the study over.
        TableWriteError: If results cannot be written.
    """
    paths = StudyPaths(home=home_folder(home), study=config.study)
    check_home(paths.home)
    checked = preflight(config, code=code)
    check_compatible(config, paths)
    paths.create()
    stop = stop or threading.Event()
    log = DriverLog(paths.driver_log)
    on_notice = log.also(on_notice)
    with hold(
        study_claims(config, paths),
        this_process(paths.home),
        take_over=take_over,
        on_notice=on_notice,
        on_lost=lambda error: stop.set(),
    ) as lease:
        run = _Run(checked, paths, lease, log.also_progress(on_progress), stop)
        if run.nothing_left and (publish is None or paths.report_is_current):
            return run.result()
        with log.recorded(paths.driver_record, trials=config.trials):
            for notice in checked.notices:
                on_notice(notice)
            paths.study_file.write_text(config.source_text, encoding="utf-8")
            tracker = DeferredTracker(lambda: (open_tracker or mlflow_tracker)(config, paths))
            result = run.execute(dispatcher or ray_dispatcher(config), tracker, publish)
            log.result(result)
            return result


class _Run:
    """One invocation on one study, while it holds the lease."""

    def __init__(
        self,
        checked: Preflight,
        paths: StudyPaths,
        lease: Lease,
        on_progress: Callable[[StudyProgress], None],
        stop: threading.Event,
    ) -> None:
        config = checked.config
        self._checked = checked
        self._config = config
        self._paths = paths
        self._lease = lease
        self._on_progress = on_progress
        self._stop = stop
        self._watch = Stopwatch()
        self._store = TableStore(paths.tables)
        ledger = study_ledger(config, paths)
        unfinished = ledger.unfinished()
        self._ledger = FencedLedger(ledger, lease)
        recorded = self._store.recorded_trials()
        self._redeliver = [one.number for one in unfinished if one.number in recorded]
        self._retrain = [one for one in unfinished if one.number not in recorded]
        self._new = max(0, config.trials - ledger.next_number)
        self._before = len(recorded)
        self._earlier = self._recorded_verdicts() if recorded else Counter[str]()
        self._verdicts = self._earlier
        self._total = max(config.trials, ledger.next_number)
        self._recorded = self._delivered = 0
        self._given_up: dict[int, str] = {}
        self._queue: CohortQueue | None = None
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
        tracker = FencedTracker(tracker, self._lease)
        recorder = Recorder(
            store=FencedStore(self._store, self._lease),
            tracker=tracker,
            ledger=self._ledger,
            on_progress=self._notice,
            stopwatch=self._watch,
        )
        try:
            recorder.redeliver(self._redeliver)
            self._show()
            with self._watch.measure("dispatch"):
                self._queue = self._make_queue()
                trainer = study_trainer(self._checked, checkpoints=self._paths.checkpoints)
                dispatcher.run(self._queue, trainer, recorder.submit, stop=self._stop)
            self._lease.check()
            with self._watch.measure("delivery"):
                answered = recorder.progress.told > 0
                recorder.flush(self._patience_s if answered else SHORT_WAIT_S)
        except BaseException as error:
            self._rescue(recorder, tracker, error)
            raise
        recorder.close()
        undelivered = recorder.undelivered
        with self._watch.measure("report"):
            report = None
            if publish is not None and self._before + self._recorded:
                with self._lease.writing():
                    report = publish(self._paths)
            away = recorder.progress.tracking_away
            notice = away if undelivered else self._finish(tracker, report)
        result = self.result(undelivered, notice)
        if result.done >= result.total:
            self._paths.remove_checkpoints()
        return result

    @property
    def _patience_s(self) -> float:
        return SHORT_WAIT_S if self._stop.is_set() else WAIT_S

    def _rescue(self, recorder: Recorder, tracker: Tracker, error: BaseException) -> None:
        """Delivers what had arrived when the run failed; the failure itself is what is told."""
        hurried = isinstance(error, KeyboardInterrupt)
        killed = hurried or isinstance(error, LeaseLost)
        try:
            if not killed:
                recorder.flush(SHORT_WAIT_S)
            recorder.close(HURRY_S if hurried else None)
            progress = recorder.progress
            if progress.tracking_away is None and (progress.told or not hurried):
                tracker.close("KILLED" if killed else "FAILED")
        except LeaseLost:
            pass  # Everything else is whose the study is now.
        except Exception as second:
            error.add_note(f"while delivering what had arrived: {second}")
        finally:
            recorder.close(HURRY_S if hurried else None)

    def _finish(self, tracker: Tracker, report: Path | None) -> str | None:
        """Report and tables to MLflow; says why if it does not take them."""
        stopped = self._stop.is_set() and self._before + self._recorded < self._total
        patient_until = time.monotonic() + self._patience_s
        while True:
            try:
                if report is not None:
                    tracker.log_report(report)
                tracker.log_tables(self._paths.tables)
                tracker.update_counts(self._verdicts)
                tracker.close("KILLED" if stopped else "FINISHED")
                return None
            except TrackingUnavailable as error:
                if time.monotonic() >= patient_until:
                    return f"{error}; it has the trials, but not this report"
                time.sleep(RETRY_S)

    def result(self, undelivered: Sequence[int] = (), notice: str | None = None) -> StudyResult:
        """The state now."""
        uri = self._config.tracking_uri
        return StudyResult(
            study=self._config.study,
            paths=self._paths,
            total=self._total,
            trained=self._recorded,
            done=self._before + self._recorded,
            verdicts=self._verdicts,
            given_up=self._given_up,
            delivered=self._delivered,
            undelivered=undelivered,
            seconds=self._watch.seconds,
            stopped=self._stop.is_set(),
            notice=notice,
            tracking_uri=None if uri is None else redacted(uri),
        )

    def _make_queue(self) -> CohortQueue:
        config = self._config
        return CohortQueue(
            ask=self._ask,
            remaining=self._new,
            cohort_key=config.space.cohort_key,
            cost=self._checked.work,
            limit=cohort_limit(config.resources.training_gpus),
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

    def _notice(self, progress: Progress) -> None:
        self._recorded, self._delivered = progress.recorded, progress.told
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
                left_s=None if self._queue is None else self._queue.left_s,
                notice=notice,
            )
        )

    def _recorded_verdicts(self) -> Counter[str]:
        return Counter(self._store.read_trials(columns=["verdict"])["verdict"])
