"""Labels of trials from their tables: the same tables and thresholds give the same labels."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from study.tables.schema import TRIAL_LABELS
from study.verdicts.cause import Regimes, causes, rose, violent
from study.verdicts.explanation.evidence import gather
from study.verdicts.explanation.sentence import explain
from study.verdicts.flags import flags
from study.verdicts.layer_profile import profiles
from study.verdicts.numeric import require
from study.verdicts.outcome import outcomes
from study.verdicts.prediction import predicted_regimes
from study.verdicts.published import alarms
from study.verdicts.regime import (
    at_first_step,
    final_moment,
    initial_moment,
    moment_at_start,
)
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
    initial = initial_moment(trials, layer_profiles, thresholds)
    final = final_moment(trials, layer_profiles, thresholds)
    outcome = outcomes(trials, thresholds).to_numpy(dtype=object)
    regimes = Regimes(
        start=moment_at_start(trials, layer_profiles, thresholds).regime,
        initial=initial.regime,
        final=final.regime,
    )
    cause = causes(outcome, regimes, violent(trials, thresholds), rose(trials, thresholds))
    ratio, depth_scale = at_first_step(trials, layer_profiles)
    evidence = gather(
        trials, outcome, cause, layer_profiles, initial, final, thresholds, metric=metric
    )
    columns: dict[str, np.ndarray | list[str]] = {
        "outcome": outcome,
        "regime_initial": initial.regime,
        "regime_final": final.regime,
        "predicted_regime": predicted_regimes(trials, thresholds),
        "verdict": verdicts(outcome, cause),
        "cause": cause,
        "flags": flags(trials, outcome, cause, ratio, final, thresholds),
        "alarms": alarms(trials, steps, layers),
        "explanation": [explain(figures, thresholds) for figures in evidence],
        "delta_ratio_initial": ratio,
        "delta_ratio_final": final.ratio,
        "depth_scale_initial": depth_scale,
        "dead_fraction": final.dead,
        "saturated_fraction": final.saturated,
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
