"""Losses that do not change with the outputs where these are at first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from reported_situations.parts import clusters, perceptron, regression, seeded, yes_or_no
from reported_situations.situation import Situation
from study import Task

HERE = "reported_situations.flat:"
ADAM = {"optimizer": "adam", "learning_rate": 0.01}


def boxes(overlap: Literal["plain", "generalized"]) -> Task:
    """Two corners of a box, from eight numbers; boxes lie some way off the origin."""
    x = torch.randn(1200, 8, generator=seeded(120))
    centre, half = 6 + 2 * torch.tanh(x[:, :2]), 2 + 0.7 * torch.tanh(x[:, 2:4])

    def shares(outputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """Overlap over union, and what of the box around both is neither."""
        size = functional.softplus(outputs[:, 2:])
        low, high = outputs[:, :2] - size, outputs[:, :2] + size
        inner = torch.minimum(high, targets[:, 2:]) - torch.maximum(low, targets[:, :2])
        outer = torch.maximum(high, targets[:, 2:]) - torch.minimum(low, targets[:, :2])
        both, around = inner.clamp(min=0).prod(1), outer.prod(1)
        union = (high - low).prod(1) + (targets[:, 2:] - targets[:, :2]).prod(1) - both
        return both / union, (around - union) / around

    def loss(outputs: Tensor, targets: Tensor) -> Tensor:
        share, apart = shares(outputs, targets)
        return 1 - share + (apart if overlap == "generalized" else 0)

    return Task(
        name="boxes",
        inputs=x,
        targets=torch.cat([centre - half, centre + half], 1),
        outputs=4,
        loss=loss,
        metric=lambda outputs, targets: shares(outputs, targets)[0],
        metric_name="overlap",
        chance=0.4,
        ceiling=1.0,
        target=0.6,
        loss_chance=0.6,
    )


def clicked() -> Task:
    """Yes or no, as a probability."""
    data = clusters(examples=1500, features=10, classes=2, distance=1.0, seed=121)
    return yes_or_no("clicked", data, target=0.8, least=1e-7)


class Shifted(nn.Module):
    """A sigmoid of what it is given and a number."""

    def __init__(self, added: float) -> None:
        super().__init__()
        self.added = added

    def forward(self, scores: Tensor) -> Tensor:
        return torch.sigmoid(scores + self.added)


def shifted(hyperparameters: Mapping[str, Any], task: Task) -> nn.Module:
    last = Shifted(float(hyperparameters["added"]))
    return nn.Sequential(perceptron([task.features, 32, task.outputs]), last)


def shares_of_light() -> Task:
    """A number from 0 to 1."""
    x = torch.randn(1500, 6, generator=seeded(122))
    return regression("light", x, torch.sigmoid(2 * x[:, :1] - x[:, 1:2]), target=0.6)


class Clamped(nn.Module):
    def forward(self, values: Tensor) -> Tensor:
        return values.clamp(0, 1)


def clamped(hyperparameters: Mapping[str, Any], task: Task) -> nn.Module:
    """The bias of the last layer begins where the person says."""
    body = perceptron([task.features, 48, task.outputs])
    readout = [part for part in body.modules() if isinstance(part, nn.Linear)][-1]
    nn.init.constant_(readout.bias, float(hyperparameters["starts_at"]))
    return nn.Sequential(body, Clamped())


SITUATIONS = (
    Situation(
        name="boxes_apart",
        set="choose",
        story="A loss of 1 - overlap / union: no predicted box meets its own, and none moves.",
        cause="flat_loss",
        task=f"{HERE}boxes",
        network="reported_situations.parts:two_layers",
        hyperparameters={**ADAM, "overlap": ["plain", "generalized"]},
        steps=300,
        fix={"overlap": "generalized"},
    ),
    Situation(
        name="sixty_before_the_sigmoid",
        set="report",
        story="A large number is added to the scores in front of the sigmoid.",
        cause="flat_loss",
        also=("saturated_from_start",),
        task=f"{HERE}clicked",
        network=f"{HERE}shifted",
        hyperparameters={**ADAM, "added": [60.0, 0.0]},
        steps=300,
        fix={"added": 0.0},
    ),
    Situation(
        name="clamped_from_below",
        set="report",
        story="Outputs are clamped to 0 and 1, and all of them begin below 0.",
        cause="flat_loss",
        also=("bounded_outputs",),
        task=f"{HERE}shares_of_light",
        network=f"{HERE}clamped",
        hyperparameters={**ADAM, "starts_at": [-4.0, 0.5]},
        steps=300,
        fix={"starts_at": 0.5},
    ),
)
