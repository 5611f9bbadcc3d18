"""Labels of trials from their tables: the same tables and thresholds give the same labels."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from study.tables.schema import TRIAL_LABELS
from study.verdicts.causes import cause_clauses, causes, signs
from study.verdicts.explanation.evidence import gather
from study.verdicts.explanation.sentence import explain
from study.verdicts.findings import findings
from study.verdicts.flags import flags
from study.verdicts.numeric import require
from study.verdicts.prediction import predicted_regimes
from study.verdicts.profiles.layer_profile import profiles
from study.verdicts.published import alarms
from study.verdicts.regime import at_first_step
from study.verdicts.thresholds import DEFAULT, Thresholds
from study.verdicts.verdict import verdicts

NEEDED = (
    "trial",
    "steps_run",
    "failure_step",
    "failure_tensor",
    "loss_initial",
    "loss_final",
    "loss_max",
    "loss_swing",
    "loss_chance",
    "metric_final",
    "metric_chance",
    "metric_ceiling",
    "metric_target",
    "grad_norm_initial",
    "grad_norm_max",
    "update_ratio_median",
    "update_ratio_max",
    "clipped_fraction",
    "edge_ratio",
    "metric_best",
)
"""Figures of the trials table that labels are made from."""


def label_trials(
    trials: pd.DataFrame,
    layers: pd.DataFrame,
    thresholds: Thresholds = DEFAULT,
    *,
    steps: pd.DataFrame | None = None,
    metric: str = "metric",
) -> pd.DataFrame:
    """Adds to the trials their labels, and the figures that come from layers.

    Args:
        trials: At least `NEEDED`; `batch_size` and `normalization` are heeded where present.
        layers: The recorded layers of these trials, at least `layer_profile.COLUMNS`; rows of
            other trials are ignored. A trial without rows was not measured: its regimes are null
            and its verdict comes from its outcome alone.
        thresholds: Where one label ends and the next begins.
        steps: The recorded steps of these trials; rows of others are ignored. Without them no
            published rule that looks at losses along the way raises an alarm.
        metric: What the explanation calls the task's metric, e.g. "accuracy".

    Returns:
        A copy of `trials` with its index and its other columns as they were; new columns come
        last, labels before figures.

    Raises:
        ValueError: If a needed column is missing; the message names it.
    """
    require(trials, NEEDED, "trials")
    layer_profiles = profiles(layers)
    found = findings(trials, steps, layer_profiles, thresholds)
    observed = signs(trials, steps, layers, found, violent_update=thresholds.violent_update)
    cause = causes(observed, thresholds)
    ratio, depth_scale = at_first_step(trials, layer_profiles)
    evidence = gather(trials, found, layer_profiles, thresholds, metric=metric)
    clauses = cause_clauses(observed, cause, thresholds)
    columns: dict[str, np.ndarray | list[str]] = {
        "outcome": found.outcome,
        "regime_initial": found.initial.regime,
        "regime_final": found.final.regime,
        "predicted_regime": predicted_regimes(trials, thresholds),
        "verdict": verdicts(found.outcome, found.failure),
        "cause": cause,
        "flags": flags(trials, found, ratio, thresholds),
        "alarms": alarms(trials, steps, layers),
        "explanation": [
            explain(figures, thresholds, because=clause)
            for figures, clause in zip(evidence, clauses, strict=True)
        ],
        "delta_ratio_initial": ratio,
        "delta_ratio_final": found.final.ratio,
        "depth_scale_initial": depth_scale,
        "dead_fraction": found.final.dead,
        "saturated_fraction": found.final.saturated,
    }
    return _with_columns(trials, columns)


def _with_columns(
    trials: pd.DataFrame, columns: Mapping[str, np.ndarray | list[str]]
) -> pd.DataFrame:
    labels = {column.name for column in TRIAL_LABELS}
    return trials.assign(
        **{
            name: pd.Series(values, index=trials.index, dtype="str" if name in labels else None)
            for name, values in columns.items()
        }
    )
