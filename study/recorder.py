"""From a trained cohort to its rows on disk, its MLflow runs and its Optuna results, in order."""

from __future__ import annotations

import hashlib
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from study.ledger import TrialResult, trial_results
from study.stopwatch import Stopwatch
from study.tables import CohortTables
from study.tracking import Tracker, TrackingUnavailable
from study.trial import Cohort

INBOX = 8
"""Payloads waiting to be written; then `submit` blocks, which slows training down."""

IN_MEMORY = 4
"""Undelivered cohorts whose tables stay in memory; the others are read back from disk."""

FIRST_RETRY_S, LAST_RETRY_S = 1.0, 30.0
COUNTS_EVERY_S = 10.0
REDELIVERED_TOGETHER = 64


class Store(Protocol):
    """What the recorder needs of `study.tables.TableStore`."""

    def write(self, bundle: CohortTables, name: str) -> set[int]: ...
    def write_runs(self, runs: Mapping[int, str]) -> None: ...
    def recorded_runs(self) -> dict[int, str]: ...
    def bundle_of(self, trials: Collection[int]) -> CohortTables: ...


class Ledger(Protocol):
    """What the recorder needs of `study.ledger.TrialLedger`."""

    def tell_many(self, results: Sequence[TrialResult]) -> int: ...


@dataclass(frozen=True, kw_only=True)
class Progress:
    """What this invocation has recorded so far.

    Attributes:
        recorded: Trials whose rows are on disk.
        told: Trials that are complete everywhere.
        verdicts: Recorded trials by verdict.
        tracking_away: Why MLflow takes nothing at present; None when it does.
    """

    recorded: int
    told: int
    verdicts: Mapping[str, int]
    tracking_away: str | None


@dataclass(kw_only=True)
class _Undelivered:
    """Trials on disk that MLflow and Optuna do not know yet."""

    trials: tuple[int, ...]
    tables: CohortTables | None
    maybe_logged: bool


