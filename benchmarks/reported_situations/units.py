"""Units that are dead or saturated, from the start or by an update."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from reported_situations.parts import convolutional, perceptron
from reported_situations.scales import ADAM, SGD
from reported_situations.situation import Situation
from reported_situations.step_sizes import groups, patterns
from study import Task

__all__ = ["SITUATIONS", "groups", "patterns"]


def linear_layers(network: nn.Module) -> list[nn.Linear]:
    return [each for each in network.modules() if isinstance(each, nn.Linear)]


def shifted(hyperparameters: Mapping[str, Any], task: Task) -> nn.Module:
    """ReLU layers whose biases start where the person put them."""
    network = perceptron([task.features, 48, 48, task.outputs], "relu")
    for each in linear_layers(network)[:-1]:
        nn.init.constant_(each.bias, float(hyperparameters["first_bias"]))
    return network


def negative_cnn(hyperparameters: Mapping[str, Any], task: Task) -> nn.Module:
    """A CNN for brightnesses above zero whose weights were drawn from [-0.2, 0]."""
    network = convolutional(task.outputs)
    for each in network.modules():
        if isinstance(each, nn.Conv2d):
            nn.init.uniform_(each.weight, -0.2, 0.0)
            assert each.bias is not None
            nn.init.zeros_(each.bias)
    return network


def zeros(hyperparameters: Mapping[str, Any], task: Task) -> nn.Module:
    """Every weight and bias starts at zero, so every ReLU is at zero, and its gradient too."""
    network = perceptron([task.features, 48, 48, task.outputs], "relu")
    for each in network.parameters():
        nn.init.zeros_(each)
    return network


def large_sigmoids(hyperparameters: Mapping[str, Any], task: Task) -> nn.Module:
    """Sigmoid layers whose weights have a standard deviation of 20."""
    network = perceptron([task.features, 48, 48, task.outputs], "sigmoid")
    for each in linear_layers(network)[:-1]:
        nn.init.normal_(each.weight, std=20.0)
    return network


def shifted_tanh(hyperparameters: Mapping[str, Any], task: Task) -> nn.Module:
    """Tanh layers whose biases start far from zero."""
    network = perceptron([task.features, 48, 48, task.outputs], "tanh")
    for each in linear_layers(network)[:-1]:
        nn.init.constant_(each.bias, float(hyperparameters["first_bias"]))
    return network


def tanh_cnn(hyperparameters: Mapping[str, Any], task: Task) -> nn.Module:
    """A CNN with tanh; the person's `randn` weights of its second layer are not scaled."""
    network = convolutional(task.outputs, activation="tanh")
    if hyperparameters.get("kernel_start") == "randn":
        for each in network.modules():
            if isinstance(each, nn.Conv2d):
                nn.init.normal_(each.weight, std=10.0)
    return network


def relu_deep(hyperparameters: Mapping[str, Any], task: Task) -> nn.Module:
    return perceptron([task.features, 48, 48, 48, task.outputs], "relu")


def relu_cnn(hyperparameters: Mapping[str, Any], task: Task) -> nn.Module:
    return convolutional(task.outputs)


def sigmoid_layers(hyperparameters: Mapping[str, Any], task: Task) -> nn.Module:
    return perceptron([task.features, 48, 48, task.outputs], "sigmoid")


def tanh_deep(hyperparameters: Mapping[str, Any], task: Task) -> nn.Module:
    return perceptron([task.features, 48, 48, 48, task.outputs], "tanh")


