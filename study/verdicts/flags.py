"""What else was noticed of a trial, beside its verdict: none of it makes a failure."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from study.tables.schema import FLAGS
from study.verdicts.failure import Failure, rose
from study.verdicts.findings import Findings
from study.verdicts.numeric import numbers
from study.verdicts.outcome import Outcome
from study.verdicts.thresholds import Thresholds

MEANINGS: Mapping[str, str] = {
    "clip_dominated": "most steps were clipped: the learning rate in force is another one",
    "clipped_divergence": "it exploded, but clipping kept the loss within bounds",
    "batchnorm_explosion": "gradients explode at step 0, as batch normalization makes them, which"
    " says nothing of training",
    "catapult": "the loss rose far above the first, then it trained",
    "edge_of_stability": "the learning rate is about its limit for the sharpness reached",
    "dead_layer": "a hidden layer is nearly all zero on the whole batch at the end",
    "saturated_layer": "most activations of a hidden layer are flat at the end",
}
"""By name, in the order of `schema.FLAGS`."""


def flags(
    trials: pd.DataFrame,
    found: Findings,
    ratio_at_start: np.ndarray,
    thresholds: Thresholds,
) -> list[str]:
    """Returns names of `schema.FLAGS` that hold for each trial, joined by commas; "" if none.

    Args:
        trials: Figures of docs/tables.md, and `normalization` where it is known.
        found: Outcomes, ways of failing, and regimes at the end.
        ratio_at_start: R at step 0, shape (trials,).
        thresholds: Where one label ends and the next begins.

    References:
        Catapult: Lewkowycz et al., The large learning rate phase of deep learning, 2020. Edge of
        stability: Cohen et al., ICLR 2021. Batch normalization: Yang et al., ICLR 2019.
        Clipping: Godbole et al., Deep Learning Tuning Playbook, 2023.
    """
    clipped = numbers(trials, "clipped_fraction")
    edge = numbers(trials, "edge_ratio")
    bounded = ~np.isin(found.outcome, [Outcome.NONFINITE.value, Outcome.DIVERGED.value])
    exploded = np.isin(found.failure, [Failure.GRADIENTS.value, Failure.UPDATES.value])
    holds = {
        "clip_dominated": clipped > thresholds.clip_dominated_share,
        "clipped_divergence": (clipped > 0) & bounded & exploded,
        "batchnorm_explosion": _batch_normalized(trials)
        & (ratio_at_start > thresholds.exploding_ratio),
        "catapult": (found.outcome == Outcome.TRAINED.value) & rose(trials, thresholds),
        "edge_of_stability": np.abs(edge - 1) <= thresholds.edge_band,
        "dead_layer": found.final.dead >= thresholds.dead_share,
        "saturated_layer": found.final.saturated > thresholds.saturated_share,
    }
    columns = np.stack([holds[name] for name in FLAGS], axis=1)
    return [",".join(np.array(FLAGS)[row]) for row in columns]


def _batch_normalized(trials: pd.DataFrame) -> np.ndarray:
    if "normalization" not in trials.columns:
        return np.zeros(len(trials), dtype=bool)
    return (trials["normalization"] == "batch").to_numpy(dtype=bool)
