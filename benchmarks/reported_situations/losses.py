"""Loss functions that have no value, no gradient or no lower bound."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from reported_situations.parts import clusters, perceptron, seeded, squared_error
from reported_situations.scales import ADAM, SGD
from reported_situations.situation import Situation
from study import Task


def displacements(*, floor: float = 0.0) -> Task:
    """Displacements of vehicles under a distance loss; a parked one moves by exactly zero."""
    generator = seeded(41)
    x = torch.randn(2000, 6, generator=generator)
    x[torch.rand(2000, generator=generator) < 0.1] = 0.0
    y = torch.tanh(x @ torch.randn(6, 2, generator=generator) / 2)

    def distance(outputs: Tensor, targets: Tensor) -> Tensor:
        return (squared_error(outputs, targets) + floor).sqrt()

    def close(outputs: Tensor, targets: Tensor) -> Tensor:
        return (squared_error(outputs, targets) < 0.04).double()

    middle = y.mean(0).expand_as(y)
    return Task(
        name="displacements",
        inputs=x,
        targets=y,
        outputs=2,
        loss=distance,
        metric=close,
        metric_name="share within 0.2",
        chance=float(close(middle, y).mean()),
        ceiling=1.0,
        target=0.8,
        loss_chance=float(distance(middle, y).mean()),
    )


def without_bias(hyperparameters: Mapping[str, Any], task: Task) -> nn.Module:
    return nn.Sequential(
        nn.Linear(task.features, 64, bias=False),
        nn.ReLU(),
        nn.Linear(64, 64, bias=False),
        nn.ReLU(),
        nn.Linear(64, task.outputs, bias=False),
    )


def layers(hyperparameters: Mapping[str, Any], task: Task) -> nn.Module:
    return perceptron([task.features, 48, 48, task.outputs], "relu")


def flags(*, floor: float = 1e-10) -> Task:
    """Sixteen yes-no answers whose cross-entropy is written out; some are always yes."""
    generator = seeded(42)
    x = torch.randn(2000, 12, generator=generator)
    y = (x @ torch.randn(12, 16, generator=generator) > 0).float()
    y[:, :6] = 1.0

    def written_out(outputs: Tensor, targets: Tensor) -> Tensor:
        p = torch.sigmoid(outputs)
        fit = targets * torch.log(floor + p) + (1 - targets) * torch.log(floor + 1 - p)
        return -fit.sum(1)

    def right(outputs: Tensor, targets: Tensor) -> Tensor:
        return ((outputs > 0) == (targets > 0.5)).double().mean(1)

    middle = torch.logit(y.mean(0).clamp(0.0, 0.999)).expand_as(y)
    return Task(
        name="flags",
        inputs=x,
        targets=y,
        outputs=16,
        loss=written_out,
        metric=right,
        metric_name="answers right",
        chance=float(right(middle, y).mean()),
        ceiling=1.0,
        target=0.9,
        loss_chance=7.0,
    )


def shops(*, floor: float = 0.0) -> Task:
    """Sales under a percentage error; closed days sell nothing."""
    generator = seeded(43)
    x = torch.randn(2000, 3, generator=generator)
    y = (1.5 + torch.tanh(x @ torch.randn(3, 1, generator=generator) / 2)).abs()
    y[torch.rand(2000, generator=generator) < 0.05] = 0.0

    def percentage(outputs: Tensor, targets: Tensor) -> Tensor:
        return ((outputs - targets) / (targets + floor)).square().sum(1)

    def close(outputs: Tensor, targets: Tensor) -> Tensor:
        return ((outputs - targets).abs() < 0.3).double().mean(1)

    middle = y.mean(0).expand_as(y)
    return Task(
        name="shops",
        inputs=x,
        targets=y,
        outputs=1,
        loss=percentage,
        metric=close,
        metric_name="share within 0.3",
        chance=float(close(middle, y).mean()),
        ceiling=1.0,
        target=0.7,
        loss_chance=1.0,
    )


class Rates(nn.Module):
    """Counts an hour: the rate is made positive by a function of choice."""

    def __init__(self, features: int, positive: str) -> None:
        super().__init__()
        self.body = perceptron([features, 48, 48, 1], "relu")
        self.positive = {"relu": nn.ReLU, "softplus": nn.Softplus}[positive]()

    def forward(self, x: Tensor) -> Tensor:
        return self.positive(self.body(x))


def rates(hyperparameters: Mapping[str, Any], task: Task) -> nn.Module:
    return Rates(task.features, hyperparameters["positive_by"])


def counts() -> Task:
    """Counts with Poisson's likelihood, rate - count log(rate)."""
    generator = seeded(44)
    x = torch.randn(2000, 8, generator=generator)
    true = (0.8 * (x @ torch.randn(8, 1, generator=generator) / 2).tanh() + 1.0).exp()
    y = torch.poisson(true, generator=generator)

    def poisson(outputs: Tensor, targets: Tensor) -> Tensor:
        return (outputs - targets * outputs.log()).sum(1)

    variance = float((true - true.mean()).square().mean())

    def explained(outputs: Tensor, targets: Tensor) -> Tensor:
        noise = targets  # a Poisson count's variance is its mean
        return 1 - ((outputs - targets).square().sum(1) - noise.sum(1)) / variance

    middle = y.mean(0).expand_as(y)
    return Task(
        name="counts",
        inputs=x,
        targets=y,
        outputs=1,
        loss=poisson,
        metric=explained,
        metric_name="explained variance",
        chance=0.0,
        ceiling=1.0,
        target=0.6,
        loss_chance=float(poisson(middle, y).mean()),
    )


