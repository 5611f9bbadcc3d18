"""Class weights of a task of one's own data and loss, against torch's own weights."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from study.engine import NetworkError, Task, batch_task, make_task, train_cohort
from study.engine.cohort.batches import BatchOrder
from study.engine.seeds import module_seed
from study.engine.tasks import DataError, TaskError
from tests.study.engine.tasks.feeding.test_batch_task import numbers, trials

RARE = (torch.arange(96) % 8 == 0).long()
"""One in eight."""

BALANCED = {"class_weights": "balanced"}

STEPS = 6


class Two(nn.Module):
    """Two inputs, classes by name."""

    def __init__(self) -> None:
        super().__init__()
        self.readout = nn.Linear(11, 2)

    def forward(self, first: Tensor, second: Tensor) -> dict[str, Tensor]:
        return {"logits": self.readout(torch.cat([first, second], dim=1))}


def by_example(outputs: dict[str, Tensor], targets: Any) -> Tensor:
    labels = targets["class"] if isinstance(targets, dict) else targets
    return functional.cross_entropy(outputs["logits"], labels, reduction="none")


def rare(**options: Any) -> Callable[[], Task]:
    data = (numbers(96, 6), numbers(96, 5, seed=1)), options.pop("targets", RARE)
    settings = {"loss": by_example, "loss_chance": math.log(2), **options}
    return lambda: batch_task("rare", data, **settings)


@pytest.mark.parametrize("execution", ["vectorized", "looped"])
@pytest.mark.parametrize("named", [False, True])
def test_training_is_that_of_torchs_weights(execution: str, named: bool) -> None:
    made = rare(targets={"class": RARE}, labels=RARE) if named else rare()
    task = make_task(made, {}, BALANCED)
    (trial,) = trials(1)
    record = train_cohort(
        [trial],
        task=task,
        network=lambda hyperparameters, task: Two(),
        steps=STEPS,
        execution=execution,
    )
    torch.manual_seed(module_seed(trial.seed))
    network = Two().double()
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1)
    weight = torch.tensor([96 / (2 * 84), 96 / (2 * 12)], dtype=torch.float64)
    batches = BatchOrder([trial.seed], examples=96, batch_size=16, device=torch.device("cpu"))
    expected = []
    for step in range(STEPS):
        rows = batches.batch(step)[0]
        logits = network(numbers(96, 6)[rows], numbers(96, 5, seed=1)[rows])["logits"]
        # torch's own mean divides by the sum of the weights of the batch.
        loss = functional.cross_entropy(logits, RARE[rows], weight, reduction="none").mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        expected.append(loss.item())
    np.testing.assert_allclose(record.loss[0], expected, rtol=1e-9)


def test_the_loss_by_chance_is_that_of_equal_labels() -> None:
    entropy = -(1 / 8 * math.log(1 / 8) + 7 / 8 * math.log(7 / 8))
    task = make_task(rare(loss_chance=entropy), {}, BALANCED)
    assert task.loss_chance == pytest.approx(math.log(2))
    assert make_task(rare(loss_chance=entropy)).loss_chance == pytest.approx(entropy)


@pytest.mark.parametrize("beside", [{}, BALANCED])
def test_a_change_of_the_loss_that_is_not_made_is_refused(beside: dict[str, str]) -> None:
    # Beside class weights it was left out in silence.
    with pytest.raises(TaskError, match="whose data and loss are its own") as refused:
        make_task(rare(), {}, {**beside, "z_loss": 1e-4})
    assert refused.value.parameter == "z_loss"


def test_what_cannot_be_weighted_is_refused_in_one_line() -> None:
    for made, rule in (
        (rare(targets={"class": RARE}), "labels=..."),
        (rare(loss_chance=3.0), r"log\(labels\) = 0.6931 or their entropy, 0.3768"),
    ):
        with pytest.raises(TaskError, match=rule) as refused:
            make_task(made, {}, BALANCED)
        assert refused.value.parameter == "class_weights"
    with pytest.raises(DataError, match="one of each of 96 examples, but got"):
        rare(labels=RARE[:5])()
    whole = rare(loss=lambda outputs, targets: by_example(outputs, targets).mean())
    with pytest.raises(NetworkError, match="one number for the whole batch"):
        train_cohort(
            trials(1),
            task=make_task(whole, {}, BALANCED),
            network=lambda hyperparameters, task: Two(),
            steps=1,
        )
