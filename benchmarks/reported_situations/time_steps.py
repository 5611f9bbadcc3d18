"""Recurrent networks: gradients and states over many time steps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from reported_situations.parts import ACTIVATIONS, seeded
from reported_situations.scales import ADAM, SGD
from reported_situations.situation import Situation
from study import Task, classification


class Plain(nn.Module):
    """h <- squash(W x + U h), the last state is returned."""

    def __init__(self, features: int, width: int, squash: str, recurrent: str) -> None:
        super().__init__()
        self.input, self.state = nn.Linear(features, width), nn.Linear(width, width, bias=False)
        self.squash, self.width = ACTIVATIONS[squash](), width
        starts = {
            "default": lambda weight: weight,
            "orthogonal": nn.init.orthogonal_,
            "large": lambda weight: nn.init.normal_(weight, std=3.0 / width**0.5),
            "identity": nn.init.eye_,
            "over_identity": lambda weight: weight.copy_(1.2 * torch.eye(width)),
        }
        with torch.no_grad():
            starts[recurrent](self.state.weight)

    def forward(self, x: Tensor) -> Tensor:
        state = x.new_zeros(x.shape[0], self.width)
        for now in self.input(x).unbind(1):
            state = self.squash(now + self.state(state))
        return state


class Lstm(nn.Module):
    """An LSTM with a squash of choice and a bias of choice in its forget gate."""

    def __init__(self, features: int, width: int, squash: str, remember: float) -> None:
        super().__init__()
        self.input, self.state = nn.Linear(features, 4 * width), nn.Linear(width, 4 * width)
        self.squash, self.width = ACTIVATIONS[squash](), width
        with torch.no_grad():
            self.input.bias[width : 2 * width] = remember

    def forward(self, x: Tensor) -> Tensor:
        state = cell = x.new_zeros(x.shape[0], self.width)
        for now in self.input(x).unbind(1):
            i, f, g, o = (now + self.state(state)).chunk(4, dim=1)
            cell = torch.sigmoid(f) * cell + torch.sigmoid(i) * self.squash(g)
            state = torch.sigmoid(o) * self.squash(cell)
        return state


class Adder(nn.Module):
    """h <- h + squash(W x + U h): a residual over time, which nothing forgets."""

    def __init__(self, features: int, width: int, squash: str) -> None:
        super().__init__()
        self.input, self.state = nn.Linear(features, width), nn.Linear(width, width, bias=False)
        self.squash, self.width = ACTIVATIONS[squash](), width

    def forward(self, x: Tensor) -> Tensor:
        state = x.new_zeros(x.shape[0], self.width)
        for now in self.input(x).unbind(1):
            state = state + self.squash(now + self.state(state))
        return state


def plain_rnn(hyperparameters: Mapping[str, Any], task: Task) -> nn.Module:
    squash = hyperparameters.get("squash", "tanh")
    cell = Plain(task.inputs.shape[2], 32, squash, hyperparameters["recurrent_start"])
    return nn.Sequential(cell, nn.Linear(32, task.outputs))


def lstm(hyperparameters: Mapping[str, Any], task: Task) -> nn.Module:
    squash, remember = hyperparameters.get("squash", "tanh"), hyperparameters.get("remember", 1.0)
    cell = Lstm(task.inputs.shape[2], 24, squash, float(remember))
    return nn.Sequential(cell, nn.Linear(24, task.outputs))


def adder(hyperparameters: Mapping[str, Any], task: Task) -> nn.Module:
    cell = Adder(task.inputs.shape[2], 24, hyperparameters["squash"])
    return nn.Sequential(cell, nn.Linear(24, task.outputs))


def early_word(*, length: int = 50, early: int = 8, noise: float = 0.3) -> Task:
    """Four classes that the first few time steps tell; noise after that."""
    generator = seeded(31)
    labels = torch.randint(0, 4, (1500,), generator=generator)
    x = noise * torch.randn(1500, length, 4, generator=generator)
    x[:, :early] += nn.functional.one_hot(labels, 4)[:, None]
    return classification("early word", x, labels, classes=4, target=0.8)


def mean_sign(*, length: int = 100, scale: float = 3.0) -> Task:
    """Four classes: the signs of two early averages, in strokes of a pen."""
    generator = seeded(32)
    labels = torch.randint(0, 4, (1200,), generator=generator)
    x = scale * torch.randn(1200, length, 8, generator=generator)
    x[:, : length // 4, 0] += 3.0 * (labels % 2 * 2 - 1)[:, None]
    x[:, : length // 4, 1] += 3.0 * (labels // 2 * 2 - 1)[:, None]
    return classification("strokes", x, labels, classes=4, target=0.5)


HERE = "reported_situations.time_steps:"
TANH = {"squash": ["relu", "tanh"]}

SITUATIONS = (
    Situation(
        name="rnn_forgets",
        set="choose",
        story="A plain RNN with default weights never learns what the first words said.",
        cause="shrinking_through_time",
        task=f"{HERE}early_word",
        network=f"{HERE}plain_rnn",
        hyperparameters={
            **ADAM,
            "learning_rate": 0.002,
            "recurrent_start": ["default", "orthogonal"],
        },
        steps=250,
        fix={"recurrent_start": "orthogonal"},
    ),
    Situation(
        name="lstm_forgets",
        set="report",
        story="An LSTM whose forget gates start shut: nothing survives 50 time steps.",
        cause="shrinking_through_time",
        task=f"{HERE}early_word",
        network=f"{HERE}lstm",
        hyperparameters={**ADAM, "learning_rate": 0.01, "remember": [-2.0, 4.0]},
        steps=200,
        fix={"remember": 4.0},
    ),
    Situation(
        name="sigmoid_rnn",
        set="choose",
        story="A sigmoid as the RNN's activation: a quarter of the gradient, twenty times.",
        cause="shrinking_through_time",
        task="temporal_order",
        network="rnn",
        hyperparameters={
            **ADAM,
            "width": 32,
            "sequence_length": 20,
            "activation": "sigmoid",
            "learning_rate": 0.005,
        },
        steps=300,
        fix={"activation": "tanh"},
        other_fixes=({"activation": "relu"},),
    ),
    Situation(
        name="chaotic_rnn",
        set="choose",
        story="Recurrent weights three times too large: the gradient norm is 1e9 at once.",
        cause="growing_through_time",
        task=f"{HERE}early_word",
        network=f"{HERE}plain_rnn",
        hyperparameters={
            **ADAM,
            "learning_rate": 0.002,
            "recurrent_start": ["large", "orthogonal"],
        },
        steps=250,
        fix={"recurrent_start": "orthogonal"},
    ),
    Situation(
        name="gain_of_three",
        set="report",
        story="A built-in RNN with a recurrent gain of 3 over 20 time steps.",
        cause="growing_through_time",
        task="temporal_order",
        network="rnn",
        hyperparameters={
            **ADAM,
            "width": 32,
            "sequence_length": 20,
            "recurrent_gain": 3.0,
            "learning_rate": 0.005,
        },
        steps=300,
        fix={"recurrent_gain": 1.0},
    ),
    Situation(
        name="clipped_chaos",
        set="report",
        story="The gradient norm of an RNN is in the millions; clipping it to 1 does not help.",
        cause="growing_through_time",
        task=f"{HERE}early_word",
        network=f"{HERE}plain_rnn",
        task_options={"length": 30},
        hyperparameters={
            **SGD,
            "learning_rate": 0.03,
            "momentum": 0.9,
            "clip_norm": 1.0,
            "recurrent_start": ["large", "orthogonal"],
        },
        steps=250,
        fix={"recurrent_start": "orthogonal"},
    ),
    Situation(
        name="lstm_with_relu",
        set="choose",
        story="relu for tanh inside an LSTM: the cell adds up over a hundred steps.",
        cause="growing_state",
        also=("growing_through_time",),
        task=f"{HERE}mean_sign",
        network=f"{HERE}lstm",
        hyperparameters={**ADAM, "batch_size": 32, "learning_rate": 0.02, **TANH},
        steps=120,
        fix={"squash": "tanh"},
    ),
    Situation(
        name="residual_over_time",
        set="report",
        story="h = h + relu(...) at every time step; the outputs start in the thousands.",
        cause="growing_state",
        also=("growing_through_time",),
        task=f"{HERE}mean_sign",
        network=f"{HERE}adder",
        hyperparameters={**ADAM, "learning_rate": 0.005, **TANH},
        steps=150,
        fix={"squash": "tanh"},
    ),
    Situation(
        name="identity_over_one",
        set="choose",
        story="A relu RNN that starts at 1.2 times the identity: 1.2 to the 50th.",
        cause="growing_state",
        also=("growing_through_time",),
        task=f"{HERE}early_word",
        network=f"{HERE}plain_rnn",
        hyperparameters={
            "optimizer": "sgd",
            "batch_size": 64,
            "learning_rate": 0.01,
            "squash": "relu",
            "recurrent_start": ["over_identity", "identity"],
        },
        steps=200,
        fix={"clip_norm": 1.0},
        other_fixes=({"recurrent_start": "identity"},),
    ),
)
