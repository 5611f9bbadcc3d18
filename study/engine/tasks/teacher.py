"""Regression on a random teacher: a fixed network that the trained one is to imitate."""

from __future__ import annotations

import torch

from study.engine.tasks.chance.levels import LossExplained
from study.engine.tasks.error import check_at_least
from study.engine.tasks.measures import squared_error
from study.engine.tasks.task import Task

SEED = 1989

GAIN = 2.0

TARGET = 0.5
"""Half of the variance explained: any network through which gradients pass gets there."""


def teacher(
    *, features: int = 16, outputs: int = 4, hidden_units: int = 64, examples: int = 4096
) -> Task:
    """Gaussian inputs (N, F), and what a random network makes of them as targets (N, outputs).

    The teacher has one layer of tanh units and Gaussian weights, of variance 4 / fan_in in that
    layer, so that its units saturate at times. Each target is scaled to mean 0 and variance 1
    over the examples: the best constant prediction has loss 1, and the metric, 1 - loss, is the
    share of the targets' variance that is explained.

    Args:
        features: F, numbers in one input.
        outputs: Numbers to predict.
        hidden_units: Width of the teacher's hidden layer.
        examples: N, at least 2.

    Raises:
        TaskError: If a number is out of range.

    References:
        Gardner and Derrida, Three unfinished works on the optimal storage capacity of networks,
        1989, which introduced teacher and student.
    """
    check_at_least(1, features=features, outputs=outputs, hidden_units=hidden_units)
    check_at_least(2, examples=examples)
    generator = torch.Generator().manual_seed(SEED)
    inputs = torch.randn(examples, features, generator=generator)
    into = torch.randn(features, hidden_units, generator=generator) * GAIN / features**0.5
    out_of = torch.randn(hidden_units, outputs, generator=generator) / hidden_units**0.5
    answers = (inputs @ into).tanh() @ out_of
    std, mean = torch.std_mean(answers, dim=0, correction=0)
    return Task(
        name="teacher",
        inputs=inputs,
        targets=(answers - mean) / std,
        outputs=outputs,
        loss=squared_error,
        metric=LossExplained(loss=squared_error, loss_chance=1.0),
        metric_name="explained variance",
        chance=0.0,
        ceiling=1.0,
        target=TARGET,
        loss_chance=1.0,
    )
