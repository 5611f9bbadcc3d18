"""From recorded trials to their MLflow runs and their Optuna results, however long that takes."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence

from study.errors import LeaseUncertain, StorageUnavailable, TrackingUnavailable
from study.lease import Lease
from study.ledger import RUN_TO_COME, TrialLedger, trial_results
from study.monitoring.timings import Stopwatch
from study.run.delivery.backlog import Backlog, Undelivered
from study.run.delivery.review import Review
from study.tables import CohortTables, TableStore
from study.tracking import Tracker

FIRST_RETRY_S, LAST_RETRY_S = 1.0, 30.0
COUNTS_EVERY_S = 10.0

_logger = logging.getLogger("gradscape.run")


class Delivery:
    """Delivers in a thread of its own: MLflow first, then Optuna, which is to know the runs.

    While either is unavailable what is on disk is the backlog; it is tried again with growing
    pauses. A sampler that learns from results cannot wait as long as MLflow may be unavailable:
    past `tell_after_s` trials are reported to Optuna at once, and their runs are made later.

    Args:
        lease: The lease on the study; all is written while it is held.
        store: The study's tables, from which the backlog is read back.
        tracker: Takes the trials' MLflow runs.
        ledger: Takes the trials' results for Optuna.
        logged_elsewhere: Trials that an invocation with other tables may have logged before it
            died.
        changed: Guards what is shared, and is notified after each change.
        shows: Whether a trial gets a run in MLflow.
        verdicts: Counts recorded trials by verdict, for MLflow's parent run.
        on_change: Called in the thread after each attempt.
        tell_after_s: How long MLflow may be unavailable before trials are reported to Optuna
            without their runs.
        stopwatch: Adds up the time of each stage.

    Attributes:
        delivered: Trials that MLflow and Optuna both know, of those that count.
        outage: Why MLflow or Optuna takes nothing at present; None while both do.
        failure: What ended the thread; None while it runs.
    """

    def __init__(
        self,
        *,
        lease: Lease,
        store: TableStore,
        tracker: Tracker,
        ledger: TrialLedger,
        logged_elsewhere: Collection[int],
        shows: Callable[[int], bool],
        changed: threading.Condition,
        verdicts: Callable[[], Mapping[str, int]],
        on_change: Callable[[], None],
        tell_after_s: float = math.inf,
        stopwatch: Stopwatch,
    ) -> None:
        self._lease, self._store = lease, store
        self._tracker, self._ledger = tracker, ledger
        self._shows, self._logged_elsewhere = shows, frozenset(logged_elsewhere)
        self._review = Review(lease=lease, store=store, tracker=tracker, shows=shows)
        self._changed, self._on_change = changed, on_change
        self._verdicts = verdicts
        self._tell_after_s = tell_after_s
        self._watch = stopwatch
        self._backlog = Backlog()
        self._failed: deque[tuple[int, str]] = deque()
        self._retry_at, self._counts_at, self._retry_s = 0.0, 0.0, FIRST_RETRY_S
        self._hurried = self._closing = False
        self._outage_since = math.inf
        self.delivered = 0
        self.outage: str | None = None
        self.failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="delivery", daemon=True)
        self._thread.start()

    @property
    def idle(self) -> bool:
        """Whether nothing is left to deliver; `changed` is held."""
        return not (self._backlog or self._failed or self._review)

    @property
    def trials(self) -> list[int]:
        """The trials that are recorded and not delivered; `changed` is held."""
        return self._backlog.trials

    @property
    def to_deliver(self) -> int:
        """What `delivered` comes to once nothing is left; `changed` is held."""
        return self.delivered + self._backlog.counted

    def add(self, tables: CohortTables, *, new: int) -> None:
        """Takes a recorded cohort with `new` trials not recorded before; `changed` is held."""
        self._backlog.add(
            tables,
            new=new,
            maybe_logged=not self._logged_elsewhere.isdisjoint(tables.trial_numbers),
        )

    def add_earlier(self, trials: Collection[int], *, lost: bool = False) -> None:
        """Takes trials that were recorded earlier, see `Backlog`; `changed` is held."""
        self._backlog.add_earlier(trials, lost=lost)

    def look_over(self, *, delivered: Collection[int], failed: Collection[int]) -> None:
        """Delivers again what MLflow shows no more, withdraws what failed; `changed` is held."""
        self._review.add(delivered=delivered, failed=failed)

    def fail(self, trials: Sequence[int], reason: str) -> None:
        """Takes trials that Optuna is to know as FAIL; `changed` is held."""
        self._failed.extend((trial, reason) for trial in trials)

    def hurry(self, hurried: bool) -> None:
        """Retries at once, and often, while somebody waits; `changed` is held."""
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
            # Raised in a thread it would only be printed: `Recorder` raises it to its caller.
            with self._changed:
                self.failure = error
                self._changed.notify_all()

    def _next(self) -> Callable[[], None] | None:
        with self._changed:
            while not self._closing:
                wait_s = self._retry_at - time.monotonic()
                if not self.idle and wait_s <= 0:
                    trained = self._deliver if self._backlog else self._look_over
                    return self._deliver_failure if self._failed else trained
                self._changed.wait(None if self.idle else wait_s)
            return None

    def _attempt(self, step: Callable[[], None]) -> None:
        try:
            step()
        except (TrackingUnavailable, StorageUnavailable, LeaseUncertain) as error:
            self._put_off(error)
            return
        with self._changed:
            earlier, self.outage = self.outage, None
            self._outage_since, self._retry_s = math.inf, FIRST_RETRY_S
            self._changed.notify_all()
        if earlier is not None:
            _logger.info("MLflow and Optuna take trials again; what waited is being delivered")

    def _deliver_failure(self) -> None:
        trial, reason = self._failed[0]
        with self._lease.writing():
            self._ledger.fail(trial, reason)
        with self._changed:
            self._failed.popleft()
            # Its worker may have written its run before it was lost itself, with the rows.
            self._review.add(failed=[trial])

    def _look_over(self) -> None:
        missing = self._review.carry_out()
        with self._changed:
            self._backlog.add_earlier(missing, lost=True)

    def _deliver(self) -> None:
        oldest = self._backlog.first
        tables = oldest.read(self._store)
        try:
            runs = self._log(oldest, tables)
            self._log_counts()
        except TrackingUnavailable:
            # A request that timed out may have arrived all the same: look for its runs next time.
            oldest.maybe_logged = True
            if time.monotonic() - self._outage_since > self._tell_after_s:
                self._tell_all()
            raise
        if not oldest.reported:
            self._tell(tables, runs)
        with self._changed:
            self.delivered += oldest.counted
            self._backlog.remove_first()

    def _put_off(self, error: Exception) -> None:
        with self._changed:
            first, self.outage = self.outage is None, str(error)
            if first:
                self._outage_since = time.monotonic()
            self._retry_at = time.monotonic() + self._retry_s
            if not self._hurried:
                self._retry_s = min(2 * self._retry_s, LAST_RETRY_S)
            self._changed.notify_all()
        if first:
            _logger.warning("%s; training goes on, and its results are delivered later", error)

    def _tell_all(self) -> None:
        """Tells Optuna of all that waits for MLflow, as trials whose run is still to come."""
        with self._changed:
            unreported = self._backlog.unreported
        for waiting in unreported:
            self._tell(waiting.read(self._store), dict.fromkeys(waiting.trials, RUN_TO_COME))
            waiting.reported = True

    def _tell(self, tables: CohortTables, runs: Mapping[int, str | None]) -> None:
        with self._watch.measure("telling"), self._lease.writing():
            self._ledger.tell_many(trial_results(tables, runs))

    def _log(self, waiting: Undelivered, tables: CohortTables) -> Mapping[int, str | None]:
        """Makes the MLflow runs that are missing; returns the run of each trial."""
        runs: dict[int, str | None] = {}
        if waiting.maybe_logged and not waiting.lost:
            known = self._store.recorded_runs()
            runs.update((trial, known[trial]) for trial in waiting.trials if trial in known)
        wanted = waiting.trials if waiting.lost else filter(self._shows, waiting.trials)
        missing = set(wanted) - runs.keys()
        if missing:
            rest = tables if missing == set(waiting.trials) else tables.only(missing)
            # No run can be taken back, so the lease is asked for again, not assumed.
            with self._watch.measure("tracking"), self._lease.writing(certain=True):
                runs.update(self._tracker.log_trials(rest, maybe_logged=waiting.maybe_logged))
            with self._lease.writing():
                self._store.write_runs({t: run for t, run in runs.items() if run is not None})
            waiting.maybe_logged = True
        return runs

    def _log_counts(self) -> None:
        if time.monotonic() >= self._counts_at:
            with self._lease.writing():
                self._tracker.update_counts(self._verdicts())
            self._counts_at = time.monotonic() + COUNTS_EVERY_S
