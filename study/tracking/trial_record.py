"""What of a trial goes to MLflow: few rows, since metric rows are the budget.

A row costs MLflow about 0.15 ms, so a trial gets at most 8 steps of six metrics and six final
figures; everything by layer stays in the tables.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from study.tables import CohortTables
from study.tables.encoding import NO_LIMIT
from study.tracking.notes import NOTE_TAG, literal
from study.verdicts.profiles.layer_profile import COLUMNS, OPTIONAL_COLUMNS, profiles

MAX_STEPS = 8
"""Steps of each metric, chosen among the recorded ones."""

TAG_COLUMNS = ("verdict", "outcome", "cause", "regime_initial", "regime_final", "flags", "alarms")

FINAL_COLUMNS = (
    "loss_final",
    "metric_final",
    "grad_norm_median",
    "grad_norm_max",
    "delta_ratio_final",
    "steps_run",
)

_STEP_METRICS = {
    "loss": "loss",
    "metric": "metric",
    "grad/norm": "grad_norm",
    "grad/delta_ratio": "delta_ratio",
    "grad/clipped_fraction": "clipped_fraction",
    "update/ratio": "update_ratio",
}
"""MLflow's metric key by column of the chosen steps."""


@dataclass(frozen=True, kw_only=True)
class TrialRecord:
    """One trial as MLflow shows it.

    Attributes:
        trial: Number of the trial.
        tags: Labels, numbers and the explanation.
        params: Hyperparameters as text.
        metrics: (key, value, step); values may be NaN or infinite.
        train_seconds: How long it trained.
        span: When its cohort began and ended, in seconds since 1970; None if unknown.
    """

    trial: int
    tags: Mapping[str, str]
    params: Mapping[str, str]
    metrics: tuple[tuple[str, float, int], ...]
    train_seconds: float
    span: tuple[float, float] | None = None

    def end_ms(self, now_ms: int) -> int:
        """When it ended, in milliseconds since 1970; now if that is not known."""
        return now_ms if self.span is None else int(self.span[1] * 1000)

    def start_ms(self, now_ms: int) -> int:
        """When it began, in milliseconds since 1970."""
        if self.span is None:
            return now_ms - int(self.train_seconds * 1000)
        return int(self.span[0] * 1000)

    def timed_metrics(self, now_ms: int) -> Iterator[tuple[str, float, int, int]]:
        """Key, value, time and step of each metric, evenly over the time that it trained."""
        start, end_ms = self.start_ms(now_ms), self.end_ms(now_ms)
        last = max((step for _, _, step in self.metrics), default=0) or 1
        for key, value, step in self.metrics:
            yield key, value, start + (end_ms - start) * step // last, step

    @classmethod
    def example(cls) -> TrialRecord:
        """One that has something of everything."""
        text = {"name": "value"}
        return cls(trial=0, tags=text, params=text, metrics=(("a", 1.0, 0),), train_seconds=0.0)


def run_name(trial: int) -> str:
    """Name of a trial's run."""
    return f"trial-{trial:06d}"


def trial_records(tables: CohortTables) -> Iterator[TrialRecord]:
    """The records of a cohort's trials, in the order of its table."""
    hyperparameters = list(tables.metadata.hyperparameters)
    chosen = _chosen_steps(tables)
    spans = tables.spans()
    for row in tables.trials.to_pylist():
        seconds = row["train_seconds"]
        yield TrialRecord(
            trial=row["trial"],
            tags=_tags(row),
            params={
                name: _param(row[name]) for name in hyperparameters if row.get(name) is not None
            },
            metrics=tuple(_metrics(row, chosen.get(row["trial"]))),
            train_seconds=0.0 if seconds is None or not math.isfinite(seconds) else seconds,
            span=spans.get(row["trial"]),
        )


def _tags(row: Mapping[str, Any]) -> dict[str, str]:
    tags = {name: str(row[name]) for name in TAG_COLUMNS if row.get(name)}
    tags["gradscape.trial"] = str(row["trial"])
    tags["gradscape.configuration"] = str(row["configuration"])
    tags["gradscape.seed"] = str(row["seed"])
    if row["explanation"]:
        tags[NOTE_TAG] = literal(row["explanation"])
    return tags


def _param(value: object) -> str:
    return NO_LIMIT if value == math.inf else str(value)


def _metrics(
    row: Mapping[str, Any], steps: dict[str, list[float]] | None
) -> Iterator[tuple[str, float, int]]:
    last = int(row["steps_run"] or 0)
    if steps is not None:
        numbers = [int(step) for step in steps["step"]]
        last = max(last, numbers[-1])
        for key, column in _STEP_METRICS.items():
            if column not in steps:
                continue
            points = list(zip(numbers, steps[column], strict=True))
            # A flat line is drawn by its two ends.
            flat = len(points) > 2 and len(set(steps[column])) == 1
            for step, value in (points[0], points[-1]) if flat else points:
                yield key, float(value), step
    for column in FINAL_COLUMNS:
        if row[column] is not None:
            yield column, float(row[column]), last


def _chosen_steps(tables: CohortTables) -> dict[int, dict[str, list[float]]]:
    steps = tables.steps.to_pandas().sort_values(["trial", "step"], kind="stable")
    clipped = (steps["clip_factor"] < 1.0).astype(float)
    # Of the steps recorded so far; the tables know the share of all steps.
    steps["clipped_fraction"] = clipped.groupby(steps["trial"]).expanding().mean().to_numpy()
    steps = steps.merge(_delta_ratios(tables), on=["trial", "step"], how="left")
    columns = ["step", *_STEP_METRICS.values()]
    if tables.layers.num_rows == 0:
        columns.remove("delta_ratio")  # No layer was measured.
    chosen = {}
    for trial, rows in steps.groupby("trial", sort=False):
        # Recorded steps are log-spaced already: evenly spaced rows of them stay so.
        indices = np.unique(np.linspace(0, len(rows) - 1, min(MAX_STEPS, len(rows))).round())
        picked = rows.iloc[indices.astype(int)]
        chosen[int(trial)] = {column: picked[column].tolist() for column in columns}
    return chosen


def _delta_ratios(tables: CohortTables) -> pd.DataFrame:
    """Columns trial, step, delta_ratio: R as the verdicts have it."""
    present = tables.layers.column_names
    needed = [name for name in (*COLUMNS, *OPTIONAL_COLUMNS) if name in present]
    ratios = profiles(tables.layers.select(needed).to_pandas())
    return pd.DataFrame({"trial": ratios.trial, "step": ratios.step, "delta_ratio": ratios.ratio})
