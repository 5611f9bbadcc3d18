"""Networks as people write them, of which some cannot be vectorized."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from study.engine import Task


class TorchLstm(nn.Module):
    """torch's own LSTM over the rows of an image; it has no batching rule."""

    def __init__(self, columns: int, outputs: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(columns, 12, batch_first=True)
        self.readout = nn.Linear(12, outputs)

    def forward(self, inputs: Tensor) -> Tensor:
        return self.readout(self.lstm(inputs.flatten(1, -2))[0][:, -1])


class Halting(nn.Module):
    """Data-dependent control flow: it stops refining once activations are small."""

    def __init__(self, features: int, outputs: int) -> None:
        super().__init__()
        self.inner = nn.Linear(features, 16)
        self.refine = nn.Linear(16, 16)
        self.tanh = nn.Tanh()
        self.readout = nn.Linear(16, outputs)

    def forward(self, inputs: Tensor) -> Tensor:
        hidden = self.tanh(self.inner(inputs.flatten(1)))
        for _ in range(3):
            hidden = torch.tanh(self.refine(hidden))
            if hidden.abs().mean() < 0.3:
                break
        return self.readout(hidden)


class Normalized(nn.Module):
    """Batch normalization with running statistics, as torch makes it by default."""

    def __init__(self, features: int, outputs: int) -> None:
        super().__init__()
        self.inner = nn.Linear(features, 16)
        self.norm = nn.BatchNorm1d(16)
        self.relu = nn.ReLU()
        self.readout = nn.Linear(16, outputs)

    def forward(self, inputs: Tensor) -> Tensor:
        return self.readout(self.relu(self.norm(self.inner(inputs.flatten(1)))))


class Dropped(nn.Module):
    """Dropout draws random numbers in the forward pass."""

    def __init__(self, features: int, outputs: int) -> None:
        super().__init__()
        self.inner = nn.Linear(features, 16)
        self.relu = nn.ReLU()
        self.dropout = nn.Dropout(0.3)
        self.readout = nn.Linear(16, outputs)

    def forward(self, inputs: Tensor) -> Tensor:
        return self.readout(self.dropout(self.relu(self.inner(inputs.flatten(1)))))


class Counting(nn.Module):
    """A buffer that the forward pass changes: a running mean of its own."""

    mean: Tensor

    def __init__(self, features: int, outputs: int) -> None:
        super().__init__()
        self.inner = nn.Linear(features, 16)
        self.tanh = nn.Tanh()
        self.readout = nn.Linear(16, outputs)
        self.register_buffer("mean", torch.zeros(16))

    def forward(self, inputs: Tensor) -> Tensor:
        hidden = self.tanh(self.inner(inputs.flatten(1)))
        self.mean.mul_(0.9).add_(hidden.detach().mean(dim=0), alpha=0.1)
        return self.readout(hidden - self.mean)


class Tied(nn.Module):
    """One weight in two places."""

    def __init__(self, features: int, outputs: int) -> None:
        super().__init__()
        self.inner = nn.Linear(features, 16)
        self.first = nn.Linear(16, 16)
        self.second = nn.Linear(16, 16)
        self.second.weight = self.first.weight
        self.tanh = nn.Tanh()
        self.readout = nn.Linear(16, outputs)

    def forward(self, inputs: Tensor) -> Tensor:
        hidden = self.tanh(self.inner(inputs.flatten(1)))
        return self.readout(torch.tanh(self.second(torch.tanh(self.first(hidden)))))


def torch_lstm(hyperparameters: Mapping[str, Any], task: Task) -> nn.Module:
    return TorchLstm(task.inputs.shape[-1], task.outputs)


def halting(hyperparameters: Mapping[str, Any], task: Task) -> nn.Module:
    return Halting(task.features, task.outputs)


def normalized(hyperparameters: Mapping[str, Any], task: Task) -> nn.Module:
    return Normalized(task.features, task.outputs)


def dropped(hyperparameters: Mapping[str, Any], task: Task) -> nn.Module:
    return Dropped(task.features, task.outputs)


def counting(hyperparameters: Mapping[str, Any], task: Task) -> nn.Module:
    return Counting(task.features, task.outputs)


def tied(hyperparameters: Mapping[str, Any], task: Task) -> nn.Module:
    return Tied(task.features, task.outputs)


class RandomFeatures(nn.Module):
    """Fixed random features in a buffer, drawn when the module is made."""

    features: Tensor

    def __init__(self, features: int, outputs: int) -> None:
        super().__init__()
        self.register_buffer("features", torch.randn(features, 16) / features**0.5)
        self.tanh = nn.Tanh()
        self.readout = nn.Linear(16, outputs)

    def forward(self, inputs: Tensor) -> Tensor:
        return self.readout(self.tanh(inputs.flatten(1) @ self.features))


def random_features(hyperparameters: Mapping[str, Any], task: Task) -> nn.Module:
    return RandomFeatures(task.features, task.outputs)
