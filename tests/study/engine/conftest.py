from __future__ import annotations

import numpy as np
import pytest

from study.engine import TASKS, Task
from study.trial import Trial

DECAYS = ("constant", "exponential", "step", "cosine")
INITIALIZATIONS = (
    "torch_default",
    "small_normal",
    "xavier_normal",
    "xavier_uniform",
    "he_normal",
    "he_uniform",
    "lecun_normal",
    "orthogonal",
    "mean_field",
)
CLIPS = ("none", 0.1, 1.0, 10.0)


@pytest.fixture(scope="session")
def digits() -> Task:
    return TASKS["digits"]()


def make_trial(number: int, **overrides: object) -> Trial:
    """A trial whose fusible hyperparameters all differ from its neighbours'."""
    rng = np.random.default_rng(number)
    values: dict[str, object] = {
        "depth": 3,
        "width": 16,
        "activation": "tanh",
        "initialization": INITIALIZATIONS[number % len(INITIALIZATIONS)],
        "init_gain": float(rng.uniform(0.5, 1.5)),
        "weight_std": 1.5,
        "bias_std": 0.1,
        "learning_rate": float(10 ** rng.uniform(-3, -0.5)),
        "lr_decay": DECAYS[number % len(DECAYS)],
        "weight_decay": float(10 ** rng.uniform(-5, -2)) if number % 3 else 0.0,
        "clip_norm": CLIPS[(number // 2) % len(CLIPS)],
        "momentum": float(rng.uniform(0, 0.95)) if number % 2 else 0.0,
        "optimizer": "sgd",
        "batch_size": 32,
        "dtype": "float64",
    }
    values.update(overrides)
    return Trial(
        number=number,
        configuration=number,
        seed=1000 + number,
        hyperparameters=values,  # type: ignore[arg-type]
    )
