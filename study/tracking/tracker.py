"""The contract of every tracker."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Literal, Protocol

from study.tables import CohortTables

RunStatus = Literal["FINISHED", "FAILED", "KILLED"]


class Tracker(Protocol):
    """One invocation of a study, as others see it. Every method may raise TrackingUnavailable."""

    def log_trials(
        self, tables: CohortTables, *, maybe_logged: bool = False
    ) -> dict[int, str | None]:
        """Show trials.

        Args:
            tables: Rows of the trials, labels included.
            maybe_logged: Whether an earlier attempt may have logged some of them: those are
                looked up, finished ones are kept and half-written ones replaced.

        Returns:
            The id of each trial's run; None where there is none.
        """

    def withdraw(self, trials: Collection[int]) -> None:
        """Show these no more, which failed for good; a lost worker may have written their runs."""

    def shown(self) -> set[str] | None:
        """Ids of the runs that others see of this study's trials; None where trials have none."""

    def update_counts(self, counts: Mapping[str, int]) -> None:
        """Show how many trials have which verdict by now; the caller throttles."""

    def log_report(self, folder: Path) -> None:
        """Keep the report with the study."""

    def log_tables(self, folder: Path) -> None:
        """Keep the tables with the study."""

    def close(self, status: RunStatus) -> None:
        """The invocation has ended."""
