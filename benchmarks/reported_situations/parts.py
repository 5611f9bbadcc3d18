"""What several situations are built from: data with a seed of its own, and plain networks."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from study import Task

ACTIVATIONS: dict[str, type[nn.Module]] = {
    "elu": nn.ELU,
    "gelu": nn.GELU,
    "leaky_relu": nn.LeakyReLU,
    "relu": nn.ReLU,
    "sigmoid": nn.Sigmoid,
    "tanh": nn.Tanh,
}


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def clusters(
    *, examples: int, features: int, classes: int, distance: float, seed: int
) -> tuple[Tensor, Tensor]:
    """Gaussian clusters around random centres, (N, features) of about unit scale, and labels."""
    generator = seeded(seed)
    centres = distance * torch.randn(classes, features, generator=generator)
    labels = torch.randint(0, classes, (examples,), generator=generator)
    points = centres[labels] + torch.randn(examples, features, generator=generator)
    return points / (1 + distance**2) ** 0.5, labels


def stripes(*, examples: int, size: int = 12, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Noisy gratings of four directions, (N, 1, size, size) in [0, 1], and their directions."""
    generator = seeded(seed)
    labels = torch.randint(0, 4, (examples,), generator=generator)
    angles = labels * torch.pi / 4
    phases = 2 * torch.pi * torch.rand(examples, generator=generator)
    row, column = torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij")
    waves = torch.sin(
        1.6 * (angles.cos()[:, None, None] * row + angles.sin()[:, None, None] * column)
        + phases[:, None, None]
    )
    noise = torch.randn(waves.shape, generator=generator)
    images = (0.5 + 0.25 * waves + 0.1 * noise).clamp(0, 1)
    return images.unsqueeze(1), labels


def squared_error(outputs: Tensor, targets: Tensor) -> Tensor:
    return (outputs - targets).square().sum(dim=1)


def regression(
    name: str,
    inputs: Tensor,
    targets: Tensor,
    *,
    target: float,
    loss: Callable[[Tensor, Tensor], Tensor] = squared_error,
) -> Task:
    """A task of numbers: squared error by default, and the share of variance explained."""
    mean = targets.mean(0)
    variance = float((targets - mean).square().sum(1).mean())

    def explained(outputs: Tensor, targets: Tensor) -> Tensor:
        return 1 - squared_error(outputs, targets) / variance

    return Task(
        name=name,
        inputs=inputs,
        targets=targets,
        outputs=targets.shape[1],
        loss=loss,
        metric=explained,
        metric_name="explained variance",
        chance=0.0,
        ceiling=1.0,
        target=target,
        loss_chance=float(loss(mean.expand_as(targets), targets).mean()),
    )


def perceptron(
    sizes: list[int], activation: str = "relu", *, normalized: bool = False
) -> nn.Sequential:
    """Linear layers with an activation between them; the last one is linear."""
    modules: list[nn.Module] = [nn.Flatten()]
    for fan_in, fan_out in zip(sizes[:-2], sizes[1:-1], strict=True):
        modules.append(nn.Linear(fan_in, fan_out))
        if normalized:
            modules.append(nn.BatchNorm1d(fan_out))
        modules.append(ACTIVATIONS[activation]())
    return nn.Sequential(*modules, nn.Linear(sizes[-2], sizes[-1]))


def convolutional(
    outputs: int, *, channels: int = 8, activation: str = "relu", side: int = 3
) -> nn.Sequential:
    """Two convolutions of stride 2 and a readout, for images (N, 1, 12, 12)."""
    squash = ACTIVATIONS[activation]
    return nn.Sequential(
        nn.Conv2d(1, channels, 3, stride=2, padding=1),
        squash(),
        nn.Conv2d(channels, 2 * channels, 3, stride=2, padding=1),
        squash(),
        nn.Flatten(),
        nn.Linear(2 * channels * side * side, outputs),
    )


def two_layers(hyperparameters: Mapping[str, Any], task: Task) -> nn.Module:
    return perceptron([task.features, 64, 64, task.outputs])


def yes_or_no(name: str, data: tuple[Tensor, Tensor], *, target: float, least: float) -> Task:
    """Labels of 0 and 1 as one probability, as binary cross-entropy takes it.

    Args:
        name: Of the task.
        data: Inputs and labels.
        target: Accuracy that counts as trained.
        least: What the loss takes a probability of 0 for.
    """
    inputs, labels = data

    def loss(outputs: Tensor, targets: Tensor) -> Tensor:
        sure = outputs.clamp(least, 1 - least)
        return functional.binary_cross_entropy(sure, targets, reduction="none").mean(1)

    return Task(
        name=name,
        inputs=inputs,
        targets=labels.float()[:, None],
        outputs=1,
        loss=loss,
        metric=lambda outputs, targets: ((outputs > 0.5) == (targets > 0.5)).double().mean(1),
        metric_name="accuracy",
        chance=0.5,
        ceiling=1.0,
        target=target,
        loss_chance=math.log(2),
    )
