"""From a trained cohort to its rows on disk, and on to MLflow and Optuna."""

from __future__ import annotations

import hashlib
import math
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Collection, Sequence

from study.lease import Lease
from study.ledger import TrialLedger
from study.monitoring.timings import Stopwatch
from study.run.delivery.delivery import Delivery
from study.run.delivery.progress import Progress
from study.stopping import COLUMNS, Audit
from study.tables import CohortTables, TableStore
from study.tracking import Tracker
from study.trial import Cohort

INBOX = 8
"""Payloads waiting to be written; then `submit` blocks, which slows training down."""


class Recorder:
    """Records cohorts: tables in one thread, then MLflow and Optuna in another.

    Each stage may be repeated, so a crash between any two loses and doubles nothing. While
    MLflow or Optuna's storage is unavailable the tables go on being written; they are the
    backlog, delivered when it is back.

    Args:
        lease: The lease on the study; all is written while it is held.
        store: Takes the rows, which commits a cohort.
        tracker: Takes the trials' MLflow runs.
        ledger: Takes the trials' results for Optuna.
        logged_elsewhere: Trials that an invocation with other tables may have logged before it
            died.
        shows: Whether a trial gets a run in MLflow.
        on_progress: Called after each change, by one thread at a time.
        tell_after_s: How long MLflow may be unavailable before trials are reported to Optuna
            without their runs.
        stopwatch: Adds up the time of each stage.
    """

    def __init__(
        self,
        *,
        lease: Lease,
        store: TableStore,
        tracker: Tracker,
        ledger: TrialLedger,
        logged_elsewhere: Collection[int] = (),
        shows: Callable[[int], bool] = lambda trial: True,
        on_progress: Callable[[Progress], None] = lambda progress: None,
        tell_after_s: float = math.inf,
        stopwatch: Stopwatch | None = None,
        audit: Audit | None = None,
    ) -> None:
        self._watch = stopwatch or Stopwatch()
        self._audit = audit or Audit()
        self._lease, self._store = lease, store
        self._on_progress = on_progress
        self._changed = threading.Condition()
        self._showing = threading.Lock()
        self._inbox: deque[bytes] = deque()
        self._busy = self._closing = False
        self._verdicts: Counter[str] = Counter()
        self._recorded = 0
        self._write_failure: BaseException | None = None
        self._delivery = Delivery(
            lease=lease,
            store=store,
            tracker=tracker,
            ledger=ledger,
            logged_elsewhere=logged_elsewhere,
            shows=shows,
            changed=self._changed,
            verdicts=lambda: self.progress.verdicts,
            on_change=self._show,
            tell_after_s=tell_after_s,
            stopwatch=self._watch,
        )
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)
        self._thread.start()

    @property
    def progress(self) -> Progress:
        """What this invocation has recorded and delivered so far."""
        with self._changed:
            return Progress(
                recorded=self._recorded,
                delivered=self._delivery.delivered,
                to_deliver=self._delivery.to_deliver,
                verdicts=dict(self._verdicts),
                outage=self._delivery.outage,
            )

    @property
    def undelivered(self) -> list[int]:
        """Trials on disk that MLflow or Optuna do not know; final once `close` has returned."""
        with self._changed:
            return self._delivery.trials

    def submit(self, cohort: Cohort, payload: bytes) -> None:
        """Take a trained cohort's tables (`CohortTables.to_bytes`); blocks while many wait.

        Raises what the threads met with, for example a full disk.
        """
        with self._changed:
            self._changed.wait_for(lambda: len(self._inbox) < INBOX or self._failure)
            self._raise_failure()
            self._inbox.append(payload)
            self._changed.notify_all()

    def redeliver(self, trials: Collection[int]) -> None:
        """Deliver trials whose rows an earlier invocation wrote but did not get further with."""
        with self._changed:
            self._delivery.add_earlier(trials)
            self._changed.notify_all()

    def show(self, trials: Collection[int]) -> None:
        """Have these delivered trials shown in MLflow, sampled or not."""
        hidden = set(trials) - self._store.recorded_runs().keys()
        with self._changed:
            self._delivery.add_earlier(hidden, lost=True)
            self._changed.notify_all()

    def look_over(self, *, delivered: Collection[int], failed: Collection[int] = ()) -> None:
        """Deliver those again that an earlier invocation delivered and MLflow shows no more.

        What it shows of trials that failed for good is withdrawn.
        """
        with self._changed:
            self._delivery.look_over(delivered=delivered, failed=failed)
            self._changed.notify_all()

    def fail(self, trials: Sequence[int], reason: str) -> None:
        """Make trials known to Optuna as FAIL; such trials have no rows and no MLflow run."""
        with self._changed:
            self._delivery.fail(trials, reason)
            self._changed.notify_all()

    def flush(self, patience_s: float) -> list[int]:
        """Wait until all is on disk and delivered, however long that takes while both answer.

        Args:
            patience_s: How long to wait while one of them is unavailable.

        Returns:
            The recorded trials that MLflow or Optuna do not know when patience has ended.
            Their rows are safe; `redeliver` takes them up later.

        Raises:
            Exception: What the threads met with.
        """
        with self._changed:
            self._delivery.hurry(True)
            self._changed.notify_all()
            answered_at = time.monotonic()
            while not (self._idle or self._failure):
                if self._delivery.outage is None or self._writing:
                    answered_at = time.monotonic()
                    self._changed.wait()
                elif (left_s := answered_at + patience_s - time.monotonic()) > 0:
                    self._changed.wait(left_s)
                else:
                    break
            self._delivery.hurry(False)
            self._raise_failure()
            return self._delivery.trials

    def close(self, timeout_s: float | None = None) -> None:
        """End the threads once all that was submitted is on disk; `flush` delivers it before.

        Args:
            timeout_s: Leave each thread to itself after this time, as MLflow may keep one waiting.
        """
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join(timeout_s)
        self._delivery.close(timeout_s)

    @property
    def _idle(self) -> bool:
        return not self._writing and self._delivery.idle

    @property
    def _writing(self) -> bool:
        return bool(self._inbox) or self._busy

    @property
    def _failure(self) -> BaseException | None:
        return self._write_failure or self._delivery.failure

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise self._failure

    def _run(self) -> None:
        try:
            while (payload := self._next_payload()) is not None:
                self._write(payload)
                self._show()
        except BaseException as error:
            # Raised in a thread it would only be printed: `submit` and `flush` raise it instead.
            with self._changed:
                self._write_failure = error
                self._changed.notify_all()

    def _next_payload(self) -> bytes | None:
        with self._changed:
            self._changed.wait_for(lambda: self._inbox or self._closing)
            if not self._inbox:
                return None
            self._busy = True
            return self._inbox.popleft()

    def _write(self, payload: bytes) -> None:
        tables = CohortTables.from_bytes(payload)
        trials = tables.trial_numbers
        # The same trials always get the same name, so a repeated write finds its own part.
        digest = hashlib.sha256(repr(trials).encode()).hexdigest()[:8]
        with self._watch.measure("tables"), self._lease.writing():
            new = self._store.write(tables, f"{min(trials):08d}-{digest}")
        labels = tables.trials.select(["trial", "train_seconds", *COLUMNS]).to_pylist()
        self._watch.add("training", sum(row["train_seconds"] for row in labels))
        with self._changed:
            self._recorded += len(new)
            self._verdicts.update(row["verdict"] for row in labels if row["trial"] in new)
            self._audit.add(row for row in labels if row["trial"] in new)
            self._delivery.add(tables, new=len(new))
            self._busy = False
            self._changed.notify_all()

    def _show(self) -> None:
        with self._showing:
            self._on_progress(self.progress)
