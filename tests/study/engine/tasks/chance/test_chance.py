"""Chance levels against the best constant prediction, found by minimizing the loss."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from study.engine import TASKS, Task
from tests.study.engine.tasks.conftest import best_constant


@pytest.mark.parametrize(
    ("name", "tolerance"),
    [
        ("digits", 1e-6),
        ("idx_images", 1e-6),
        ("temporal_order", 1e-6),
        ("teacher", 1e-5),
        ("adding", 0.05),  # 1/6 is the variance itself, not that of these examples
    ],
)
def test_one_answer_an_example(
    name: str, tolerance: float, make_built_in: Callable[[str], Task]
) -> None:
    task = make_built_in(name)
    guess = best_constant(task, 1, task.outputs)
    loss = task.loss(guess, task.targets).mean().item()
    metric = task.metric(guess, task.targets).mean().item()
    assert loss == pytest.approx(task.loss_chance, rel=tolerance)
    assert metric == pytest.approx(task.chance, rel=tolerance, abs=1e-6)


def test_text() -> None:
    task = TASKS["text"](characters=5_000)
    guess = best_constant(task, 1, 1, task.outputs)
    assert task.loss(guess, task.targets).mean().item() == pytest.approx(
        task.loss_chance, rel=1e-3
    )
    assert task.metric(guess, task.targets).mean().item() == pytest.approx(task.chance)


@pytest.mark.parametrize("pause", [5, 40])
def test_copy_by_one_who_knows_the_time_but_remembers_nothing(pause: int) -> None:
    task = TASKS["copy"](sequence_length=pause, examples=1000)
    guess = best_constant(task, 1, pause + 20, task.outputs)
    # A little below: the fit also learns which symbols these examples have by luck.
    loss = task.loss(guess, task.targets).mean().item()
    assert 0.995 * task.loss_chance < loss < task.loss_chance
    assert task.metric(guess, task.targets).mean().item() == pytest.approx(1 / 8, abs=0.03)


@pytest.mark.parametrize(("name", "said"), [("reverse", 12), ("marked_copy", 3)])
def test_what_is_said_by_one_who_knows_the_time_but_has_not_read(name: str, said: int) -> None:
    task = TASKS[name](sequence_length=12, examples=3000)
    guess = best_constant(task, 1, 13 + said, task.outputs)
    loss = task.loss(guess, task.targets).mean().item()
    assert 0.995 * task.loss_chance < loss < task.loss_chance
    assert task.metric(guess, task.targets).mean().item() == pytest.approx(1 / 8, abs=0.02)


@pytest.mark.parametrize("name", ["dates", pytest.param("translation", marks=pytest.mark.slow)])
def test_what_is_translated_by_one_who_knows_the_time_but_has_not_read(name: str) -> None:
    task = TASKS[name](examples=2000)
    guess = best_constant(task, 1, task.inputs.shape[1], task.outputs)
    loss = task.loss(guess, task.targets).mean().item()
    assert loss == pytest.approx(task.loss_chance, rel=0.02)  # zeros are approached for ever
    blank = torch.zeros(task.outputs)
    blank[0] = 1e3  # never right
    assert task.metric(guess - blank, task.targets).mean().item() == pytest.approx(
        task.chance, abs=0.01
    )


def test_segmentation() -> None:
    task = TASKS["segmentation"](examples=500)
    guess = best_constant(task, 1, task.outputs)
    loss = task.loss(guess, task.targets).mean().item()
    assert loss == pytest.approx(task.loss_chance, rel=0.01)
    everywhere = torch.zeros(3, 1, task.outputs).unflatten(2, (4, -1))
    for kind in range(3):
        everywhere[kind, 0, kind + 1] = 1.0
    found = [
        task.metric(each.flatten(1).expand(500, -1), task.targets).mean().item()
        for each in everywhere
    ]
    assert task.chance == pytest.approx(max(found)) and min(found) > 0.05


def test_quadratic_at_random_weights() -> None:
    task = TASKS["quadratic"](eigenvalues=[1.0, 2.0, 9.0])
    generator = torch.Generator().manual_seed(0)
    weights = torch.randn(200_000, 3, generator=generator, dtype=torch.float64) / 3**0.5
    outputs = weights @ task.inputs.T
    loss = task.loss(outputs.reshape(-1, 1), torch.zeros(600_000, 1)).mean().item()
    assert loss == pytest.approx(task.loss_chance, rel=0.02)
    assert task.chance == task.loss_chance == 2.0