class Brightness(nn.Module):
    """Adds a constant, so that no input is negative."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return images + 2.0


def bright_negative_cnn(hyperparameters: Mapping[str, Any], task: Task) -> nn.Module:
    return nn.Sequential(Brightness(), *negative_cnn(hyperparameters, task))


HERE = "reported_situations.units:"
HE = {"initialization": "he_normal"}
XAVIER = {"initialization": "xavier_normal"}
OTHER_WEIGHTS = tuple(
    {"initialization": name}
    for name in ("he_normal", "he_uniform", "lecun_normal", "orthogonal", "xavier_uniform")
)

FROM_THE_START = (
    Situation(
        name="bias_of_minus_ten",
        set="choose",
        story="Biases of -10 were to make the network sparse: every ReLU is at zero.",
        cause="dead_from_start",
        task=f"{HERE}groups",
        network=f"{HERE}shifted",
        hyperparameters={**SGD, "learning_rate": 0.1, "first_bias": [-10.0, 0.0]},
        steps=250,
        fix={"first_bias": 0.0},
        other_fixes=OTHER_WEIGHTS,
    ),
    Situation(
        name="negative_weights",
        set="report",
        story="Kernels drawn from [-0.2, 0] on bright images: the first layer answers zero.",
        cause="dead_from_start",
        task=f"{HERE}patterns",
        network=f"{HERE}bright_negative_cnn",
        hyperparameters={**SGD, "learning_rate": 0.05, "momentum": 0.9},
        steps=250,
        fix=HE,
        other_fixes=OTHER_WEIGHTS,
    ),
    Situation(
        name="all_zeros",
        set="choose",
        story="All weights start at zero: no unit of the hidden layers ever wakes.",
        cause="dead_from_start",
        also=("alike_units",),
        task=f"{HERE}groups",
        network=f"{HERE}zeros",
        hyperparameters={**ADAM, "learning_rate": 0.005},
        steps=250,
        fix=HE,
        other_fixes=(XAVIER, *OTHER_WEIGHTS),
    ),
    Situation(
        name="sigmoids_of_twenty",
        set="choose",
        story="Weights of std 20 under sigmoids: every unit is at 0 or 1.",
        cause="saturated_from_start",
        task="reported_situations.scales:clicks",
        network=f"{HERE}large_sigmoids",
        hyperparameters={**SGD, "learning_rate": 0.02},
        steps=250,
        fix={**XAVIER, "learning_rate": 1.0},
        other_fixes=(XAVIER, *OTHER_WEIGHTS),
    ),
    Situation(
        name="tanh_bias",
        set="report",
        story="Biases of 8 under tanh, from a wrong argument: all units answer 1.",
        cause="saturated_from_start",
        task=f"{HERE}groups",
        network=f"{HERE}shifted_tanh",
        hyperparameters={**SGD, "learning_rate": 0.1, "first_bias": [8.0, 0.0]},
        steps=250,
        fix={"first_bias": 0.0},
        other_fixes=(XAVIER, *OTHER_WEIGHTS),
    ),
    Situation(
        name="randn_kernels",
        set="choose",
        story="A tanh CNN whose kernels were drawn with std 10.",
        cause="saturated_from_start",
        task=f"{HERE}patterns",
        network=f"{HERE}tanh_cnn",
        hyperparameters={**SGD, "learning_rate": 0.01, "kernel_start": ["randn", "default"]},
        steps=250,
        fix={"kernel_start": "default", "learning_rate": 0.1},
        other_fixes=({"kernel_start": "default"}, XAVIER, *OTHER_WEIGHTS),
    ),
)

BY_AN_UPDATE = (
    Situation(
        name="relu_killed",
        set="choose",
        story="Momentum 0.9 at a rate of 1: soon the loss is ln 5, flat, without a gradient.",
        cause="killed_by_update",
        also=("large_steps",),
        task=f"{HERE}groups",
        network="reported_situations.scales:relu_layers",
        hyperparameters={**SGD, "learning_rate": 1.0, "momentum": 0.9},
        steps=200,
        fix={"learning_rate": 0.03},
    ),
    Situation(
        name="cnn_killed",
        set="report",
        story="A CNN with momentum 0.9 at 0.5 freezes at chance within ten steps.",
        cause="killed_by_update",
        also=("large_steps",),
        task=f"{HERE}patterns",
        network=f"{HERE}relu_cnn",
        hyperparameters={**SGD, "learning_rate": 1.0, "momentum": 0.9},
        steps=200,
        fix={"learning_rate": 0.02},
    ),
    Situation(
        name="adam_killed",
        set="choose",
        story="Adam at 3 on ReLU layers: all of them die in the first steps.",
        cause="killed_by_update",
        also=("large_steps",),
        task=f"{HERE}groups",
        network=f"{HERE}relu_deep",
        hyperparameters={**ADAM, "learning_rate": 3.0},
        steps=200,
        fix={"learning_rate": 0.005},
    ),
    Situation(
        name="sigmoids_pushed",
        set="choose",
        story="SGD at 300 on sigmoids: all units end at 0 or 1 and stay there.",
        cause="saturated_by_update",
        also=("large_steps",),
        task=f"{HERE}groups",
        network=f"{HERE}sigmoid_layers",
        hyperparameters={**SGD, "learning_rate": 300.0, **XAVIER},
        steps=200,
        fix={"learning_rate": 1.0},
    ),
    Situation(
        name="tanh_pushed",
        set="report",
        story="Adam at 3 on tanh layers: accuracy jumps about at chance.",
        cause="saturated_by_update",
        also=("large_steps",),
        task="reported_situations.scales:clicks",
        network=f"{HERE}tanh_deep",
        hyperparameters={**ADAM, "learning_rate": 3.0},
        steps=200,
        fix={"learning_rate": 0.01},
    ),
    Situation(
        name="tanh_cnn_pushed",
        set="choose",
        story="A tanh CNN with momentum at 3: its maps are all at 1 or -1.",
        cause="saturated_by_update",
        also=("large_steps",),
        task=f"{HERE}patterns",
        network=f"{HERE}tanh_cnn",
        hyperparameters={**SGD, "learning_rate": 5.0, "momentum": 0.9},
        steps=200,
        fix={"learning_rate": 0.03},
    ),
)

SITUATIONS = (*FROM_THE_START, *BY_AN_UPDATE)
