"""What every built-in network must show: a cohort equals its trials alone, and a plain loop."""

from __future__ import annotations

import numpy as np
import torch

from study.engine import NETWORKS, CohortRecord, Task, classification, train_cohort
from study.trial import Trial
from tests.study.engine.conftest import make_trial
from tests.study.engine.reference import train_plainly

STEPS = 8
TRIALS = 6


def image_task(*, channels: int = 2, side: int = 8, classes: int = 3) -> Task:
    """Noise with labels."""
    generator = torch.Generator().manual_seed(5)
    images = torch.randn(24, channels, side, side, generator=generator, dtype=torch.float64)
    labels = torch.randint(0, classes, (24,), generator=generator)
    return classification("noise", images, labels, classes=classes, target=0.9)


def trials_of(**overrides: object) -> list[Trial]:
    """Trials that differ in everything that is fusible."""
    kept = {"batch_size": 6, "depth": 3, "width": 8, **overrides}
    return [make_trial(number, **kept) for number in range(TRIALS)]


def check_cohort(name: str, task: Task, trials: list[Trial]) -> CohortRecord:
    """Trains the cohort vectorized, each trial alone, and each in plain torch; all agree.

    Also that every layer was measured: finite deltas above zero.
    """
    together, looped = (
        train_cohort(trials, task=task, network=NETWORKS[name], steps=STEPS, execution=way)
        for way in ("vectorized", "looped")
    )
    for index, trial in enumerate(trials):
        alone = train_cohort([trial], task=task, network=NETWORKS[name], steps=STEPS)
        plain = train_plainly(trial, task, STEPS, name)
        for figure in ("loss", "grad_norm", "update_ratio"):
            expected = getattr(alone, figure)[0]
            np.testing.assert_allclose(getattr(together, figure)[index], expected, rtol=1e-7)
            np.testing.assert_allclose(getattr(looped, figure)[index], expected, rtol=1e-7)
        np.testing.assert_allclose(alone.loss[0], plain["loss"], rtol=1e-8)
        np.testing.assert_allclose(alone.grad_norm[0], plain["grad_norm"], rtol=1e-7)
        for quantity, values in alone.by_layer.items():
            np.testing.assert_allclose(
                together.by_layer[quantity][index], values[0], rtol=1e-6, atol=1e-12
            )
    delta = together.by_layer["delta_rms"]
    assert np.isfinite(delta).all() and (delta > 0).all()
    return together


def layer_names(record: CohortRecord) -> list[tuple[str, str | None]]:
    """Each layer with the activation behind it, in the order of the forward pass."""
    return [(layer.name, layer.activation) for layer in record.layers]
