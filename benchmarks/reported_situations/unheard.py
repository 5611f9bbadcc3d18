"""Networks whose answer leaves out what they are shown, and losses that ask for something else."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from reported_situations.parts import clusters, perceptron, regression, seeded, yes_or_no
from study import Task, batch_task, classification


def churned() -> Task:
    """Yes or no as one probability, as binary cross-entropy takes it."""
    data = clusters(examples=1500, features=10, classes=2, distance=0.8, seed=90)
    return yes_or_no("churned", data, target=0.75, least=1e-6)


def probability(hyperparameters: Mapping[str, Any], task: Task) -> nn.Module:
    last = {"softmax": nn.Softmax(dim=1), "sigmoid": nn.Sigmoid()}[hyperparameters["end"]]
    return nn.Sequential(perceptron([task.features, 32, 32, 1]), last)


def wave() -> Task:
    """Two periods of a sine, of one number."""
    x = 3.4 * (torch.rand(1000, 1, generator=seeded(91)) - 0.5)
    return regression("wave", x, 1.4 * torch.sin(2 * x), target=0.7)


def mislabelled(wrong_share: float) -> Task:
    """Four kinds; of some examples the label is anything but their own."""
    x, labels = clusters(examples=4000, features=10, classes=4, distance=2.0, seed=100)
    wrong = torch.rand(len(labels), generator=seeded(98)) < wrong_share
    other = torch.randint(1, 4, labels.shape, generator=seeded(99))
    labels = torch.where(wrong, (labels + other) % 4, labels)
    return classification("mislabelled", x, labels, classes=4, target=0.8)


def sixteen_units(hyperparameters: Mapping[str, Any], task: Task) -> nn.Module:
    return perceptron([task.features, 16, task.outputs])


def ten_kinds() -> Task:
    x, labels = clusters(examples=2000, features=20, classes=10, distance=1.2, seed=92)
    return classification("ten kinds", x, labels, classes=10, target=0.8)


def normed(hyperparameters: Mapping[str, Any], task: Task) -> nn.Module:
    """Normalizes its inputs by themselves first, in groups of the size that is asked for."""
    size = int(hyperparameters["numbers_together"])
    kinds: dict[str, nn.Module] = {
        "layer": nn.LayerNorm(task.features),
        "group": nn.GroupNorm(max(1, task.features // max(1, size)), task.features),
    }
    first = kinds[hyperparameters["normed_by"]] if size else nn.Identity()
    return nn.Sequential(first, perceptron([task.features, 48, 48, task.outputs]))


def late_signs() -> Task:
    """Which sign the second half of fifteen time steps has."""
    generator = seeded(93)
    labels = torch.randint(0, 2, (1200,), generator=generator)
    x = torch.randn(1200, 15, 5, generator=generator)
    x[:, 8:, 0] += 1.5 * (2 * labels - 1)[:, None]
    return classification("late signs", x, labels, classes=2, target=0.85)


class Reading(nn.Module):
    def __init__(self, features: int, outputs: int, at: int) -> None:
        super().__init__()
        self.cell = nn.LSTM(features, 32, batch_first=True)
        self.readout, self.at = nn.Linear(32, outputs), at

    def forward(self, x: Tensor) -> Tensor:
        return self.readout(self.cell(x)[0][:, self.at])


def reading(hyperparameters: Mapping[str, Any], task: Task) -> nn.Module:
    return Reading(task.inputs.shape[-1], task.outputs, int(hyperparameters["state_read"]))


def padded() -> Task:
    """Up to eight words of six numbers, then zeros; a few of them have no word at all."""
    generator = seeded(94)
    labels = torch.randint(0, 2, (1500,), generator=generator)
    x = torch.randn(1500, 8, 6, generator=generator)
    x[:, :, 0] += (2 * labels - 1)[:, None]
    words = torch.randint(2, 9, (1500,), generator=generator)
    words[::40] = 0
    x = x * (torch.arange(8) < words[:, None])[..., None]
    return classification("padded", x, labels, classes=2, target=0.85)


class Attending(nn.Module):
    """One head over the words, in which padding is masked."""

    def __init__(self, features: int, outputs: int, mask: float) -> None:
        super().__init__()
        self.query, self.key, self.value = (nn.Linear(features, 32) for _ in range(3))
        self.readout, self.mask = nn.Linear(32, outputs), mask

    def forward(self, x: Tensor) -> Tensor:
        padding = (x == 0).all(-1)
        scores = self.query(x) @ self.key(x).transpose(1, 2) / 32**0.5
        shares = scores.masked_fill(padding[:, None], self.mask).softmax(-1)
        return self.readout((shares @ self.value(x)).mean(1))


def attending(hyperparameters: Mapping[str, Any], task: Task) -> nn.Module:
    mask = float(hyperparameters["masked_by"])
    return Attending(task.inputs.shape[-1], task.outputs, mask)


class TorchAttending(nn.Module):
    """torch's own attention, with a mask of the padding."""

    def __init__(self, features: int, outputs: int, *, guarded: bool) -> None:
        super().__init__()
        self.first = nn.Linear(features, 32)
        self.attention = nn.MultiheadAttention(32, 4, batch_first=True)
        self.readout, self.guarded = nn.Linear(32, outputs), guarded

    def forward(self, x: Tensor) -> Tensor:
        padding = (x == 0).all(-1)
        if self.guarded:
            padding = padding & ~padding.all(1, keepdim=True)
        hidden = self.first(x)
        return self.readout(
            self.attention(hidden, hidden, hidden, key_padding_mask=padding)[0].mean(1)
        )


