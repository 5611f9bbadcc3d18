"""An invocation trains, records and delivers what a study lacks, while it holds the lease."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from search_spaces.samplers import is_adaptive
from study.dispatch import CohortQueue, Dispatcher, cohort_limit
from study.dispatch.dispatcher import Train
from study.lease import Lease
from study.monitoring.progress import StudyProgress
from study.monitoring.study_result import StudyResult
from study.monitoring.timings import Stopwatch
from study.paths import StudyPaths
from study.preflight.configuration import Preflight
from study.run.delivery.progress import Progress
from study.run.finish import attempt, deliver_rest, finish, rescue, show_typical
from study.run.new_trials.confirmation import Confirmation
from study.run.new_trials.retrying_ask import RetryingAsk
from study.run.new_trials.source import TrialSource
from study.run.recorder import Recorder
from study.run.resume import ResumePlan
from study.run.stop_notice import stop_notice, waiting_text
from study.secrets import masked
from study.stopping import DECIDED, Audit, audit_of
from study.tables import TableStore
from study.tracking import Tracker
from study.trial import Trial

AHEAD, AHEAD_ADAPTIVE = 2048, 64
"""Trials sampled ahead of training, without and with a sampler that learns from results."""

TELL_AFTER_S = 30.0
"""How long a sampler that learns from results goes without, while MLflow is unavailable."""

Publish = Callable[[StudyPaths, Callable[[str], None]], Path]
"""Makes a study's report, says its stages and returns its folder."""

_logger = logging.getLogger("gradscape.run")


