"""Rare labels, noisy batches, too few steps, and nothing wrong at all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from reported_situations.parts import clusters, perceptron, regression, seeded
from reported_situations.scales import SGD
from reported_situations.situation import Situation
from study import Task, classification


def parts() -> Task:
    """One part in fifty has a defect."""
    generator = seeded(51)
    x = torch.randn(4000, 20, generator=generator)
    labels = torch.zeros(4000, dtype=torch.long)
    labels[::50] = 1
    x[labels == 1, :4] += 2.5
    return classification("parts", x, labels, classes=2, target=0.995)


def payments() -> Task:
    """One payment in a hundred is a fraud."""
    generator = seeded(52)
    x = torch.randn(5000, 16, generator=generator)
    labels = torch.zeros(5000, dtype=torch.long)
    labels[::100] = 1
    x[labels == 1] *= 0.5
    x[labels == 1, :5] -= 2.5
    return classification("payments", x, labels, classes=2, target=0.997)


def names_in_text() -> Task:
    """A tag for each word; nineteen in twenty are no name. The word before a name tells it."""
    generator = seeded(53)
    words = torch.randint(0, 30, (1500, 20), generator=generator)
    tags = torch.zeros_like(words)
    tags[:, 1:] = (words[:, :-1] == 7).long() + 2 * (words[:, :-1] == 11).long()
    return classification("names", words, tags, classes=3, target=0.985, vocabulary=30)


class Tagger(nn.Module):
    """Embeds words and looks at each with its neighbours."""

    def __init__(self, vocabulary: int, outputs: int) -> None:
        super().__init__()
        self.embed = nn.Embedding(vocabulary, 16)
        self.look, self.bend = nn.Conv1d(16, 32, 3, padding=1), nn.ReLU()
        self.readout = nn.Linear(32, outputs)

    def forward(self, words: Tensor) -> Tensor:
        hidden = self.bend(self.look(self.embed(words).transpose(1, 2)))
        return self.readout(hidden.transpose(1, 2))


def tagger(hyperparameters: Mapping[str, Any], task: Task) -> nn.Module:
    assert task.vocabulary is not None
    return Tagger(task.vocabulary, task.outputs)


def narrow(hyperparameters: Mapping[str, Any], task: Task) -> nn.Module:
    return perceptron([task.features, 32, 32, task.outputs], "relu")


def noisy_line() -> Task:
    """A line under noise as large as itself."""
    generator = seeded(55)
    x = torch.randn(2000, 10, generator=generator)
    y = x @ torch.randn(10, 1, generator=generator)
    y = y / y.std() + 0.7 * torch.randn(2000, 1, generator=generator)
    return regression("noisy line", x, y / y.std(), target=0.6)


def overlapping() -> Task:
    """Five classes that overlap a little."""
    x, labels = clusters(examples=2000, features=10, classes=5, distance=0.9, seed=56)
    return classification("overlapping", x, labels, classes=5, target=0.75)


def one_hot_digits() -> Task:
    """Digits as a regression on one-hot targets."""
    from sklearn.datasets import load_digits

    data = load_digits()
    x = torch.tensor(data.data, dtype=torch.float32)
    x = (x - x.mean()) / x.std()
    y = nn.functional.one_hot(torch.tensor(data.target), 10).float()

    def loss(outputs: Tensor, targets: Tensor) -> Tensor:
        return 0.5 * (outputs - targets).square().sum(dim=1)

    def right(outputs: Tensor, targets: Tensor) -> Tensor:
        return (outputs.argmax(1) == targets.argmax(1)).double()

    return Task(
        name="one-hot digits",
        inputs=x,
        targets=y,
        outputs=10,
        loss=loss,
        metric=right,
        metric_name="accuracy",
        chance=0.1,
        ceiling=1.0,
        target=0.9,
        loss_chance=0.45,
    )


def total(*, column: bool = False) -> Task:
    """The sum of three numbers; targets (N,) under outputs (N, 1) broadcast to (N, N)."""
    x = torch.rand(1024, 3, generator=seeded(57))
    y = x.sum(1, keepdim=True) if column else x.sum(1)
    variance = float(x.sum(1).var())

    def loss(outputs: Tensor, targets: Tensor) -> Tensor:
        return (outputs - targets).square().mean(1)

    def explained(outputs: Tensor, targets: Tensor) -> Tensor:
        return 1 - loss(outputs, targets) / variance

    return Task(
        name="total",
        inputs=x,
        targets=y,
        outputs=1,
        loss=loss,
        metric=explained,
        metric_name="explained variance",
        chance=0.0,
        ceiling=1.0,
        target=0.9,
        loss_chance=variance,
    )


HERE = "reported_situations.data:"
STEPS = "reported_situations.step_sizes:"
BALANCED = {"class_weights": "balanced"}
LARGER = {"batch_size": 64}

RARE = (
    Situation(
        name="one_in_fifty",
        set="choose",
        story="98 % accuracy at once, and not one defect found: every answer is 'fine'.",
        cause="majority_answer",
        also=("small_steps",),
        task=f"{HERE}parts",
        network=f"{HERE}narrow",
        hyperparameters={**SGD, "learning_rate": 0.01},
        steps=300,
        fix={"learning_rate": 0.3},
        other_fixes=(BALANCED, {"optimizer": "adam"}),
    ),
    Situation(
        name="one_fraud_in_a_hundred",
        set="report",
        story="The fraud model answers 'no fraud' to every payment, with 99 % accuracy.",
        cause="majority_answer",
        also=("small_steps",),
        task=f"{HERE}payments",
        network=f"{HERE}narrow",
        hyperparameters={**SGD, "learning_rate": 0.01},
        steps=300,
        fix={"learning_rate": 0.5},
        other_fixes=(BALANCED, {"optimizer": "adam"}),
    ),
    Situation(
        name="tags_of_nothing",
        set="choose",
        story="A tagger says 'no name' to every word: 93 % are none.",
        cause="majority_answer",
        also=("small_steps",),
        task=f"{HERE}names_in_text",
        network=f"{HERE}tagger",
        hyperparameters={**SGD, "learning_rate": 0.02},
        steps=250,
        fix={"optimizer": "adam"},
        other_fixes=(BALANCED, {"learning_rate": 1.0}, {"momentum": 0.9}),
    ),
)

NOISY = (
    Situation(
        name="momentum_of_one",
        set="choose",
        story="Batches of one with momentum 0.9: accuracy swings and never gets there.",
        cause="batch_noise",
        also=("large_steps",),
        task=f"{HERE}overlapping",
        network="reported_situations.scales:tanh_layers",
        hyperparameters={
            "optimizer": "sgd",
            "batch_size": 1,
            "learning_rate": 0.02,
            "momentum": 0.9,
        },
        steps=600,
        fix=LARGER,
        other_fixes=({"learning_rate": 0.002}, {"lr_decay": "cosine"}, {"momentum": 0.0}),
    ),
    Situation(
        name="one_at_a_time",
        set="report",
        story="Batches of one at a rate for 128: accuracy goes up and down by tens of percent.",
        cause="batch_noise",
        also=("large_steps",),
        task=f"{HERE}overlapping",
        network=f"{HERE}narrow",
        hyperparameters={"optimizer": "sgd", "batch_size": 1, "learning_rate": 0.15},
        steps=600,
        fix=LARGER,
        other_fixes=({"learning_rate": 0.01}, {"lr_decay": "cosine"}, {"clip_norm": 1.0}),
    ),
    Situation(
        name="noisy_pairs",
        set="choose",
        story="A line under noise, two examples a step: it never gets as good as it could.",
        cause="batch_noise",
        also=("large_steps",),
        task=f"{HERE}noisy_line",
        network=f"{STEPS}line",
        hyperparameters={"optimizer": "sgd", "batch_size": 2, "learning_rate": 0.09},
        steps=600,
        fix=LARGER,
        other_fixes=({"learning_rate": 0.005}, {"lr_decay": "cosine"}),
    ),
)

TOO_SHORT = (
    Situation(
        name="twelve_steps",
        set="choose",
        story="Twelve steps of large batches; the loss falls at every one of them.",
        cause="short_training",
        task=f"{HERE}one_hot_digits",
        network=f"{HERE}narrow",
        hyperparameters={"optimizer": "sgd", "batch_size": 512, "learning_rate": 0.05},
        steps=12,
        twin_steps=600,
    ),
    Situation(
        name="one_epoch",
        set="report",
        story="One epoch of a regression that needs ten.",
        cause="short_training",
        task=f"{STEPS}correlated",
        network=f"{STEPS}elu_layers",
        hyperparameters={**SGD, "learning_rate": 0.001},
        steps=60,
        twin_steps=800,
    ),
    Situation(
        name="short_sigmoid",
        set="choose",
        story="A sigmoid network that is still on its first plateau's slope after 80 steps.",
        cause="short_training",
        task=f"{STEPS}groups",
        network="reported_situations.units:sigmoid_layers",
        hyperparameters={**SGD, "learning_rate": 0.5, "initialization": "xavier_normal"},
        steps=25,
        twin_steps=400,
    ),
)

NOTHING_WRONG = (
    Situation(
        name="batches_of_one",
        set="choose",
        story="Batches of one example: the loss jumps, but everything is learned.",
        cause="none",
        task=f"{HERE}overlapping",
        network=f"{HERE}narrow",
        hyperparameters={"optimizer": "sgd", "batch_size": 1, "learning_rate": 0.01},
        steps=2500,
    ),
    Situation(
        name="zero_readout",
        set="report",
        story="The last layer starts at zero: no gradient at step 0, a healthy one later.",
        cause="none",
        task="reported_situations.scales:clicks",
        network=f"{STEPS}zero_readout",
        hyperparameters={**SGD, "learning_rate": 0.3},
        steps=300,
    ),
    Situation(
        name="always_clipped",
        set="choose",
        story="Every step is clipped, and the loss rises at first; it trains all the same.",
        cause="none",
        task=f"{STEPS}groups",
        network=f"{STEPS}leaky_layers",
        hyperparameters={**SGD, "learning_rate": 0.3, "momentum": 0.9, "clip_norm": 0.1},
        steps=300,
    ),
    Situation(
        name="column_or_row",
        set="choose",
        story="Targets (N,) broadcast against outputs (N, 1): the mean is the best answer.",
        cause="broadcast",
        task=f"{HERE}total",
        network=f"{HERE}narrow",
        hyperparameters={**SGD, "learning_rate": 0.1},
        steps=300,
        twin_options={"column": True},
    ),
)

SITUATIONS = (*RARE, *NOISY, *TOO_SHORT, *NOTHING_WRONG)