def torch_attending(hyperparameters: Mapping[str, Any], task: Task) -> nn.Module:
    guarded = hyperparameters["empty_rows"] == "unmasked"
    return TorchAttending(task.inputs.shape[-1], task.outputs, guarded=guarded)


def penalized(*, penalty: float = 0.5, penalty_power: int = 2) -> Task:
    """Cross-entropy and a penalty on all weights, in the loss."""
    x, labels = clusters(examples=2000, features=20, classes=10, distance=1.2, seed=95)

    def loss(outputs: Tensor, targets: Tensor, module: nn.Module) -> Tensor:
        size = torch.stack([each.abs().pow(penalty_power).sum() for each in module.parameters()])
        fit = functional.cross_entropy(outputs, targets, reduction="none")
        return fit + penalty * size.sum()

    return batch_task(
        "penalized",
        (x, labels),
        loss=loss,
        loss_chance=math.log(10),
        metric=lambda outputs, targets: (outputs.argmax(1) == targets).float(),
        metric_name="accuracy",
        chance=0.1,
        ceiling=1.0,
        target=0.8,
    )


def hidden_layers(hyperparameters: Mapping[str, Any], task: Task) -> nn.Module:
    return perceptron([20, 64, 64, 10])


class Autoencoder(nn.Module):
    """A variational one: reconstruction, mean and log variance side by side."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder, self.decoder = perceptron([32, 64, 16]), perceptron([8, 64, 32])

    def forward(self, x: Tensor) -> Tensor:
        mean, log_variance = self.encoder(x).chunk(2, 1)
        drawn = mean + torch.randn_like(mean) * (log_variance / 2).exp()
        return torch.cat([self.decoder(drawn), mean, log_variance], 1)


def autoencoder(hyperparameters: Mapping[str, Any], task: Task) -> nn.Module:
    return Autoencoder()


def curves(*, divergence_weight: float = 20.0) -> Task:
    """Points of a plane in 32 dimensions; the divergence from the prior has a weight."""
    generator = seeded(96)
    x = torch.randn(2000, 4, generator=generator) @ torch.randn(4, 32, generator=generator)
    x = x / x.std()

    def loss(outputs: Tensor, targets: Tensor) -> Tensor:
        fit, mean, log_variance = outputs.split([32, 8, 8], 1)
        divergence = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(1)
        return (fit - targets).square().sum(1) + divergence_weight * divergence

    return Task(
        name="curves",
        inputs=x,
        targets=x,
        outputs=48,
        loss=loss,
        metric=lambda outputs, targets: 1 - (outputs[:, :32] - targets).square().mean(1),
        metric_name="explained",
        chance=0.0,
        ceiling=1.0,
        target=0.6,
        loss_chance=32.0,
    )


def faces() -> Task:
    """Ten people, told apart by cross-entropy alone: there is no metric."""
    x, labels = clusters(examples=2000, features=20, classes=10, distance=2.0, seed=97)

    def loss(outputs: Tensor, targets: Tensor) -> Tensor:
        return functional.cross_entropy(outputs, targets, reduction="none")

    return Task(name="faces", inputs=x, targets=labels, outputs=10, loss=loss)


class Cosines(nn.Module):
    """Cosines between an embedding and one of each class, times a scale."""

    def __init__(self, features: int, classes: int, scale: float) -> None:
        super().__init__()
        self.embedding, self.scale = perceptron([features, 64, 32]), scale
        self.classes = nn.Parameter(torch.randn(classes, 32) / 6)

    def forward(self, x: Tensor) -> Tensor:
        one, other = self.embedding(x), self.classes
        return self.scale * functional.normalize(one, dim=1) @ functional.normalize(other, dim=1).T


def cosines(hyperparameters: Mapping[str, Any], task: Task) -> nn.Module:
    return Cosines(task.features, task.outputs, float(hyperparameters["cosine_factor"]))