class Invocation:
    """Trains and delivers what a study still lacks.

    Args:
        checked: The study file, with what the preflight found out about its training.
        paths: Tells where tables, checkpoints and the report of the study lie.
        lease: The lease on the study, which the caller holds.
        store: Takes the rows of trained trials.
        resume: Says which trials are to be delivered, trained and asked.
        confirmation: Asks for fresh trials in the recommended region once the others are done.
        on_progress: Called as results arrive.
        stop: Set when no further cohort may start.
    """

    def __init__(
        self,
        checked: Preflight,
        paths: StudyPaths,
        lease: Lease,
        store: TableStore,
        resume: ResumePlan,
        confirmation: Confirmation,
        *,
        on_progress: Callable[[StudyProgress], None],
        stop: threading.Event,
    ) -> None:
        self._checked = checked
        self._config = checked.config
        self._paths = paths
        self._lease = lease
        self._on_progress = on_progress
        self._stop = stop
        self._watch = Stopwatch()
        self._store = store
        self._resume = resume
        self._source = TrialSource(self._config, resume, lease, confirmation)
        self._before = resume.recorded + len(resume.elsewhere)
        self._earlier = Counter(store.verdicts().values() if resume.recorded else ())
        self._verdicts = self._earlier
        self._audit = audit_of(store) if checked.config.stop == DECIDED else Audit()
        self._recorded = self._delivered = 0
        self._failed = dict(resume.failed)
        self._queue: CohortQueue | None = None
        self._delivering = False
        self._started = time.monotonic()

    def execute(
        self,
        dispatcher: Dispatcher,
        trainer: Train,
        tracker: Tracker,
        publish: Publish | None,
        typical: Callable[[StudyPaths], Collection[int]] | None = None,
    ) -> StudyResult:
        """Trains what is missing and delivers everything, or what it can when training fails.

        Args:
            dispatcher: Trains the cohorts of the queue, by `trainer` on a worker.
            trainer: Returns the bytes of a cohort's rows.
            tracker: Takes this invocation's MLflow runs; it is closed at the end.
            publish: Makes the report once trials are recorded.
            typical: Finds trials that a sampled study shows too.
        """
        recorder = self._open_recorder(tracker)
        try:
            with stop_notice(self._stop, self._waiting_text):
                self._train(dispatcher, trainer, recorder)
            self._lease.check()
            self._delivering = True
            with self._watch.measure("delivery"):
                deliver_rest(recorder, stopped=self._stop.is_set())
                show_typical(recorder, typical, self._paths, stopped=self._stop.is_set())
        except BaseException as error:
            lost = self._lease.lost
            rescue(recorder, tracker, lost or error)
            if lost is None or lost is error:
                raise
            raise lost from error  # This is what a person has to know then.
        recorder.close()
        self._delivering, undelivered = False, recorder.undelivered
        with self._watch.measure("report"):
            report, failure = attempt(lambda: self._publish(publish))
            notice = recorder.progress.outage if undelivered else self._finish(tracker, report)
        if failure is not None:
            raise failure
        result = self.result(undelivered, notice)
        if result.done >= result.total:
            self._paths.remove_checkpoints()
        return result

    def result(self, undelivered: Sequence[int] = (), notice: str | None = None) -> StudyResult:
        """How far the study is now.

        Args:
            undelivered: Recorded trials that MLflow or Optuna do not know.
            notice: Why, or why MLflow did not take the report.
        """
        return StudyResult(
            study=self._config.study,
            paths=self._paths,
            total=self._source.total,
            trained=self._recorded,
            done=self._before + self._recorded,
            verdicts=self._verdicts,
            failed=self._failed,
            delivered=self._delivered,
            elsewhere=self._resume.elsewhere,
            missing=self._resume.missing_text,
            undelivered=undelivered,
            seconds=self._watch.seconds,
            stopped=self._stop.is_set(),
            settled=self._source.settled,
            notice=notice,
            tracking_uri=(uri := self._config.tracking_uri) and masked(uri),
        )

    def _open_recorder(self, tracker: Tracker) -> Recorder:
        return Recorder(
            lease=self._lease,
            store=self._store,
            tracker=tracker,
            ledger=self._resume.ledger,
            logged_elsewhere=self._resume.maybe_logged,
            shows=self._config.tracking.shows,
            on_progress=self._notice,
            tell_after_s=TELL_AFTER_S if is_adaptive(self._config.sampler) else math.inf,
            stopwatch=self._watch,
            audit=self._audit,
        )

    def _publish(self, publish: Publish | None) -> Path | None:
        """Folder of the report; None where none is wanted or no trial is recorded yet."""
        if publish is None or not self._resume.recorded + self._recorded:
            return None
        with self._lease.writing():
            return publish(self._paths, lambda stage: self._show(f"writing the report: {stage}"))

    def _train(self, dispatcher: Dispatcher, trainer: Train, recorder: Recorder) -> None:
        recorder.redeliver(self._resume.redeliver)
        recorder.look_over(delivered=self._resume.delivered, failed=self._resume.failed)
        self._show()
        with self._watch.measure("dispatch"):
            if not (self._resume.retrain or self._source.begin()):
                return
            self._queue = self._make_queue(recorder)
            dispatcher.run(self._queue, trainer, recorder.submit, stop=self._stop)

    def _finish(self, tracker: Tracker, report: Path | None) -> str | None:
        self._show("handing the report to MLflow")
        stopped = self._stop.is_set()
        early = stopped and self._before + self._recorded < self._source.total
        ended = self._lease, tracker, self._paths, report, self._verdicts
        return finish(*ended, stopped=stopped, early=early)

    def _make_queue(self, recorder: Recorder) -> CohortQueue:
        config = self._config

        def fail(trials: Sequence[Trial], reason: str) -> None:
            self._failed.update((trial.number, reason) for trial in trials)
            recorder.fail([trial.number for trial in trials], reason)

        return CohortQueue(
            ask=RetryingAsk(self._ask, check=self._resume.ledger.check_reachable),
            remaining=self._source.at_most,
            cohort_key=config.space.cohort_key,
            cost=self._checked.work,
            apart=self._checked.trains_apart,
            limit=cohort_limit(config.resources.training_gpus),
            workers=1,
            window=AHEAD_ADAPTIVE if is_adaptive(config.sampler) else AHEAD,
            unfinished=self._resume.retrain,
            max_retries=config.resources.max_retries,
            may_stop=lambda: self._audit.trusted,
            fail=fail,
        )

    def _ask(self, n: int) -> Sequence[Trial] | None:
        with self._watch.measure("asking"):
            return self._source.ask(n, done=self._before + self._recorded + len(self._failed))

    def _waiting_text(self) -> str:
        cohorts, left_s = (0, None) if self._queue is None else self._queue.in_training
        return waiting_text(cohorts, left_s, self._lease.lost)

    def _notice(self, progress: Progress) -> None:
        self._recorded, self._delivered = progress.recorded, progress.delivered
        self._verdicts = self._earlier + Counter(progress.verdicts)
        text = f"logging to MLflow {progress.delivered}/{progress.to_deliver}"
        self._show(text if self._delivering else None, progress.outage)

    def _show(self, phase: str | None = None, notice: str | None = None) -> None:
        self._on_progress(
            StudyProgress(
                total=self._source.total,
                before=self._before,
                recorded=self._recorded,
                verdicts=self._verdicts,
                elapsed_s=time.monotonic() - self._started,
                left_s=None if self._queue is None else self._queue.left_s,
                phase=phase,
                notice=notice,
            )
        )
