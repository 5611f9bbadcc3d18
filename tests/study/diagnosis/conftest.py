from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import pytest

from study.diagnosis import Trained
from study.study_file import StudyConfig

DIGITS = {
    "study": "small",
    "task": "digits",
    "network": "mlp",
    "hyperparameters": {"depth": [1, 2, 8], "width": 32, "batch_size": 64, "momentum": 0.9},
    "steps": 80,
    "trials": 4,
}


@pytest.fixture
def digits() -> StudyConfig:
    """A study of small MLPs on digits."""
    return StudyConfig(**DIGITS)


def outcome(
    hyperparameters: Mapping[str, object],
    verdicts: Sequence[str],
    metric: float = 0.5,
    metric_name: str = "accuracy",
) -> Trained:
    """What training would have given, with these verdicts."""
    trials = pd.DataFrame(
        {
            "trial": range(len(verdicts)),
            "verdict": list(verdicts),
            "metric_final": metric,
            "metric_chance": 0.1,
            "metric_ceiling": 1.0,
            "delta_ratio_final": 1.0,
            "failure_step": None,
        }
    )
    none = pd.DataFrame({"trial": pd.Series(dtype="int64")})
    return Trained(
        hyperparameters=dict(hyperparameters),
        trials=trials,
        steps=none,
        layers=none,
        metric_name=metric_name,
    )
