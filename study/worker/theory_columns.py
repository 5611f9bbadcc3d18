"""What theory says of the trials of a cohort, as columns of the trials table.

`predicted_ratio` and `predicted_saturated_fraction` follow from the hyperparameters before any
training; `predicted_max_learning_rate` and `edge_ratio` need a measured sharpness.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from search_spaces.catalogue import Value, network_of
from search_spaces.theory import (
    Inputs,
    gradient_descent_limit,
    heavy_ball_limit,
    nesterov_limit,
    predict,
)
from study.engine import CohortRecord, Task

_EXAMPLES = 2048
"""Of which the inputs' mean square is taken, at most."""


def predictions(record: CohortRecord, *, task: Task, network: str) -> list[dict[str, object]]:
    """The predicted columns of each trial and its `edge_ratio`, in the order of the trials.

    Args:
        record: What training left behind.
        task: Whose inputs the networks were shown.
        network: Name of the study's network.
    """
    inputs = inputs_of(task)
    rows: list[dict[str, object]] = []
    for k, trial in enumerate(record.trials):
        trained = network_of(network, trial.hyperparameters)
        expected = predict(trained, trial.hyperparameters, inputs)
        limit = largest_learning_rate(trial.hyperparameters, float(record.sharpness[k, 0]))
        rows.append(
            {
                "edge_ratio": _edge_ratio(record, k),
                "predicted_ratio": None if expected is None else expected.ratio,
                "predicted_saturated_fraction": (
                    None if expected is None else expected.saturated_share
                ),
                "predicted_max_learning_rate": limit,
            }
        )
    return rows


def inputs_of(task: Task) -> Inputs:
    """A task's inputs as theory knows them, from some of its examples."""
    shape = tuple(task.inputs.shape[1:])
    at_end = task.output_at == "example"
    if task.vocabulary is not None or task.feed is not None:
        return Inputs(shape=shape, tokens=True, answer_at_end=at_end)
    some = task.inputs[:: max(1, task.examples // _EXAMPLES)].double()
    return Inputs(
        shape=shape,
        mean_square=float(some.square().mean()),
        variance=float(some.var(dim=0, correction=0).mean()),
        answer_at_end=at_end,
    )


def largest_learning_rate(hyperparameters: Mapping[str, Value], sharpness: float) -> float | None:
    """The learning rate up to which a trial's update rule is stable at this sharpness.

    Weight decay is part of the curvature: with sgd it is added to the gradient.

    Args:
        hyperparameters: `optimizer`, `momentum`, `momentum_kind`, `weight_decay`; absent ones
            have the catalogue's defaults.
        sharpness: Largest eigenvalue of the Hessian of the loss; NaN where unmeasured.

    Returns:
        None where it is not positive or unmeasured; and for adaptive optimizers, whose limit is
        one on the preconditioned sharpness, which is not measured, and which at step 0, before
        the preconditioner has settled, says nothing (Cohen et al. 2022, arXiv:2207.14484); and
        for parametrizations whose layers have learning rates of their own.
    """
    if hyperparameters.get("optimizer", "sgd") != "sgd":
        return None
    if hyperparameters.get("parametrization", "standard") != "standard":
        return None
    if not (math.isfinite(sharpness) and sharpness > 0):
        return None
    decay = float(hyperparameters.get("weight_decay", 0.0))
    momentum = float(hyperparameters.get("momentum", 0.0))
    if momentum == 0:
        return gradient_descent_limit(sharpness, weight_decay=decay)
    if hyperparameters.get("momentum_kind", "heavy_ball") == "nesterov":
        return nesterov_limit(sharpness, momentum, weight_decay=decay)
    return heavy_ball_limit(sharpness, momentum, weight_decay=decay)


def _edge_ratio(record: CohortRecord, k: int) -> float | None:
    """Learning rate over its limit at the last recorded step whose sharpness was measured."""
    sharpness_R = record.sharpness[k]
    ran = record.recorded < record.steps_run[k]
    measured = np.flatnonzero(ran & np.isfinite(sharpness_R))
    if len(measured) == 0:
        return None
    last = measured[-1]
    hyperparameters = record.trials[k].hyperparameters
    limit = largest_learning_rate(hyperparameters, float(sharpness_R[last]))
    if limit is None:
        return None
    return float(record.learning_rate[k, record.recorded[last]]) / limit
