"""A tracker that shows nothing: the twin for tests and for studies without MLflow."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from study.tables import CohortTables
from study.tracking.tracker import RunStatus


class NullTracker:
    """Implements `Tracker`; its trials have no runs."""

    def log_trials(
        self, tables: CohortTables, *, maybe_logged: bool = False
    ) -> dict[int, str | None]:
        return dict.fromkeys(tables.trial_numbers)

    def withdraw(self, trials: Collection[int]) -> None:
        pass

    def shown(self) -> set[str] | None:
        return None

    def update_counts(self, counts: Mapping[str, int]) -> None:
        pass

    def log_report(self, folder: Path) -> None:
        pass

    def log_tables(self, folder: Path) -> None:
        pass

    def close(self, status: RunStatus) -> None:
        pass
