"""Predictions, flags and alarms of the synthetic study: a function of verdict and number."""

from __future__ import annotations

import numpy as np
import pandas as pd

NEW_COLUMNS = (
    "predicted_regime",
    "flags",
    "alarms",
    "edge_ratio",
    "predicted_ratio",
    "predicted_saturated_fraction",
    "predicted_max_learning_rate",
)
"""What studies of an earlier gradscape lack."""


def predictions(frame: pd.DataFrame, *, ratio: np.ndarray, limit: np.ndarray) -> dict[str, object]:
    """R and the regime it would have if it alone decided; silent about gelu.

    The limit of the learning rate is known of every second trial.
    """
    silent = (
        (frame["activation"] == "gelu").to_numpy()
        if "activation" in frame
        else np.zeros(len(frame), dtype=bool)
    )
    regime = np.select([ratio > 70, ratio < 1e-3], ["exploding", "vanishing"], "healthy")
    return {
        "predicted_ratio": np.where(silent, np.nan, ratio),
        "predicted_regime": np.where(silent, None, regime.astype(object)),
        "predicted_saturated_fraction": np.nan,
        "predicted_max_learning_rate": np.where(frame["trial"] % 2, np.nan, limit),
    }


def flags(trial: int, verdict: str) -> str:
    found = {
        "catapult": verdict == "stable" and trial % 5 == 0,
        "dead_layer": verdict == "vanishing" and trial % 2 == 0,
        "clip_dominated": trial % 4 == 0,
    }
    return ",".join(name for name, holds in found.items() if holds)


def alarms(trial: int, verdict: str) -> str:
    """A perfect rule, one that misses, one that cries wolf, and one that always fires."""
    found = {
        "sagemaker.exploding_tensor": verdict == "exploding",
        "autotrainer.vanishing_gradient": verdict == "vanishing" and trial % 3 > 0,
        "deepdiagnosis.vanishing_gradient": verdict == "vanishing" or trial % 7 == 0,
        "fractal.not_converged": True,
    }
    return ",".join(name for name, holds in found.items() if holds)
