"""With what a parametrization goes together: only with that for which a paper says a rule."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from study.engine.parametrizations.scales import DEPTH, STANDARD, parametrization_of

ENTRYWISE = ("rmsprop", "adagrad", "adam", "adamw", "lion")
"""Optimizers whose step in each number does not depend on the gradients' scale: Adam's rules
(Yang and Littwin, Tensor Programs IVb, 2023)."""

OPTIMIZERS = ("sgd", *ENTRYWISE)

COUPLED = ("rmsprop", "adagrad", "adam")
"""Those among them that add the decay to a gradient whose scale they then divide out."""

INITIALIZATIONS = ("torch_default", "he_normal", "he_uniform", "lecun_normal", "mean_field")
"""Those whose variance is a constant / fan_in, as the papers' tables have it."""


def check_parametrization(hyperparameters: Mapping[str, Any]) -> None:
    """Refuses a parametrization beside what no paper has a rule for.

    Raises:
        ValueError: One line that names what was given and what there is.
    """
    name = parametrization_of(hyperparameters)
    if name == STANDARD:
        return
    optimizer = str(hyperparameters.get("optimizer", "sgd"))
    if optimizer not in OPTIMIZERS:
        raise ValueError(
            f"{name} has no rule for optimizer {optimizer}; optimizers that it has one for: "
            f"{', '.join(OPTIMIZERS)}"
        )
    if optimizer in COUPLED and float(hyperparameters.get("weight_decay", 0.0)):
        raise ValueError(
            f"{name} has no rule for weight_decay with {optimizer}, which divides the decay by "
            "the gradient's size; use adamw, lion or sgd"
        )
    initialization = str(hyperparameters.get("initialization", INITIALIZATIONS[0]))
    if initialization not in INITIALIZATIONS:
        raise ValueError(
            f"{name} needs initial weights of a variance proportional to 1 / fan_in, but "
            f"initialization is {initialization}; those that are: {', '.join(INITIALIZATIONS)}"
        )
    if hyperparameters.get("connections") == "dense":
        raise ValueError(
            f"{name} has no rule for connections dense, whose layers see inputs and hidden units "
            "at once; use none or residual"
        )
    if name == DEPTH:
        _check_branches(hyperparameters)


def _check_branches(hyperparameters: Mapping[str, Any]) -> None:
    if "residual_scale" not in hyperparameters or hyperparameters.get("connections") == "none":
        raise ValueError(
            f"{DEPTH} scales residual branches, but the network has none; networks that have: "
            "resnet, transformer, mlp with connections residual"
        )
    normalized = hyperparameters.get("normalization", "none") != "none"
    if normalized and hyperparameters.get("norm_position") == "post":
        raise ValueError(
            f"{DEPTH} needs a stream that branches add to, but norm_position post normalizes "
            "every sum; use pre or peri"
        )
