"""Inputs, targets and outputs whose scales do not fit each other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from reported_situations.parts import (
    clusters,
    convolutional,
    perceptron,
    regression,
    seeded,
    stripes,
)
from reported_situations.situation import Situation
from study import Task, classification

BITS = 255.0


def bytes_of_photos(*, divided_by: float = 1.0) -> Task:
    """Images as a camera stores them, 0 to 255."""
    images, labels = stripes(examples=1500, seed=1)
    return classification("photos", BITS * images / divided_by, labels, classes=4, target=0.9)


def small_cnn(hyperparameters: Mapping[str, Any], task: Task) -> nn.Module:
    return convolutional(task.outputs)


def customers() -> Task:
    """Age, income, balance, a ratio: who leaves depends on each column about equally."""
    generator = seeded(2)
    plain = torch.randn(3000, 6, generator=generator)
    labels = (plain @ torch.tensor([1.0, -1.2, 0.8, 1.5, -0.7, 1.0]) > 0).long()
    scale = torch.tensor([12.0, 25000.0, 60000.0, 0.1, 3.0, 400.0])
    centre = torch.tensor([40.0, 52000.0, 80000.0, 0.3, 5.0, 650.0])
    return classification("customers", centre + scale * plain, labels, classes=2, target=0.9)


def tanh_layers(hyperparameters: Mapping[str, Any], task: Task) -> nn.Module:
    return perceptron([task.features, 48, 48, task.outputs], "tanh")


def relu_layers(hyperparameters: Mapping[str, Any], task: Task) -> nn.Module:
    return perceptron([task.features, 48, 48, task.outputs], "relu")


def years() -> Task:
    """A calendar year and a day of the year, and whether demand is high."""
    generator = seeded(3)
    year = torch.randint(1990, 2021, (2000, 1), generator=generator).float()
    day = torch.randint(0, 365, (2000, 1), generator=generator).float()
    high = (year - 2005) / 9 + torch.sin(2 * torch.pi * day / 365) > 0
    return classification(
        "years", torch.cat([year, day], 1), high[:, 0].long(), classes=2, target=0.9
    )


def quartic() -> Task:
    """A calibration curve x^4 in raw units."""
    x = 200 * torch.rand(2000, 1, generator=seeded(4)) - 100
    return regression("quartic", x, x**4, target=0.9)


def sigmoid_elu(hyperparameters: Mapping[str, Any], task: Task) -> nn.Module:
    return nn.Sequential(
        nn.Linear(1, 40), nn.Sigmoid(), nn.Linear(40, 20), nn.ELU(), nn.Linear(20, 1)
    )


def smooth(*, scale: float, centre: float = 0.0) -> Task:
    """A smooth function of eight features, in a unit that only the person knows."""
    generator = seeded(5)
    x = torch.randn(2000, 8, generator=generator)
    y = torch.tanh(x @ torch.randn(8, 3, generator=generator) / 3) @ torch.ones(3, 1)
    return regression("smooth", x, centre + scale * y / y.std(), target=0.8)


def stripes_as_days() -> Task:
    """Ages in days, read from images: tens of thousands."""
    images, labels = stripes(examples=1500, seed=6)
    days = 8000.0 + 6000.0 * labels[:, None]
    return regression("ages", (images - 0.5) / 0.27, days, target=0.8)


HEADS = {
    "linear": nn.Identity,
    "relu": nn.ReLU,
    "sigmoid": nn.Sigmoid,
    "softmax": lambda: nn.Softmax(dim=1),
    "tanh": nn.Tanh,
}


def headed(hyperparameters: Mapping[str, Any], task: Task) -> nn.Module:
    """Two hidden layers, and at the end what a tutorial had there."""
    body = perceptron([task.features, 64, 64, task.outputs])
    return nn.Sequential(*body, HEADS[hyperparameters["last_step"]]())


def clicks() -> Task:
    generator = seeded(7)
    x = torch.randn(2000, 30, generator=generator)
    labels = (x @ torch.randn(30, 7, generator=generator)).argmax(1)
    return classification("clicks", x, labels, classes=7, target=0.8)


def returns() -> Task:
    """Daily returns in standard units: as often below zero as above."""
    return smooth(scale=1.0)


def sensors() -> Task:
    """Standardized sensor readings that an autoencoder is to give back."""
    generator = seeded(8)
    x = torch.randn(2000, 4, generator=generator) @ torch.randn(4, 20, generator=generator)
    x = x / x.std()
    return regression("sensors", x, x, target=0.8)


def two_sides() -> Task:
    """Yes or no with one output, as binary cross-entropy on logits wants it."""
    x, labels = clusters(examples=2000, features=12, classes=2, distance=0.8, seed=9)

    def loss(outputs: Tensor, targets: Tensor) -> Tensor:
        return nn.functional.binary_cross_entropy_with_logits(
            outputs, targets, reduction="none"
        ).mean(1)

    def right(outputs: Tensor, targets: Tensor) -> Tensor:
        return ((outputs > 0) == (targets > 0.5)).double().mean(1)

    share = float(labels.double().mean())
    return Task(
        name="two sides",
        inputs=x,
        targets=labels[:, None].float(),
        outputs=1,
        loss=loss,
        metric=right,
        metric_name="accuracy",
        chance=max(share, 1 - share),
        ceiling=1.0,
        target=0.9,
        loss_chance=0.693,
    )


HERE = "reported_situations.scales:"
INPUTS = {"standardize": "inputs"}
TARGETS = {"standardize": "targets"}
BOTH = {"standardize": "both"}
SGD = {"optimizer": "sgd", "batch_size": 64}
ADAM = {"optimizer": "adam", "batch_size": 64}

SITUATIONS = (
    Situation(
        name="photo_bytes",
        set="choose",
        story="A CNN on images 0..255: the loss jumps to thousands and then sits at chance.",
        cause="input_scale",
        task=f"{HERE}bytes_of_photos",
        network=f"{HERE}small_cnn",
        hyperparameters={**SGD, "learning_rate": 0.05, "initialization": "he_normal"},
        steps=200,
        fix=INPUTS,
    ),
    Situation(
        name="customer_columns",
        set="report",
        story="Churn from raw columns, some in tens of thousands: accuracy stays at chance.",
        cause="input_scale",
        task=f"{HERE}customers",
        network=f"{HERE}tanh_layers",
        hyperparameters={**SGD, "learning_rate": 0.1},
        steps=300,
        fix=INPUTS,
    ),
    Situation(
        name="calendar_years",
        set="choose",
        story="The year is an input, 1990 to 2020: the network sees one large constant.",
        cause="input_scale",
        task=f"{HERE}years",
        network=f"{HERE}tanh_layers",
        hyperparameters={**ADAM, "learning_rate": 0.003},
        steps=300,
        fix=INPUTS,
    ),
    Situation(
        name="divided_twice",
        set="report",
        story="ToTensor has divided by 255 already, and the person does it again, and again.",
        cause="input_scale",
        task=f"{HERE}bytes_of_photos",
        network=f"{HERE}small_cnn",
        task_options={"divided_by": BITS**2},
        hyperparameters={**SGD, "learning_rate": 0.05, "initialization": "he_normal"},
        steps=300,
        fix=INPUTS,
    ),
    Situation(
        name="quartic",
        set="choose",
        story="x^4 over -100 to 100 in raw units: sigmoids saturate, 1e8 is out of reach.",
        cause="target_scale",
        also=("input_scale",),
        task=f"{HERE}quartic",
        network=f"{HERE}sigmoid_elu",
        hyperparameters={
            "optimizer": "adam",
            "batch_size": 50,
            "learning_rate": 0.01,
            "initialization": "xavier_uniform",
        },
        steps=500,
        fix=BOTH,
    ),
    Situation(
        name="house_prices",
        set="choose",
        story="Prices in dollars with Adam at 1e-3: the loss is 1e10 and hardly moves.",
        cause="target_scale",
        task=f"{HERE}smooth",
        network=f"{HERE}relu_layers",
        task_options={"scale": 80_000.0, "centre": 250_000.0},
        hyperparameters={**ADAM, "learning_rate": 0.003},
        steps=300,
        fix=TARGETS,
        other_fixes=(BOTH,),
    ),
    Situation(
        name="sales_in_units",
        set="report",
        story="Thousands of units sold, SGD at 0.01: NaN after a few steps.",
        cause="target_scale",
        task=f"{HERE}smooth",
        network=f"{HERE}relu_layers",
        task_options={"scale": 3_000.0, "centre": 5_000.0},
        hyperparameters={**SGD, "learning_rate": 0.03},
        steps=300,
        fix=TARGETS,
        other_fixes=(BOTH,),
    ),
    Situation(
        name="tiny_currents",
        set="choose",
        story="Currents in ampere, 1e-4: the loss is 1e-4 at once and never gets better.",
        cause="target_scale",
        task=f"{HERE}smooth",
        network=f"{HERE}relu_layers",
        task_options={"scale": 1e-4},
        hyperparameters={**ADAM, "learning_rate": 0.003},
        steps=300,
        fix=TARGETS,
        other_fixes=(BOTH,),
    ),
    Situation(
        name="age_in_days",
        set="report",
        story="A CNN is to say an age in days: the predictions creep up by one a step.",
        cause="target_scale",
        task=f"{HERE}stripes_as_days",
        network=f"{HERE}small_cnn",
        hyperparameters={**ADAM, "learning_rate": 0.003},
        steps=300,
        fix=TARGETS,
        other_fixes=(BOTH,),
    ),
    Situation(
        name="softmax_twice",
        set="choose",
        story="Softmax as in every tutorial, under a loss that expects logits.",
        cause="bounded_outputs",
        task=f"{HERE}clicks",
        network=f"{HERE}headed",
        hyperparameters={**SGD, "learning_rate": 0.3, "last_step": ["softmax", "linear"]},
        steps=300,
        fix={"last_step": "linear"},
    ),
    Situation(
        name="sigmoid_autoencoder",
        set="report",
        story="An autoencoder with sigmoid outputs on standardized data: half is out of reach.",
        cause="bounded_outputs",
        task=f"{HERE}sensors",
        network=f"{HERE}headed",
        hyperparameters={**ADAM, "learning_rate": 0.003, "last_step": ["sigmoid", "linear"]},
        steps=300,
        fix={"last_step": "linear"},
    ),
    Situation(
        name="relu_output",
        set="choose",
        story="The activation after every layer, the last one too: no prediction is negative.",
        cause="bounded_outputs",
        task=f"{HERE}returns",
        network=f"{HERE}headed",
        hyperparameters={**ADAM, "learning_rate": 0.003, "last_step": ["relu", "linear"]},
        steps=300,
        fix={"last_step": "linear"},
    ),
    Situation(
        name="sigmoid_twice",
        set="report",
        story="A sigmoid under binary cross-entropy on logits: every answer is yes.",
        cause="bounded_outputs",
        task=f"{HERE}two_sides",
        network=f"{HERE}headed",
        hyperparameters={**SGD, "learning_rate": 0.1, "last_step": ["sigmoid", "linear"]},
        steps=300,
        fix={"last_step": "linear"},
    ),
)
