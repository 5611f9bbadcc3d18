"""Loops of other people, in small: each trains a network for some steps, watched or not."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

import study
from study.watching import Watch


def data(examples: int = 512, features: int = 12, classes: int = 4) -> tuple[Tensor, Tensor]:
    """Inputs, and labels that a linear map of them gives, with some noise."""
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn(examples, features, generator=generator)
    scores = inputs @ torch.randn(features, classes, generator=generator)
    noise = torch.randn(examples, classes, generator=generator)
    return inputs, (scores + 0.3 * noise).argmax(dim=1)


def mlp(
    *, depth: int = 3, activation: type[nn.Module] = nn.ReLU, width: int = 32
) -> nn.Sequential:
    """Linear layers 0, 2, 4 ... with activations between them; the same for everybody."""
    torch.manual_seed(0)
    sizes = [12, *[width] * depth]
    hidden = [
        module
        for given, wanted in zip(sizes, sizes[1:], strict=False)
        for module in (nn.Linear(given, wanted), activation())
    ]
    return nn.Sequential(*hidden, nn.Linear(width, 4))


def sgd(network: nn.Module, rate: float = 0.1, momentum: float = 0.0) -> torch.optim.Optimizer:
    return torch.optim.SGD(network.parameters(), rate, momentum)


def train(
    network: nn.Module,
    optimizer: torch.optim.Optimizer,
    *,
    steps: int = 120,
    watched: bool = True,
    batch: int = 64,
    change: Callable[[int, Tensor], Tensor] = lambda step, loss: loss,
    **options: object,
) -> tuple[list[float], Watch | None]:
    """Trains on `data`; returns the losses, and the watch if there is one.

    Args:
        change: From a step and its loss to the loss that is trained on.
        options: Of `study.watch`.
    """
    inputs, labels = data()
    watch = study.watch(network, optimizer, **options) if watched else None  # type: ignore[arg-type]
    losses = []
    generator = torch.Generator().manual_seed(1)
    for step in range(steps):
        rows = torch.randint(len(inputs), (batch,), generator=generator)
        loss = change(step, nn.functional.cross_entropy(network(inputs[rows]), labels[rows]))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
        if watch is not None:
            watch.step(loss)
    return losses, watch