def two_clouds() -> Task:
    """Real and made-up points; a critic scores them, as in a Wasserstein GAN."""
    generator = seeded(45)
    real = torch.randn(1000, 2, generator=generator) + torch.tensor([2.0, 0.0])
    made = torch.randn(1000, 2, generator=generator) - torch.tensor([2.0, 0.0])
    x = torch.cat([real, made])[torch.randperm(2000, generator=generator)]
    side = torch.where(x[:, :1] > 0, 1.0, -1.0)

    def score(outputs: Tensor, targets: Tensor) -> Tensor:
        return -(targets * outputs).sum(1)

    def within(outputs: Tensor, targets: Tensor) -> Tensor:
        return ((targets * outputs > 0.5) & (targets * outputs < 2.0)).double().mean(1)

    return Task(
        name="two clouds",
        inputs=x,
        targets=side,
        outputs=1,
        loss=score,
        metric=within,
        metric_name="scores of the right side, within 2",
        chance=0.5,
        ceiling=1.0,
        target=0.9,
        loss_chance=0.0,
    )


class Critic(nn.Module):
    """Scores points, without bound or within [-1.5, 1.5]."""

    def __init__(self, features: int, bounded: bool) -> None:
        super().__init__()
        self.body = perceptron([features, 48, 48, 1], "leaky_relu")
        self.bound = nn.Hardtanh(-1.5, 1.5) if bounded else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        return self.bound(self.body(x))


def critic(hyperparameters: Mapping[str, Any], task: Task) -> nn.Module:
    return Critic(task.features, hyperparameters["scores"] == "bounded")


def labels_of_one_and_two(*, first: float = 1.0) -> Task:
    """Classes are called 1 and 2, and binary cross-entropy takes them as they are."""
    x, labels = clusters(examples=2000, features=12, classes=2, distance=0.8, seed=46)
    y = labels[:, None].float() + first

    def loss(outputs: Tensor, targets: Tensor) -> Tensor:
        return nn.functional.binary_cross_entropy_with_logits(
            outputs, targets, reduction="none"
        ).mean(1)

    def right(outputs: Tensor, targets: Tensor) -> Tensor:
        return ((outputs > 0) == (targets > first + 0.5)).double().mean(1)

    return Task(
        name="one and two",
        inputs=x,
        targets=y,
        outputs=1,
        loss=loss,
        metric=right,
        metric_name="accuracy",
        chance=float(max(labels.double().mean(), 1 - labels.double().mean())),
        ceiling=1.0,
        target=0.9,
        loss_chance=0.693,
    )


def likelihood_of_labels(*, sign: float = 1.0) -> Task:
    """The log-likelihood with a sign; it is minimized, so the sign must be -1."""
    x, labels = clusters(examples=2000, features=12, classes=4, distance=1.0, seed=47)

    def likelihood(outputs: Tensor, targets: Tensor) -> Tensor:
        return sign * -nn.functional.cross_entropy(outputs, targets, reduction="none")

    def right(outputs: Tensor, targets: Tensor) -> Tensor:
        return (outputs.argmax(1) == targets).double()

    return Task(
        name="likelihood",
        inputs=x,
        targets=labels,
        outputs=4,
        loss=likelihood,
        metric=right,
        metric_name="accuracy",
        chance=0.26,
        ceiling=1.0,
        target=0.85,
        loss_chance=-sign * 1.386,
    )


class Embedding(nn.Module):
    """Places three things, (B, 3, F), anywhere in the plane or within the unit disc."""

    def __init__(self, features: int, bounded: bool) -> None:
        super().__init__()
        self.body = perceptron([features, 48, 48, 2], "leaky_relu")[1:]
        self.bound = nn.Tanh() if bounded else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        return self.bound(self.body(x)).flatten(1)


