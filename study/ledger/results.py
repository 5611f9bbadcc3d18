"""What a trial tells Optuna, from its row in the tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

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