class Recorder:
    """Records cohorts in a thread of its own: tables first, then MLflow, then Optuna.

    Each stage may be repeated, so a crash between any two loses and doubles nothing. While
    MLflow is away the tables go on being written; they are the backlog, delivered when it is
    back.

    Args:
        store: The study's tables.
        tracker: The invocation in MLflow.
        ledger: The Optuna study.
        on_progress: Called in the thread after each change.
        stopwatch: Gets the time of each stage.
    """

    def __init__(
        self,
        *,
        store: Store,
        tracker: Tracker,
        ledger: Ledger,
        on_progress: Callable[[Progress], None] = lambda progress: None,
        stopwatch: Stopwatch | None = None,
    ) -> None:
        self._watch = stopwatch or Stopwatch()
        self._store = store
        self._tracker = tracker
        self._ledger = ledger
        self._on_progress = on_progress
        self._changed = threading.Condition()
        self._inbox: deque[bytes] = deque()
        self._busy = self._awaited = False
        self._backlog: deque[_Undelivered] = deque()
        self._verdicts: Counter[str] = Counter()
        self._recorded = self._told = 0
        self._away: str | None = None
        self._retry_at = self._counts_at = 0.0
        self._retry_s = FIRST_RETRY_S
        self._failure: BaseException | None = None
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)
        self._thread.start()

    @property
    def progress(self) -> Progress:
        """What was recorded so far."""
        with self._changed:
            return Progress(
                recorded=self._recorded,
                told=self._told,
                verdicts=dict(self._verdicts),
                tracking_away=self._away,
            )

    @property
    def undelivered(self) -> list[int]:
        """Trials on disk that MLflow and Optuna do not know; final once `close` has returned."""
        with self._changed:
            return sorted(trial for one in self._backlog for trial in one.trials)

    def submit(self, cohort: Cohort, payload: bytes) -> None:
        """Take a trained cohort's tables (`CohortTables.to_bytes`); blocks while many wait.

        Raises:
            Exception: What the thread met with, for example a full disk.
        """
        with self._changed:
            self._changed.wait_for(lambda: len(self._inbox) < INBOX or self._failure)
            self._raise_failure()
            self._inbox.append(payload)
            self._changed.notify_all()

    def redeliver(self, trials: Collection[int]) -> None:
        """Deliver trials whose rows an earlier invocation wrote but did not get further with."""
        ordered = sorted(trials)
        with self._changed:
            for start in range(0, len(ordered), REDELIVERED_TOGETHER):
                some = tuple(ordered[start : start + REDELIVERED_TOGETHER])
                self._backlog.append(_Undelivered(trials=some, tables=None, maybe_logged=True))
            self._changed.notify_all()

    def flush(self, patience_s: float) -> list[int]:
        """Wait until all is delivered, however long that takes while MLflow answers.

        Args:
            patience_s: How long to wait for an MLflow that is away.

        Returns:
            The recorded trials that MLflow and Optuna do not know when patience has ended.
            Their rows are safe; `redeliver` takes them up later.

        Raises:
            Exception: What the thread met with.
        """
        with self._changed:
            # Now somebody waits: try at once, and often.
            self._awaited, self._retry_at, self._retry_s = True, 0.0, FIRST_RETRY_S
            self._changed.notify_all()
            answered_at = time.monotonic()
            while not (self._idle or self._failure):
                if self._away is None:
                    answered_at = time.monotonic()
                    self._changed.wait()
                elif (left_s := answered_at + patience_s - time.monotonic()) > 0:
                    self._changed.wait(left_s)
                else:
                    break
            self._awaited = False
            self._raise_failure()
            return self.undelivered

    def close(self, timeout_s: float | None = None) -> None:
        """End the thread once all that was submitted is on disk; `flush` delivers it before.

        Args:
            timeout_s: Leave the thread to itself after this time: MLflow may keep it waiting.
        """
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join(timeout_s)

    @property
    def _idle(self) -> bool:
        return not (self._inbox or self._backlog or self._busy)

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise self._failure

    def _run(self) -> None:
        try:
            while (work := self._next_work()) is not None:
                work()
                with self._changed:
                    self._busy = False
                    self._changed.notify_all()
                self._on_progress(self.progress)
        except BaseException as error:
            with self._changed:
                self._failure = error
                self._changed.notify_all()

    def _next_work(self) -> Callable[[], None] | None:
        """Writing tables comes before delivering: they are what must not be lost."""
        with self._changed:
            while True:
                if self._inbox:
                    payload = self._inbox.popleft()
                    self._busy = True
                    return lambda: self._write(payload)
                if self._closing:
                    return None
                wait_s = self._retry_at - time.monotonic()
                if self._backlog and wait_s <= 0:
                    return self._deliver
                self._changed.wait(wait_s if self._backlog else None)

    def _write(self, payload: bytes) -> None:
        tables = CohortTables.from_bytes(payload)
        trials = tables.trial_numbers
        # The same trials always get the same name, so a repeated write finds its own part.
        digest = hashlib.sha256(repr(trials).encode()).hexdigest()[:8]
        with self._watch.measure("tables"):
            new = self._store.write(tables, f"{min(trials):08d}-{digest}")
        labels = tables.trials.select(["trial", "verdict", "train_seconds"]).to_pylist()
        self._watch.add("training", sum(row["train_seconds"] for row in labels))
        with self._changed:
            self._recorded += len(new)
            self._verdicts.update(row["verdict"] for row in labels if row["trial"] in new)
            kept = tables if len(self._backlog) < IN_MEMORY else None
            again = len(new) < len(trials)
            self._backlog.append(_Undelivered(trials=trials, tables=kept, maybe_logged=again))

    def _deliver(self) -> None:
        one = self._backlog[0]
        tables = one.tables or self._store.bundle_of(one.trials)
        try:
            runs = self._log(one, tables)
            self._log_counts()
        except TrackingUnavailable as error:
            with self._changed:
                one.maybe_logged = True
                self._away = str(error)
                self._retry_at = time.monotonic() + self._retry_s
                if not self._awaited:
                    self._retry_s = min(2 * self._retry_s, LAST_RETRY_S)
            return
        with self._watch.measure("telling"):
            told = self._ledger.tell_many(trial_results(tables, runs))
        with self._changed:
            self._away, self._retry_s = None, FIRST_RETRY_S
            self._told += told
            self._backlog.popleft()

    def _log(self, one: _Undelivered, tables: CohortTables) -> Mapping[int, str | None]:
        runs: dict[int, str | None] = {}
        if one.maybe_logged:
            known = self._store.recorded_runs()
            runs.update((trial, known[trial]) for trial in one.trials if trial in known)
        missing = set(one.trials) - runs.keys()
        if missing:
            rest = tables if not runs else tables.only(missing)
            with self._watch.measure("tracking"):
                runs.update(self._tracker.log_trials(rest, maybe_logged=one.maybe_logged))
            self._store.write_runs({trial: run for trial, run in runs.items() if run is not None})
        return runs

    def _log_counts(self) -> None:
        if time.monotonic() >= self._counts_at:
            self._tracker.update_counts(self.progress.verdicts)
            self._counts_at = time.monotonic() + COUNTS_EVERY_S
