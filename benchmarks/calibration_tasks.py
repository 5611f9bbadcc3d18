"""Tasks and a network of the families whose batches are noisy; see calibration_noise.py."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from study import Task, classification

SEED = 2026
DEGREES = 2.5
"""Of Student's t; its variance is finite, and that of its squares is not."""


def heavy_tails(*, examples: int = 4000, features: int = 8, noise: float = 0.3) -> Task:
    """A smooth function under noise with heavy tails, and squared errors.

    The metric is the share of predictions within 0.75 of their target: about 0.55 for the best
    constant, 0.95 for the function itself.
    """
    generator = torch.Generator().manual_seed(SEED)
    inputs = torch.randn(examples, features, generator=generator)
    weights = torch.randn(features, 1, generator=generator)
    signal = (inputs @ weights / features**0.5).tanh()
    signal = (signal - signal.mean()) / signal.std()
    chi_square = torch.randn(examples, 5, generator=generator).square().sum(1, keepdim=True) / 2
    tails = torch.randn(examples, 1, generator=generator) / (chi_square / DEGREES).sqrt()

    def squared(outputs: Tensor, targets: Tensor) -> Tensor:
        return (outputs - targets).square().flatten(1).sum(dim=1)

    def near(outputs: Tensor, targets: Tensor) -> Tensor:
        return ((outputs - targets).abs().flatten(1) < 0.75).float().mean(dim=1)

    return Task(
        name="heavy tails",
        inputs=inputs,
        targets=signal + noise * tails,
        outputs=1,
        loss=squared,
        metric=near,
        metric_name="share of near predictions",
        ceiling=1.0,
        target=0.75,
    )


def rare_positives(*, examples: int = 5000, share: int = 50, shift: float = 1.5) -> Task:
    """One positive in fifty: a batch with more of them has a higher loss."""
    generator = torch.Generator().manual_seed(SEED)
    inputs = torch.randn(examples, 20, generator=generator)
    labels = torch.zeros(examples, dtype=torch.long)
    labels[::share] = 1
    inputs[labels == 1, :4] += shift
    return classification("rare positives", inputs, labels, classes=2, target=0.99)


def squares() -> Task:
    """Digits as regression: the first losses lie far above that of the best constant."""
    from sklearn.datasets import load_digits

    pixels, labels = load_digits(return_X_y=True)
    inputs = torch.tensor(pixels, dtype=torch.float32)
    targets = nn.functional.one_hot(torch.tensor(labels), 10).float()

    def halved(outputs: Tensor, targets: Tensor) -> Tensor:
        return 0.5 * (outputs - targets).square().sum(dim=1)

    def correct(outputs: Tensor, targets: Tensor) -> Tensor:
        return (outputs.argmax(dim=1) == targets.argmax(dim=1)).float()

    return Task(
        name="squares",
        inputs=(inputs - inputs.mean()) / inputs.std(),
        targets=targets,
        outputs=10,
        loss=halved,
        metric=correct,
        metric_name="accuracy",
        chance=0.1,
        ceiling=1.0,
        target=0.8,
        loss_chance=0.45,
    )


def zero_readout(hyperparameters: Mapping[str, object], task: Task) -> nn.Module:
    """Two hidden layers under a last one of zeros: no gradient passes it at step 0."""
    width = int(str(hyperparameters.get("width", 32)))
    readout = nn.Linear(width, task.outputs)
    nn.init.zeros_(readout.weight)
    nn.init.zeros_(readout.bias)
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(task.features, width),
        nn.Tanh(),
        nn.Linear(width, width),
        nn.Tanh(),
        readout,
    )
