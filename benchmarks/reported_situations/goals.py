"""Losses that are well satisfied by what nobody wanted: the metric counts something else."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from reported_situations.parts import clusters, seeded
from reported_situations.situation import Situation
from study import Task

HERE = "reported_situations.goals:"
ADAM = {"optimizer": "adam", "learning_rate": 5e-3}


def blends(logarithms: str) -> Task:
    """Shares of six parts that add up to 1, under a divergence that wants their logarithms."""
    generator = seeded(110)
    x = torch.randn(1500, 10, generator=generator)
    shares = (x @ torch.randn(10, 6, generator=generator)).softmax(1)
    given = {"yes": functional.log_softmax, "no": functional.softmax}[logarithms]
    constant = shares.mean(0)
    chance = _divergence(constant, shares).mean()

    def loss(outputs: Tensor, targets: Tensor) -> Tensor:
        return functional.kl_div(given(outputs, dim=1), targets, reduction="none").sum(1)

    def explained(outputs: Tensor, targets: Tensor) -> Tensor:
        return 1 - _divergence(outputs.softmax(1), targets) / chance

    known = constant.log() if logarithms == "yes" else functional.one_hot(constant.argmax(), 6)
    return Task(
        name="blends",
        inputs=x,
        targets=shares,
        outputs=6,
        loss=loss,
        metric=explained,
        metric_name="divergence explained",
        chance=0.0,
        ceiling=1.0,
        target=0.6,
        loss_chance=float((shares * (shares.log() - known)).sum(1).mean()),
    )


def _divergence(answers: Tensor, shares: Tensor) -> Tensor:
    return (shares * (shares.log() - (answers + 1e-9).log())).sum(1)


def lesions(weight_of_ill: float) -> Task:
    """Ill or not, under a focal loss whose second weight is what the first leaves of 1."""
    x, labels = clusters(examples=1500, features=10, classes=2, distance=1.0, seed=111)

    def loss(outputs: Tensor, targets: Tensor) -> Tensor:
        chance, tiny = outputs.sigmoid(), 1e-7
        ill = targets * (1 - chance).square() * (chance + tiny).log()
        well = (1 - targets) * chance.square() * (1 - chance + tiny).log()
        return -(weight_of_ill * ill + (1 - weight_of_ill) * well).sum(1)

    start = -(0.25 * math.log(0.5)) / 2
    return Task(
        name="lesions",
        inputs=x,
        targets=labels.float()[:, None],
        outputs=1,
        loss=loss,
        metric=lambda outputs, targets: ((outputs > 0) == (targets > 0)).double().mean(1),
        metric_name="accuracy",
        chance=0.5,
        ceiling=1.0,
        target=0.8,
        loss_chance=start,
    )


def grades(first: int) -> Task:
    """Grades 1 to 6: the loss takes one off, and whoever counts right answers may not."""
    x, labels = clusters(examples=2000, features=20, classes=6, distance=1.2, seed=112)

    def right(outputs: Tensor, targets: Tensor) -> Tensor:
        return (outputs.argmax(1) + first == targets).double()

    return Task(
        name="grades",
        inputs=x,
        targets=labels + 1,
        outputs=6,
        loss=lambda outputs, targets: functional.cross_entropy(
            outputs, targets - 1, reduction="none"
        ),
        metric=right,
        metric_name="accuracy",
        chance=1 / 6,
        ceiling=1.0,
        target=0.8,
        loss_chance=math.log(6),
    )


SITUATIONS = (
    Situation(
        name="probabilities_for_logarithms",
        set="choose",
        story="KLDivLoss is given a softmax, where it wants the logarithm of one.",
        cause="other_goal",
        task=f"{HERE}blends",
        network="reported_situations.parts:two_layers",
        hyperparameters={**ADAM, "logarithms": ["no", "yes"]},
        steps=300,
        fix={"logarithms": "yes"},
    ),
    Situation(
        name="focal_weight_of_two",
        set="report",
        story="A focal loss with alpha = 2: its other weight, 1 - alpha, rewards mistakes.",
        cause="other_goal",
        also=("unbounded_loss",),
        task=f"{HERE}lesions",
        network="reported_situations.parts:two_layers",
        hyperparameters={**ADAM, "weight_of_ill": [2.0, 0.25]},
        steps=300,
        fix={"weight_of_ill": 0.25},
    ),
    Situation(
        name="counted_from_one",
        set="report",
        story="The loss counts labels from 0 and the metric from 1: it falls, accuracy is 0.",
        cause="other_goal",
        task=f"{HERE}grades",
        network="reported_situations.parts:two_layers",
        hyperparameters={**ADAM, "first": [0, 1]},
        steps=300,
        fix={"first": 1},
    ),
)
