"""What a trial tells Optuna, from its row in the tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from study.ledger.objective import objective_value
from study.tables import CohortTables

RUN_ATTRIBUTE = "mlflow_run_id"

RUN_TO_COME = ""
"""Its value for a trial that was told while MLflow was unavailable; the tables get the run."""

_ATTRIBUTES = ("verdict", "outcome", "configuration", "seed")


@dataclass(frozen=True, kw_only=True)
class TrialResult:
    """The end of a trial.

    Attributes:
        number: Number of the trial, >= 0.
        value: Value for Optuna, finite; see `objective_value`.
        attributes: User attributes, JSON-able.
        span: When it began and ended, in seconds since 1970; None if unknown.
    """

    number: int
    value: float
    attributes: Mapping[str, str | int | None]
    span: tuple[float, float] | None = None


class TrialSpan:
    """What a storage writes as start and end of the trials that are told meanwhile.

    By itself Optuna writes when a trial was asked, which is before its cohort is full, and when
    it was told, which is when MLflow has its run.

    Attributes:
        times: Start and end; None leaves it to Optuna.
    """

    def __init__(self) -> None:
        self.times: tuple[datetime, datetime] | None = None

    @contextmanager
    def of(self, span: tuple[float, float] | None) -> Iterator[None]:
        """Inside, trials that are told began and ended then, in seconds since 1970."""
        if span is not None:
            self.times = datetime.fromtimestamp(span[0]), datetime.fromtimestamp(span[1])
        try:
            yield
        finally:
            self.times = None


def trial_results(tables: CohortTables, runs: Mapping[int, str | None]) -> list[TrialResult]:
    """The results of a cohort's trials.

    Args:
        tables: The cohort's tables.
        runs: MLflow run id by trial; None or missing where there is none.
    """
    spans = tables.spans()
    columns = ["trial", "loss_initial", "loss_final", *_ATTRIBUTES]
    return [
        TrialResult(
            number=row["trial"],
            value=objective_value(row["loss_final"], row["loss_initial"]),
            attributes={
                **{name: row[name] for name in _ATTRIBUTES},
                RUN_ATTRIBUTE: runs.get(row["trial"]),
            },
            span=spans.get(row["trial"]),
        )
        for row in tables.trials.select(columns).to_pylist()
    ]