def embedding(hyperparameters: Mapping[str, Any], task: Task) -> nn.Module:
    return Embedding(task.inputs.shape[2], hyperparameters["places"] == "bounded")


def triplets() -> Task:
    """Two of a kind and one of the other; the margin of the triplet loss was left out."""
    x, labels = clusters(examples=4000, features=12, classes=2, distance=1.2, seed=48)
    same, other = x[labels == 0][:1200], x[labels == 1][:600]
    three = torch.stack([same[:600], same[600:1200], other], 1)

    def distances(outputs: Tensor) -> tuple[Tensor, Tensor]:
        anchor, alike, unlike = outputs.view(-1, 3, 2).unbind(1)
        return (anchor - alike).square().sum(1), (anchor - unlike).square().sum(1)

    def no_margin(outputs: Tensor, targets: Tensor) -> Tensor:
        near, far = distances(outputs)
        return near - far

    def placed(outputs: Tensor, targets: Tensor) -> Tensor:
        near, far = distances(outputs)
        return ((near < 1) & (far > 1)).double()

    return Task(
        name="triplets",
        inputs=three,
        targets=torch.zeros(600),
        outputs=6,
        loss=no_margin,
        metric=placed,
        metric_name="pairs within 1, others beyond",
        chance=0.0,
        ceiling=1.0,
        target=0.8,
        loss_chance=0.0,
    )


HERE = "reported_situations.losses:"

NO_VALUE = (
    Situation(
        name="root_of_zero",
        set="choose",
        story="RMSE of examples that are fitted exactly: NaN at the first step.",
        cause="loss_function",
        task=f"{HERE}displacements",
        network=f"{HERE}without_bias",
        hyperparameters={**ADAM, "learning_rate": 0.003},
        steps=300,
        twin_options={"floor": 1e-8},
    ),
    Situation(
        name="log_written_out",
        set="report",
        story="log(1e-10 + 1 - p) in float32: NaN as soon as a probability rounds to 1.",
        cause="loss_function",
        task=f"{HERE}flags",
        network=f"{HERE}layers",
        hyperparameters={**ADAM, "learning_rate": 0.02},
        steps=300,
        twin_options={"floor": 1e-6},
    ),
    Situation(
        name="percentage_of_nothing",
        set="choose",
        story="MAPE on days without sales: infinite loss at the first batch.",
        cause="loss_function",
        task=f"{HERE}shops",
        network=f"{HERE}layers",
        hyperparameters={**ADAM, "learning_rate": 0.005},
        steps=300,
        twin_options={"floor": 10.0},
    ),
    Situation(
        name="rate_of_zero",
        set="report",
        story="Poisson's likelihood of a rate behind a ReLU: log 0 at the first step.",
        cause="loss_function",
        task=f"{HERE}counts",
        network=f"{HERE}rates",
        hyperparameters={**ADAM, "learning_rate": 0.005, "positive_by": ["relu", "softplus"]},
        steps=300,
        fix={"positive_by": "softplus"},
    ),
)

NO_BOUND = (
    Situation(
        name="free_critic",
        set="choose",
        story="A Wasserstein critic without a penalty: the loss goes to -1e6 and on.",
        cause="unbounded_loss",
        task=f"{HERE}two_clouds",
        network=f"{HERE}critic",
        hyperparameters={**ADAM, "learning_rate": 0.01, "scores": ["free", "bounded"]},
        steps=300,
        fix={"scores": "bounded"},
    ),
    Situation(
        name="one_and_two",
        set="report",
        story="Labels 1 and 2 under binary cross-entropy: the loss is negative and falls.",
        cause="unbounded_loss",
        task=f"{HERE}labels_of_one_and_two",
        network=f"{HERE}layers",
        hyperparameters={**ADAM, "learning_rate": 0.01},
        steps=300,
        twin_options={"first": 0.0},
    ),
    Situation(
        name="forgotten_minus",
        set="choose",
        story="The log-likelihood itself is minimized: -1e5 after an epoch, accuracy 0.",
        cause="unbounded_loss",
        task=f"{HERE}likelihood_of_labels",
        network=f"{HERE}layers",
        hyperparameters={**SGD, "learning_rate": 0.05},
        steps=300,
        twin_options={"sign": -1.0},
    ),
    Situation(
        name="no_margin",
        set="report",
        story="A triplet loss without its margin: distances grow to millions, all of them.",
        cause="unbounded_loss",
        task=f"{HERE}triplets",
        network=f"{HERE}embedding",
        hyperparameters={**ADAM, "learning_rate": 0.01, "places": ["free", "bounded"]},
        steps=300,
        fix={"places": "bounded"},
    ),
)

SITUATIONS = (*NO_VALUE, *NO_BOUND)
