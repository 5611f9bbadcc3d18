"""Small tasks over time, and what every sequence network must show on them."""

from __future__ import annotations

import dataclasses

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from torch.nn.utils import clip_grad_norm_

from study.engine import NETWORKS, CohortRecord, Task, classification, train_cohort
from study.engine.cohort.batches import BatchOrder
from study.trial import Trial
from tests.study.engine.conftest import make_trial
from tests.study.engine.reference import initial_network

STEPS = 10
TRIALS = 8
EXAMPLES, LENGTH, CLASSES = 20, 5, 3


def vectors(*, features: int = 3, time_step: bool = False) -> Task:
    """Noise (N, T, F) with labels, one an example or one a time step."""
    generator = torch.Generator().manual_seed(3)
    shape = (EXAMPLES, LENGTH, features)
    inputs = torch.randn(shape, generator=generator, dtype=torch.float64)
    return _labelled(inputs, generator, time_step=time_step)


def tokens(*, time_step: bool = False) -> Task:
    """Random tokens (N, T) of a vocabulary of 6, with labels."""
    generator = torch.Generator().manual_seed(4)
    inputs = torch.randint(0, 6, (EXAMPLES, LENGTH), generator=generator)
    task = _labelled(inputs, generator, time_step=time_step)
    return dataclasses.replace(task, vocabulary=6)


def check(name: str, task: Task, **overrides: object) -> CohortRecord:
    """Trains a cohort of trials that differ in all that is fusible; compares each of them.

    With a plain loop of torch over the same module, and some with themselves alone. Every layer
    must have been measured: finite deltas above zero.
    """
    values = {"depth": 2, "width": 8, "batch_size": 5, "lr_decay": "constant", **overrides}
    trials = [make_trial(number, **values) for number in range(TRIALS)]
    network = NETWORKS[name]
    together = train_cohort(
        trials, task=task, network=network, steps=STEPS, execution="vectorized"
    )
    for index, trial in enumerate(trials):
        loss, grad_norm = _train_plainly(name, trial, task)
        np.testing.assert_allclose(together.loss[index], loss, rtol=1e-8)
        np.testing.assert_allclose(together.grad_norm[index], grad_norm, rtol=1e-7)
    for index in (0, TRIALS // 2, TRIALS - 1):
        alone = train_cohort(
            [trials[index]], task=task, network=network, steps=STEPS, execution="vectorized"
        )
        np.testing.assert_allclose(together.loss[index], alone.loss[0], rtol=1e-9)
        for quantity, expected in alone.by_layer.items():
            np.testing.assert_allclose(
                together.by_layer[quantity][index], expected[0], rtol=1e-6, atol=1e-12
            )
    delta = together.by_layer["delta_rms"]
    assert np.isfinite(delta).all() and (delta > 0).all()
    return together


def _labelled(inputs: Tensor, generator: torch.Generator, *, time_step: bool) -> Task:
    labels = torch.randint(0, CLASSES, (EXAMPLES, LENGTH), generator=generator)
    task = classification("noise", inputs, labels[:, 0], classes=CLASSES, target=0.9)
    if not time_step:
        return task
    return dataclasses.replace(
        task,
        targets=labels,
        output_at="time_step",
        loss=lambda outputs, targets: _by_step(outputs, targets).mean(dim=1),
        metric=lambda outputs, targets: (
            (outputs.argmax(dim=2) == targets).to(outputs.dtype).mean(dim=1)
        ),
    )


def _by_step(outputs: Tensor, targets: Tensor) -> Tensor:
    return functional.cross_entropy(outputs.transpose(1, 2), targets, reduction="none")


def _train_plainly(name: str, trial: Trial, task: Task) -> tuple[list[float], list[float]]:
    values = trial.hyperparameters
    module = initial_network(trial, task, torch.float64, name)
    optimizer = torch.optim.SGD(
        module.parameters(),
        lr=float(values["learning_rate"]),
        momentum=float(values["momentum"]),
        weight_decay=float(values["weight_decay"]),
    )
    order = BatchOrder(
        [trial.seed],
        examples=task.examples,
        batch_size=int(values["batch_size"]),
        device=torch.device("cpu"),
    )
    clip = values["clip_norm"]
    losses, norms = [], []
    for step in range(STEPS):
        batch = order.batch(step)[0]
        optimizer.zero_grad()
        loss = task.loss(module(task.inputs[batch]), task.targets[batch]).mean()
        loss.backward()
        norm = clip_grad_norm_(
            module.parameters(), float("inf") if clip == "none" else float(clip)
        )
        optimizer.step()
        losses.append(loss.item())
        norms.append(norm.item())
    return losses, norms
