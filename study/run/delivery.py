"""From recorded trials to their MLflow runs and their Optuna results, however long that takes."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from study.errors import LeaseUncertain, StorageUnavailable, TrackingUnavailable
from study.lease import Lease
from study.ledger import RUN_TO_COME, TrialLedger, trial_results
from study.monitoring.timings import Stopwatch
from study.tables import CohortTables, TableStore
from study.tracking import Tracker

IN_MEMORY = 4
"""Undelivered cohorts whose tables stay in memory; the others are read back from disk."""

FIRST_RETRY_S, LAST_RETRY_S = 1.0, 30.0
COUNTS_EVERY_S = 10.0
REDELIVERED_TOGETHER = 64

_logger = logging.getLogger("gradscape.run")


@dataclass(kw_only=True)
class _Undelivered:
    """Trials on disk that MLflow or Optuna do not know yet.

    Attributes:
        trials: Their numbers.
        tables: Theirs; None where they are to be read from disk.
        counted: How many of them count as delivered once they are.
        maybe_logged: Whether an earlier attempt may have logged some of them.
        told: Whether Optuna knows them already, without their runs.
    """

    trials: tuple[int, ...]
    tables: CohortTables | None
    counted: int
    maybe_logged: bool
    told: bool = False


class Delivery:
    """Delivers in a thread of its own: MLflow first, then Optuna, which is to know the runs.

    While either is away what is on disk is the backlog; it is tried again with growing pauses.
    A sampler that learns from results cannot wait as long as MLflow may: past `tell_after_s`
    Optuna is told at once, and the runs are made later.

    Args:
        lease: On the study; all is written while it is held.
        store: The study's tables.
        tracker: The invocation in MLflow.
        ledger: The Optuna study.
        logged_elsewhere: Trials that an invocation with other tables may have logged before it
            died.
        changed: Guards what is shared, and is notified after each change.
        verdicts: Recorded trials by verdict, for MLflow's parent run.
        on_change: Called in the thread after each attempt.
        tell_after_s: How long MLflow may be away before Optuna is told without it.
        stopwatch: Gets the time of each stage.
    """

    def __init__(
        self,
        *,
        lease: Lease,
        store: TableStore,
        tracker: Tracker,
        ledger: TrialLedger,
        logged_elsewhere: Collection[int],
        changed: threading.Condition,
        verdicts: Callable[[], Mapping[str, int]],
        on_change: Callable[[], None],
        tell_after_s: float = math.inf,
        stopwatch: Stopwatch,
    ) -> None:
        self._lease = lease
        self._store = store
        self._tracker = tracker
        self._ledger = ledger
        self._logged_elsewhere = frozenset(logged_elsewhere)
        self._changed = changed
        self._verdicts = verdicts
        self._on_change = on_change
        self._tell_after_s = tell_after_s
        self._watch = stopwatch
        self._backlog: deque[_Undelivered] = deque()
        self._given_up: deque[tuple[int, str]] = deque()
        self._retry_at = self._counts_at = 0.0
        self._retry_s = FIRST_RETRY_S
        self._hurried = self._closing = False
        self._away_since = math.inf
        self.delivered = 0
        self.away: str | None = None
        self.failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="delivery", daemon=True)
        self._thread.start()

    @property
    def idle(self) -> bool:
        """Whether nothing is left to deliver; `changed` is held."""
        return not (self._backlog or self._given_up)

    @property
    def trials(self) -> list[int]:
        """Those that are recorded and not delivered; `changed` is held."""
        return sorted(trial for one in self._backlog for trial in one.trials)

    def add(self, tables: CohortTables, *, new: int) -> None:
        """Takes a recorded cohort; `changed` is held.

        Args:
            tables: The cohort's.
            new: How many of its trials were not recorded before.
        """
        trials = tables.trial_numbers
        maybe_logged = new < len(trials) or not self._logged_elsewhere.isdisjoint(trials)
        self._backlog.append(
            _Undelivered(
                trials=trials,
                tables=tables if len(self._backlog) < IN_MEMORY else None,
                counted=new,
                maybe_logged=maybe_logged,
            )
        )

    def add_earlier(self, trials: Collection[int]) -> None:
        """Takes trials that an earlier invocation recorded; `changed` is held."""
        ordered = sorted(trials)
        for start in range(0, len(ordered), REDELIVERED_TOGETHER):
            some = tuple(ordered[start : start + REDELIVERED_TOGETHER])
            self._backlog.append(
                _Undelivered(trials=some, tables=None, counted=len(some), maybe_logged=True)
            )

    def give_up(self, trials: Sequence[int], reason: str) -> None:
        """Takes trials that Optuna is to know as FAIL; `changed` is held."""
        self._given_up.extend((trial, reason) for trial in trials)

    def hurry(self, hurried: bool) -> None:
        """Whether somebody waits: then it is tried at once, and often; `changed` is held."""
        self._hurried = hurried
        if hurried:
            self._retry_at, self._retry_s = 0.0, FIRST_RETRY_S

    def close(self, timeout_s: float | None) -> None:
        """Ends the thread after the attempt that is under way."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join(timeout_s)

    def _run(self) -> None:
        try:
            while (step := self._next()) is not None:
                self._attempt(step)
                self._on_change()
        except BaseException as error:
            with self._changed:
                self.failure = error
                self._changed.notify_all()

    def _next(self) -> Callable[[], None] | None:
        with self._changed:
            while not self._closing:
                wait_s = self._retry_at - time.monotonic()
                if not self.idle and wait_s <= 0:
                    return self._fail if self._given_up else self._deliver
                self._changed.wait(None if self.idle else wait_s)
            return None

    def _attempt(self, step: Callable[[], None]) -> None:
        try:
            step()
        except (TrackingUnavailable, StorageUnavailable, LeaseUncertain) as error:
            self._put_off(error)
            return
        with self._changed:
            was_away, self.away = self.away, None
            self._away_since, self._retry_s = math.inf, FIRST_RETRY_S
            self._changed.notify_all()
        if was_away is not None:
            _logger.info("MLflow and Optuna take trials again; what waited is being delivered")

    def _fail(self) -> None:
        with self._lease.writing():
            self._ledger.fail(*self._given_up[0])
        with self._changed:
            self._given_up.popleft()

    def _deliver(self) -> None:
        one = self._backlog[0]
        tables = one.tables or self._store.bundle_of(one.trials)
        try:
            runs = self._log(one, tables)
            self._log_counts()
        except TrackingUnavailable:
            one.maybe_logged = True
            if time.monotonic() - self._away_since > self._tell_after_s:
                self._tell_all()
            raise
        if not one.told:
            self._tell(tables, runs)
        with self._changed:
            self.delivered += one.counted
            self._backlog.popleft()

    def _put_off(self, error: Exception) -> None:
        with self._changed:
            first, self.away = self.away is None, str(error)
            if first:
                self._away_since = time.monotonic()
            self._retry_at = time.monotonic() + self._retry_s
            if not self._hurried:
                self._retry_s = min(2 * self._retry_s, LAST_RETRY_S)
            self._changed.notify_all()
        if first:
            _logger.warning("%s; training goes on, and its results are delivered later", error)

    def _tell_all(self) -> None:
        """Optuna gets what waits for MLflow."""
        with self._changed:
            waiting = [one for one in self._backlog if not one.told]
        for one in waiting:
            tables = one.tables or self._store.bundle_of(one.trials)
            self._tell(tables, dict.fromkeys(one.trials, RUN_TO_COME))
            one.told = True

    def _tell(self, tables: CohortTables, runs: Mapping[int, str | None]) -> None:
        with self._watch.measure("telling"), self._lease.writing():
            self._ledger.tell_many(trial_results(tables, runs))

    def _log(self, one: _Undelivered, tables: CohortTables) -> Mapping[int, str | None]:
        runs: dict[int, str | None] = {}
        if one.maybe_logged:
            known = self._store.recorded_runs()
            runs.update((trial, known[trial]) for trial in one.trials if trial in known)
        missing = set(one.trials) - runs.keys()
        if missing:
            rest = tables if not runs else tables.only(missing)
            with self._watch.measure("tracking"), self._lease.writing(certain=True):
                runs.update(self._tracker.log_trials(rest, maybe_logged=one.maybe_logged))
            with self._lease.writing():
                self._store.write_runs({t: run for t, run in runs.items() if run is not None})
            one.maybe_logged = True
        return runs

    def _log_counts(self) -> None:
        if time.monotonic() >= self._counts_at:
            with self._lease.writing():
                self._tracker.update_counts(self._verdicts())
            self._counts_at = time.monotonic() + COUNTS_EVERY_S
