"""One invocation on one study, while it holds the lease."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from search_spaces.samplers import is_adaptive
from study.dispatch import CohortQueue, Dispatcher, cohort_limit
from study.dispatch.dispatcher import Train
from study.lease import Lease
from study.monitoring.progress import StudyProgress, duration_text
from study.monitoring.study_result import StudyResult
from study.monitoring.timings import Stopwatch
from study.paths import StudyPaths
from study.preflight.configuration import Preflight
from study.run.early_stopping import MapWatch
from study.run.finish import deliver_rest, finish, rescue
from study.run.recorder import Progress, Recorder
from study.run.resume import ResumePlan
from study.run.retrying_ask import RetryingAsk
from study.secrets import masked
from study.tables import TableStore
from study.tracking import Tracker
from study.trial import Trial

AHEAD, AHEAD_ADAPTIVE = 2048, 64
"""Trials sampled ahead of training, without and with a sampler that learns from results."""

TELL_AFTER_S = 30.0
"""How long a sampler that learns from results goes without, while MLflow is away."""

LOOK_S = 0.1
"""Between two looks whether a run was asked to stop."""

_logger = logging.getLogger("gradscape.run")


class Invocation:
    """Trains and delivers what a study still lacks.

    Args:
        checked: The study file.
        paths: Of the study.
        lease: Held.
        store: The study's tables.
        resume: What is to be done.
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
        self._before = resume.recorded + len(resume.elsewhere)
        self._earlier = self._recorded_verdicts() if resume.recorded else Counter[str]()
        self._verdicts = self._earlier
        self._recorded = self._delivered = 0
        self._given_up = dict(resume.given_up)
        self._queue: CohortQueue | None = None
        rule = self._config.stop_when
        told = resume.ledger.told_verdicts
        self._map = None if rule is None else MapWatch(rule, self._config.space, told)
        self._settled: str | None = None
        self._started = time.monotonic()

    def execute(
        self,
        dispatcher: Dispatcher,
        trainer: Train,
        tracker: Tracker,
        publish: Callable[[StudyPaths], Path] | None,
    ) -> StudyResult:
        """Trains what is missing and delivers everything.

        Args:
            dispatcher: Where cohorts are trained.
            trainer: What a worker does with a cohort.
            tracker: Of this invocation.
            publish: Makes the report once trials are recorded and returns its folder.
        """
        recorder = Recorder(
            lease=self._lease,
            store=self._store,
            tracker=tracker,
            ledger=self._resume.ledger,
            logged_elsewhere=self._resume.maybe_logged,
            on_progress=self._notice,
            tell_after_s=TELL_AFTER_S if is_adaptive(self._config.sampler) else math.inf,
            stopwatch=self._watch,
        )
        try:
            with self._telling_what_it_waits_for():
                self._train(dispatcher, trainer, recorder)
            self._lease.check()
            with self._watch.measure("delivery"):
                deliver_rest(recorder, stopped=self._stop.is_set())
        except BaseException as error:
            lost = self._lease.lost
            rescue(recorder, tracker, lost or error)
            if lost is None or lost is error:
                raise
            # Whatever else went wrong then, this is what a person has to know.
            raise lost from error
        recorder.close()
        undelivered = recorder.undelivered
        with self._watch.measure("report"):
            report = None
            if publish is not None and self._resume.recorded + self._recorded:
                with self._lease.writing():
                    report = publish(self._paths)
            away = recorder.progress.away
            notice = away if undelivered else self._finish(tracker, report)
        result = self.result(undelivered, notice)
        if result.done >= result.total:
            self._paths.remove_checkpoints()
        return result

    def result(self, undelivered: Sequence[int] = (), notice: str | None = None) -> StudyResult:
        """The state now."""
        uri = self._config.tracking_uri
        return StudyResult(
            study=self._config.study,
            paths=self._paths,
            total=self._resume.total,
            trained=self._recorded,
            done=self._before + self._recorded,
            verdicts=self._verdicts,
            given_up=self._given_up,
            delivered=self._delivered,
            elsewhere=self._resume.elsewhere,
            missing=self._resume.missing_text,
            undelivered=undelivered,
            seconds=self._watch.seconds,
            stopped=self._stop.is_set(),
            settled=self._settled,
            notice=notice,
            tracking_uri=None if uri is None else masked(uri),
        )

    def _train(self, dispatcher: Dispatcher, trainer: Train, recorder: Recorder) -> None:
        recorder.redeliver(self._resume.redeliver)
        self._show()
        with self._watch.measure("dispatch"):
            self._queue = self._make_queue(recorder)
            dispatcher.run(self._queue, trainer, recorder.submit, stop=self._stop)

    def _finish(self, tracker: Tracker, report: Path | None) -> str | None:
        stopped = self._stop.is_set()
        early = stopped and self._before + self._recorded < self._resume.total
        return finish(
            self._lease,
            tracker,
            self._paths,
            report,
            self._verdicts,
            stopped=stopped,
            early=early,
        )

    def _make_queue(self, recorder: Recorder) -> CohortQueue:
        config = self._config

        def give_up(trials: Sequence[Trial], reason: str) -> None:
            self._given_up.update((trial.number, reason) for trial in trials)
            recorder.give_up([trial.number for trial in trials], reason)

        return CohortQueue(
            ask=RetryingAsk(self._ask, check=self._resume.ledger.check_reachable),
            remaining=self._resume.new,
            cohort_key=config.space.cohort_key,
            cost=self._checked.work,
            limit=cohort_limit(config.resources.training_gpus),
            workers=1,
            window=AHEAD_ADAPTIVE if is_adaptive(config.sampler) else AHEAD,
            unfinished=self._resume.retrain,
            max_retries=config.resources.max_retries,
            give_up=give_up,
        )

    def _ask(self, n: int) -> list[Trial]:
        with self._watch.measure("asking"):
            if self._map is not None and self._map.settled(self._resume.ledger.completed()):
                self._settled = self._map.text
                _logger.info("%s", self._settled)
                return []
            with self._lease.writing():
                return self._resume.ledger.ask(n)

    @contextmanager
    def _telling_what_it_waits_for(self) -> Iterator[None]:
        """Once the run is asked to stop, says how much is in training and for how long yet."""
        ended = threading.Event()

        def tell() -> None:
            while not ended.wait(LOOK_S):
                if self._stop.is_set():
                    _logger.warning("%s", self._waiting_text())
                    return

        thread = threading.Thread(target=tell, name="waiting", daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()

    def _waiting_text(self) -> str:
        count, left_s = (0, None) if self._queue is None else self._queue.in_training
        cohorts = f"{count or 'no'} {'cohort' if count == 1 else 'cohorts'}"
        if self._lease.lost is not None:
            return f"{self._lease.lost.reason}; {cohorts} in training will not be recorded"
        if not count:
            return "no cohort is in training; recording what was trained"
        about = "" if left_s is None else f", about {duration_text(left_s)}"
        return f"waiting for {cohorts} in training{about}, then recording them"

    def _notice(self, progress: Progress) -> None:
        self._recorded, self._delivered = progress.recorded, progress.told
        self._verdicts = self._earlier + Counter(progress.verdicts)
        self._show(progress.away)

    def _show(self, notice: str | None = None) -> None:
        self._on_progress(
            StudyProgress(
                total=self._resume.total,
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
