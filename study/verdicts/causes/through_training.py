"""Signs that only show over the course of a training: from its recorded steps and layers."""

from __future__ import annotations

import numpy as np
import pandas as pd

from study.verdicts.numeric import numbers, numbers_or_nan

LAYER_COLUMNS = (
    "weight_count",
    "weight_rms",
    "preactivation_rms_first_call",
    "preactivation_rms_last_call",
)
"""What causes need of the layers table beside what labels do; tables may lack it."""

LOST_RATE = 0.01
"""Share of the largest learning rate below which nothing is left of it."""

SOON = 8
"""Last step by which the first ones have done what they do."""

EARLY_STEP = 2
"""Last step whose update counts as one of the first."""

Series = dict[str, np.ndarray]

_OVER_STEPS = (
    "rate_first",
    "rate_last",
    "rate_lost",
    "violent_step",
    "first_update",
    "early_loss",
    "clip_factor",
)


def over_steps(steps: pd.DataFrame | None, trials: np.ndarray, *, violent_update: float) -> Series:
    """Returns what the recorded steps show of rates, updates and clipping, (trials,) each.

    Args:
        steps: The steps table; None if there is none.
        trials: Numbers of the trials.
        violent_update: Update ratio above which an update is violent.
    """
    if steps is None or steps.empty:
        return dict.fromkeys(_OVER_STEPS, np.full(len(trials), np.nan))
    ordered = steps[steps["trial"].isin(trials)].sort_values(["trial", "step"])
    trial = ordered["trial"]
    rate = numbers(ordered, "learning_rate")
    update = numbers_or_nan(ordered, "update_ratio")
    step = numbers(ordered, "step")
    peak = pd.Series(rate, index=ordered.index).groupby(trial).cummax().to_numpy()
    figures = pd.DataFrame(
        {
            "trial": trial.to_numpy(),
            "rate": rate,
            "lost": np.where(rate < LOST_RATE * peak, step, np.nan),
            "violent": np.where(update > violent_update, step, np.nan),
            "early": np.where(step <= EARLY_STEP, update, np.nan),
            "soon": np.where((step > 0) & (step <= SOON), numbers(ordered, "loss"), np.nan),
            "clip": numbers_or_nan(ordered, "clip_factor"),
        }
    ).groupby("trial")
    found = pd.DataFrame(
        {
            "rate_first": figures["rate"].max(),
            "rate_last": figures["rate"].last(),
            "rate_lost": figures["lost"].min(),
            "violent_step": figures["violent"].min(),
            "first_update": figures["early"].max(),
            "early_loss": figures["soon"].max(),
            "clip_factor": figures["clip"].median(),
        }
    ).reindex(trials)
    return {name: found[name].to_numpy(dtype=np.float64) for name in map(str, found)}


def over_layers(layers: pd.DataFrame, trials: np.ndarray) -> Series:
    """Returns what the recorded layers show of weights and states, (trials,) each.

    Args:
        layers: The layers table.
        trials: Numbers of the trials.
    """
    mine = layers[layers["trial"].isin(trials)]
    count = numbers_or_nan(mine, "weight_count")
    squared = count * numbers_or_nan(mine, "weight_rms") ** 2
    with np.errstate(divide="ignore", invalid="ignore"):
        growth = numbers_or_nan(mine, "preactivation_rms_last_call") / numbers_or_nan(
            mine, "preactivation_rms_first_call"
        )
    rows = pd.DataFrame(
        {
            "trial": mine["trial"].to_numpy(),
            "step": mine["step"].to_numpy(),
            "squared": squared,
            "count": count,
            "growth": growth,
        }
    )
    by_step = rows.groupby(["trial", "step"], sort=True)
    moments = pd.DataFrame(
        {
            "weight": np.sqrt(by_step["squared"].sum(min_count=1)),
            "count": by_step["count"].sum(min_count=1),
            "growth": by_step["growth"].max(),
        }
    )
    by_trial = moments.groupby(level="trial")
    found = pd.DataFrame(
        {
            "weight_initial": by_trial["weight"].first(),
            "weight_final": by_trial["weight"].last(),
            "parameters": by_trial["count"].first(),
            "state_growth": by_trial["growth"].max(),
        }
    ).reindex(trials)
    return {name: found[name].to_numpy(dtype=np.float64) for name in map(str, found)}
