"""Networks at sizes that are typical for a study, for benchmarks/engine.py to measure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from study.trial import Trial

RATES = (0.003, 0.01, 0.03)
CLIPS = ("none", 1.0, 10.0)

STEPS = 200
"""Of each trial: 13 of them are observed, as in a study; fewer steps are observed more densely."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """A network on a task, at a size where its trials are typical for a study."""

    network: str
    task: str
    hyperparameters: Mapping[str, Any]
    trials: int
    required: float


CASES = {
    "mlp-relu": Case(
        network="mlp",
        task="digits",
        hyperparameters={"depth": 8, "width": 64, "activation": "relu"},
        trials=64,
        required=3.0,
    ),
    "mlp-tanh": Case(
        network="mlp",
        task="digits",
        hyperparameters={"depth": 8, "width": 64, "activation": "tanh"},
        trials=64,
        required=3.0,
    ),
    "rnn": Case(
        network="rnn",
        task="adding",
        hyperparameters={"depth": 1, "width": 64, "activation": "tanh", "sequence_length": 64},
        trials=16,
        required=1.5,
    ),
    "lstm": Case(
        network="lstm",
        task="adding",
        hyperparameters={"depth": 1, "width": 64, "sequence_length": 64},
        trials=16,
        required=1.5,
    ),
    "gru": Case(
        network="gru",
        task="adding",
        hyperparameters={"depth": 1, "width": 64, "sequence_length": 64},
        trials=16,
        required=0.95,
    ),
    "cnn": Case(
        network="cnn",
        task="digits",
        hyperparameters={"depth": 6, "width": 16, "activation": "relu"},
        trials=16,
        required=0.95,
    ),
    "resnet": Case(
        network="resnet",
        task="digits",
        hyperparameters={
            "depth": 3,
            "width": 16,
            "activation": "relu",
            "normalization": "batch",
        },
        trials=16,
        required=0.95,
    ),
    "densenet": Case(
        network="densenet",
        task="digits",
        hyperparameters={
            "depth": 6,
            "width": 16,
            "growth_rate": 12,
            "activation": "relu",
            "normalization": "batch",
        },
        trials=8,
        required=0.95,
    ),
    "transformer": Case(
        network="transformer",
        task="text",
        hyperparameters={
            "depth": 2,
            "width": 64,
            "heads": 4,
            "activation": "gelu",
            "normalization": "layer",
            "norm_position": "pre",
            "sequence_length": 32,
        },
        trials=8,
        required=0.95,
    ),
}


def cohort(case: Case, trials: int) -> list[Trial]:
    """Trials that differ in learning rate, clipping and seed."""
    common = {
        "initialization": "xavier_normal",
        "momentum": 0.9,
        "optimizer": "sgd",
        "batch_size": 64,
        **case.hyperparameters,
    }
    return [
        Trial(
            number=number,
            configuration=number,
            seed=number,
            hyperparameters={
                **common,
                "learning_rate": RATES[number % 3],
                "clip_norm": CLIPS[number // 3 % 3],
            },
        )
        for number in range(trials)
    ]
