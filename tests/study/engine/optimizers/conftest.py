"""Cohorts of parameters and random gradients, and torch.optim for each of their trials."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from study.engine.optimizers import Optimizer, make_optimizer
from tests.study.engine.optimizers.published import Lion, Muon, ScheduleFreeAdamW, ScheduleFreeSgd

SHAPES = ((3, 5, 4), (1, 7), (2, 3, 2, 3, 3), (1,))
"""Blocks of P parameters of one shape: weights, a bias, kernels, a scalar."""

HIDDEN = tuple(len(shape) > 2 for shape in SHAPES)
"""Weights and kernels are hidden matrices, biases and scalars are not."""

K = 4

HYPERPARAMETERS: dict[str, list[dict[str, Any]]] = {
    "sgd": [
        {"momentum": 0.0, "weight_decay": 0.1},
        {"momentum": 0.9},
        {"momentum": 0.5, "weight_decay": 0.01},
        {},
    ],
    "nesterov": [
        {"momentum": 0.3, "weight_decay": 0.1},
        {"momentum": 0.9},
        {"momentum": 0.99, "weight_decay": 0.01},
        {"momentum": 1e-3},
    ],
    "rmsprop": [
        {"alpha": 0.5, "weight_decay": 0.1},
        {"momentum": 0.9},
        {"alpha": 0.9, "momentum": 0.4, "epsilon": 1e-3},
        {"weight_decay": 0.01},
    ],
    "adagrad": [{"weight_decay": 0.1}, {}, {"epsilon": 1e-2}, {"weight_decay": 0.01}],
    "adam": [
        {"beta1": 0.5, "beta2": 0.9, "weight_decay": 0.1},
        {},
        {"beta1": 0.0, "epsilon": 1e-2},
        {"beta2": 0.3, "weight_decay": 0.01},
    ],
    "adamw": [
        {"beta1": 0.5, "beta2": 0.9, "weight_decay": 0.1},
        {},
        {"beta1": 0.0, "epsilon": 1e-2, "weight_decay": 0.0},
        {"beta2": 0.3, "weight_decay": 0.5},
    ],
    "adafactor": [{"weight_decay": 0.1}, {}, {"weight_decay": 0.5}, {"weight_decay": 0.0}],
    "lion": [
        {"beta1": 0.5, "beta2": 0.9, "weight_decay": 0.1},
        {},
        {"beta1": 0.0, "weight_decay": 0.0},
        {"beta2": 0.3, "weight_decay": 0.5},
    ],
    "muon": [
        {"beta1": 0.5, "beta2": 0.9, "weight_decay": 0.0},
        {},
        {"momentum": 0.5, "epsilon": 1e-2},
        {"momentum": 0.0, "beta2": 0.3, "weight_decay": 0.5},
    ],
    "schedule_free_sgd": [
        {"momentum": 0.0, "weight_decay": 0.1},
        {},
        {"momentum": 0.5, "weight_decay": 0.01},
        {"momentum": 0.98},
    ],
    "schedule_free_adamw": [
        {"beta1": 0.5, "beta2": 0.9, "weight_decay": 0.1},
        {},
        {"beta1": 0.0, "epsilon": 1e-2},
        {"beta2": 0.3, "weight_decay": 0.5},
    ],
}
"""By optimizer, one mapping a trial; all differ, and what is left out is torch's default."""

NONE_USED: dict[str, list[dict[str, Any]]] = {
    "sgd": [{}] * K,
    "rmsprop": [{"alpha": 0.9}] * K,
    "adamw": [{"weight_decay": 0.0}] * K,
}
"""No trial has momentum or weight decay."""

TORCH: dict[str, Callable[..., torch.optim.Optimizer]] = {
    "sgd": torch.optim.SGD,
    "nesterov": torch.optim.SGD,
    "rmsprop": torch.optim.RMSprop,
    "adagrad": torch.optim.Adagrad,
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
    "adafactor": torch.optim.Adafactor,
    "lion": Lion,
    "muon": Muon,
    "schedule_free_sgd": ScheduleFreeSgd,
    "schedule_free_adamw": ScheduleFreeAdamW,
}
"""torch's own, or the published implementation written a second time."""


def cohort(
    name: str, trials: Sequence[dict[str, Any]], dtype: torch.dtype, device: str = "cpu"
) -> Optimizer:
    own = {"optimizer": name}
    if name == "nesterov":
        own = {"optimizer": "sgd", "momentum_kind": "nesterov"}
    hyperparameters = [own | trial for trial in trials]
    return make_optimizer(hyperparameters, HIDDEN, device=torch.device(device), dtype=dtype)


def alone(name: str, trial: dict[str, Any], parameters: list[Tensor]) -> torch.optim.Optimizer:
    """torch.optim for one trial, with the settings that the trial names and no others."""
    settings = {
        ours: trial[ours] for ours in ("momentum", "weight_decay", "alpha") if ours in trial
    }
    if "epsilon" in trial:
        settings["eps"] = trial["epsilon"]
    if name in ("adam", "adamw", "muon", "schedule_free_adamw"):
        settings["betas"] = (trial.get("beta1", 0.9), trial.get("beta2", 0.999))
    if name == "lion":
        settings["betas"] = (trial.get("beta1", 0.9), trial.get("beta2", 0.99))
    if name == "nesterov":
        settings["nesterov"] = True
    return TORCH[name](parameters, lr=1.0, **settings)


@dataclass(frozen=True, kw_only=True)
class Step:
    """Gradients (P, K, ...) by block, and learning rate and gradient scale by trial."""

    gradients: list[Tensor]
    rate_K: Tensor
    scale_K: Tensor | None


def blocks(dtype: torch.dtype, seed: int = 0) -> list[Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(p, K, *shape, generator=generator, dtype=dtype) for p, *shape in SHAPES]


def steps(count: int, dtype: torch.dtype, *, scaled: bool = True, seed: int = 1) -> Iterator[Step]:
    """Random gradients of very different sizes, from step to step and by trial."""
    generator = torch.Generator().manual_seed(seed)
    for number in range(count):
        size_K = 10.0 ** torch.empty(K, dtype=dtype).uniform_(-3, 1, generator=generator)
        gradients = [
            torch.randn(p, K, *shape, generator=generator, dtype=dtype)
            * size_K.view(1, K, *(1,) * len(shape))
            for p, *shape in SHAPES
        ]
        yield Step(
            gradients=gradients,
            rate_K=10.0 ** torch.empty(K, dtype=dtype).uniform_(-3, -1, generator=generator),
            scale_K=torch.rand(K, generator=generator, dtype=dtype)
            if scaled and number % 3
            else None,
        )


def take(optimizer: Optimizer, parameters: list[Tensor], step: Step) -> None:
    optimizer.step(
        parameters,
        [gradient.clone() for gradient in step.gradients],
        learning_rate_K=step.rate_K,
        gradient_scale_K=step.scale_K,
    )
