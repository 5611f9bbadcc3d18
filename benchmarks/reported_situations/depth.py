"""Gradients that shrink or grow on their way through many layers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from reported_situations.parts import ACTIVATIONS, perceptron, stripes
from reported_situations.scales import SGD
from reported_situations.situation import Situation
from study import Task, classification


def deep_sigmoid(hyperparameters: Mapping[str, Any], task: Task) -> nn.Module:
    """Ten hidden layers, as a textbook of 1990 would squash them, or not."""
    return perceptron([task.features, *[48] * 10, task.outputs], hyperparameters["squash"])


def twenty_layers(hyperparameters: Mapping[str, Any], task: Task) -> nn.Module:
    """Twenty ReLU layers with torch's default weights, with or without batch normalization."""
    normalized = hyperparameters["between_layers"] == "batch_norm"
    return perceptron([task.features, *[32] * 20, task.outputs], "relu", normalized=normalized)


class DeepCnn(nn.Module):
    """Convolutions that keep the size, weights of std 0.01 as AlexNet had them."""

    def __init__(self, layers: int, outputs: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(1, 12, 3, stride=2, padding=1)
        self.bend = nn.ReLU()
        hidden: list[nn.Module] = []
        for _ in range(layers):
            hidden += [nn.Conv2d(12, 12, 3, padding=1), nn.ReLU()]
        self.hidden = nn.Sequential(*hidden)
        self.readout = nn.Linear(12 * 36, outputs)
        for each in self.modules():
            if isinstance(each, nn.Conv2d | nn.Linear) and each.bias is not None:
                nn.init.normal_(each.weight, std=0.01)
                nn.init.zeros_(each.bias)

    def forward(self, images: Tensor) -> Tensor:
        return self.readout(self.hidden(self.bend(self.first(images))).flatten(1))


def alexnet_weights(hyperparameters: Mapping[str, Any], task: Task) -> nn.Module:
    return DeepCnn(8, task.outputs)


def normal_weights(hyperparameters: Mapping[str, Any], task: Task) -> nn.Module:
    """torch.randn for every weight: each layer multiplies by the root of its width."""
    network = perceptron([task.features, *[64] * 8, task.outputs], "relu")
    for each in network.modules():
        if isinstance(each, nn.Linear):
            nn.init.normal_(each.weight)
    return network


class Residual(nn.Module):
    """A branch of two layers that is added to its input, by a factor."""

    def __init__(self, width: int, factor: float, activation: str) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(width, width), nn.Linear(width, width)
        self.bend, self.factor = ACTIVATIONS[activation](), factor

    def forward(self, x: Tensor) -> Tensor:
        return x + self.factor * self.second(self.bend(self.first(x)))


def bare_residuals(hyperparameters: Mapping[str, Any], task: Task) -> nn.Module:
    """Forty residual blocks and nothing that normalizes their sum."""
    blocks = (Residual(32, hyperparameters["branch_factor"], "relu") for _ in range(40))
    return nn.Sequential(
        nn.Flatten(), nn.Linear(task.features, 32), *blocks, nn.Linear(32, task.outputs)
    )


def wide_uniform(hyperparameters: Mapping[str, Any], task: Task) -> nn.Module:
    """Weights uniform in [-0.5, 0.5], whatever the width."""
    network = perceptron([task.features, *[96] * 12, task.outputs], "leaky_relu")
    for each in network.modules():
        if isinstance(each, nn.Linear):
            nn.init.uniform_(each.weight, -0.5, 0.5)
    return network


def shapes() -> Task:
    images, labels = stripes(examples=1500, size=12, seed=21)
    return classification("shapes", (images - 0.5) / 0.27, labels, classes=4, target=0.85)


def directions() -> Task:
    """Which of two directions a vector of 20 numbers points in, on a curved boundary."""
    x = torch.randn(2000, 20, generator=torch.Generator().manual_seed(22))
    labels = ((x[:, :4].sum(1) / 2).tanh() + 0.3 * x[:, 4] > 0).long()
    return classification("directions", x, labels, classes=2, target=0.9)


HERE = "reported_situations.depth:"
HE = {"initialization": "he_normal"}

SITUATIONS = (
    Situation(
        name="ten_sigmoids",
        set="choose",
        story="Ten sigmoid layers: the loss is ln 2 for ever, the last bias alone learns.",
        cause="shrinking_through_depth",
        task=f"{HERE}directions",
        network=f"{HERE}deep_sigmoid",
        hyperparameters={**SGD, "learning_rate": 0.1, "squash": ["sigmoid", "relu"], **HE},
        steps=300,
        fix={"squash": "relu"},
    ),
    Situation(
        name="twenty_without_norm",
        set="report",
        story="A plain network of 20 layers does not start; the same with batch norm does.",
        cause="shrinking_through_depth",
        task=f"{HERE}directions",
        network=f"{HERE}twenty_layers",
        hyperparameters={
            **SGD,
            "learning_rate": 0.1,
            "between_layers": ["nothing", "batch_norm"],
        },
        steps=200,
        fix={"between_layers": "batch_norm"},
        other_fixes=(HE, {"initialization": "he_uniform"}),
    ),
    Situation(
        name="alexnet_weights",
        set="choose",
        story="Weights of std 0.01, as in AlexNet, in nine small convolutions: ln 4 for ever.",
        cause="shrinking_through_depth",
        task=f"{HERE}shapes",
        network=f"{HERE}alexnet_weights",
        hyperparameters={**SGD, "learning_rate": 0.01, "momentum": 0.9},
        steps=150,
        fix=HE,
        other_fixes=({"initialization": "he_uniform"}, {"initialization": "orthogonal"}),
    ),
    Situation(
        name="randn_weights",
        set="choose",
        story="torch.randn for all weights: the first loss is a million, then NaN.",
        cause="growing_through_depth",
        task=f"{HERE}directions",
        network=f"{HERE}normal_weights",
        hyperparameters={**SGD, "learning_rate": 0.05},
        steps=200,
        fix=HE,
        other_fixes=({"initialization": "he_uniform"}, {"initialization": "orthogonal"}),
    ),
    Situation(
        name="bare_residuals",
        set="report",
        story="Forty residual blocks without normalization: the loss starts at a million.",
        cause="growing_through_depth",
        task=f"{HERE}directions",
        network=f"{HERE}bare_residuals",
        hyperparameters={**SGD, "learning_rate": 0.03, **HE, "branch_factor": [1.0, 0.1]},
        steps=150,
        fix={"branch_factor": 0.1},
    ),
    Situation(
        name="uniform_weights",
        set="choose",
        story="Weights uniform in [-0.5, 0.5] in twelve layers of 96.",
        cause="growing_through_depth",
        task=f"{HERE}shapes",
        network=f"{HERE}wide_uniform",
        hyperparameters={**SGD, "learning_rate": 0.02},
        steps=200,
        fix=HE,
        other_fixes=({"initialization": "he_uniform"}, {"initialization": "orthogonal"}),
    ),
)
