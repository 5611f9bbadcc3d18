"""A little study to spoil: one healthy trial, of which no rule has anything to say."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest

from study.verdicts.published import alarms

STEPS = (0, 1, 2, 3, 5, 8, 13, 21, 34, 55)
WEIGHTS = (2048, 1024, 1024, 320)
"""Numbers in the weights of three hidden layers and the output."""

TRIAL = {
    "trial": 7,
    "failure_step": None,
    "loss_initial": 2.4,
    "loss_final": 0.2,
    "metric_best": 0.95,
    "metric_chance": 0.1,
    "metric_ceiling": 1.0,
    "clipped_fraction": 0.1,
    "activation": "relu",
    "batch_size": 64,
}
HIDDEN = {
    "preactivation_rms": 1.4,
    "activation_mean": 0.4,
    "activation_std": 0.6,
    "dead_fraction": 0.1,
}


class Little:
    """Tables of a few steps and layers, one trial at first."""

    def __init__(self) -> None:
        self.trials = pd.DataFrame([TRIAL])
        self.steps: pd.DataFrame | None = pd.DataFrame(
            {
                "trial": 7,
                "step": STEPS,
                "loss": [2.4 * 0.9**index for index in range(len(STEPS))],
                "metric": [0.1 + 0.08 * index for index in range(len(STEPS))],
                "learning_rate": 0.1,
            }
        )
        self.layers = pd.DataFrame(
            {
                "trial": 7,
                "step": step,
                "layer": layer,
                "weight_grad_rms": 1e-3,
                "weight_rms": 0.1,
                "weight_count": count,
                "update_ratio": 1e-3,
                "saturated_fraction": None,
                "nonfinite_count": 0,
                **(HIDDEN if layer < len(WEIGHTS) else dict.fromkeys(HIDDEN)),
            }
            for step in STEPS
            for layer, count in enumerate(WEIGHTS, start=1)
        ).astype({"saturated_fraction": float})

    def trial(self, **figures: object) -> Little:
        """With other figures of the trial."""
        self.trials = self.trials.assign(**figures)
        return self

    def step(self, step: int, **figures: float) -> Little:
        """With other figures at a recorded step."""
        assert self.steps is not None
        self.steps.loc[self.steps.step == step, list(figures)] = list(figures.values())
        return self

    def along(self, **figures: list[float]) -> Little:
        """With other figures at all recorded steps."""
        assert self.steps is not None
        self.steps = self.steps.assign(**figures)
        return self

    def layer(self, layer: int, at: int = 8, **figures: float) -> Little:
        """With other figures of a layer at a recorded step."""
        rows = (self.layers.step == at) & (self.layers.layer == layer)
        assert rows.sum() == 1
        self.layers.loc[rows, list(figures)] = list(figures.values())
        return self

    def alarms(self) -> set[str]:
        """Of the trial."""
        (joined,) = alarms(self.trials, self.steps, self.layers)
        return set(joined.split(",")) - {""}


@pytest.fixture
def little() -> Callable[[], Little]:
    return Little
