"""Tables, tracking and ledger that take nothing once the study is somebody else's."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from study.errors import TrackingUnavailable
from study.lease.renewal import Lease
from study.ledger import TrialLedger, TrialResult
from study.tables import CohortTables, TableStore
from study.tracking import RunStatus, Tracker
from study.trial import Trial


class FencedStore:
    """A `TableStore` that is written while the lease is held.

    Args:
        store: The study's tables.
        lease: Of the study.
    """

    def __init__(self, store: TableStore, lease: Lease) -> None:
        self._store = store
        self._lease = lease

    def write(self, bundle: CohortTables, name: str) -> set[int]:
        with self._lease.writing():
            return self._store.write(bundle, name)

    def write_runs(self, runs: Mapping[int, str]) -> None:
        with self._lease.writing():
            self._store.write_runs(runs)

    def recorded_runs(self) -> dict[int, str]:
        return self._store.recorded_runs()

    def bundle_of(self, trials: Collection[int]) -> CohortTables:
        return self._store.bundle_of(trials)


class FencedTracker:
    """A `Tracker` that is written while the lease is held.

    While the storage cannot be asked who holds the study and the lease may have ended, MLflow
    counts as away: another driver may be logging the same trials.

    Args:
        tracker: Of this invocation.
        lease: Of the study.
        elsewhere: Trials that an invocation with other tables may have logged before it died.
    """

    def __init__(self, tracker: Tracker, lease: Lease, *, elsewhere: Collection[int] = ()) -> None:
        self._tracker = tracker
        self._lease = lease
        self._elsewhere = frozenset(elsewhere)

    def log_trials(
        self, tables: CohortTables, *, maybe_logged: bool = False
    ) -> dict[int, str | None]:
        maybe_logged = maybe_logged or not self._elsewhere.isdisjoint(tables.trial_numbers)
        self._check_certain()
        with self._lease.writing():
            return self._tracker.log_trials(tables, maybe_logged=maybe_logged)

    def update_counts(self, counts: Mapping[str, int]) -> None:
        with self._lease.writing():
            self._tracker.update_counts(counts)

    def log_report(self, folder: Path) -> None:
        with self._lease.writing():
            self._tracker.log_report(folder)

    def log_tables(self, folder: Path) -> None:
        with self._lease.writing():
            self._tracker.log_tables(folder)

    def close(self, status: RunStatus) -> None:
        # The run of this invocation is its own, whoever has the study.
        self._tracker.close(status)

    def _check_certain(self) -> None:
        reason = self._lease.uncertain
        if reason is not None:
            raise TrackingUnavailable(f"{reason}; so another driver may have the study by now")


class FencedLedger:
    """A `TrialLedger` that is written while the lease is held.

    Args:
        ledger: The Optuna study.
        lease: Of the study.
    """

    def __init__(self, ledger: TrialLedger, lease: Lease) -> None:
        self._ledger = ledger
        self._lease = lease

    def ask(self, n: int) -> list[Trial]:
        with self._lease.writing():
            return self._ledger.ask(n)

    def check_reachable(self) -> None:
        self._ledger.check_reachable()

    def tell_many(self, results: Sequence[TrialResult]) -> int:
        with self._lease.writing():
            return self._ledger.tell_many(results)

    def fail(self, number: int, reason: str) -> None:
        with self._lease.writing():
            self._ledger.fail(number, reason)
