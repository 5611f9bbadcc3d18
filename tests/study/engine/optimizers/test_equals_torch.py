"""Each optimizer equals torch.optim, trial by trial and step by step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from study.engine.cohort import chunks
from tests.study.engine.optimizers.conftest import (
    HYPERPARAMETERS,
    NONE_USED,
    K,
    Step,
    alone,
    blocks,
    cohort,
    steps,
    take,
)

STEPS = 20
BOTH = [*HYPERPARAMETERS.items(), *NONE_USED.items()]
BOTH_NAMES = [*HYPERPARAMETERS, *(f"{name}-unused" for name in NONE_USED)]


def of_trial(tensors: list[Tensor], trial: int) -> list[Tensor]:
    """One trial's parameters, one by one."""
    return [row[trial].clone() for block in tensors for row in block]


def by_torch(
    name: str, trial: int, settings: dict[str, Any], start: list[Tensor], taken: list[Step]
) -> list[list[Tensor]]:
    """Parameters of one trial after every step."""
    parameters = [value.requires_grad_() for value in of_trial(start, trial)]
    optimizer = alone(name, settings, parameters)
    after = []
    for step in taken:
        scale = 1.0 if step.scale_K is None else step.scale_K[trial].item()
        for parameter, gradient in zip(parameters, of_trial(step.gradients, trial), strict=True):
            parameter.grad = gradient * scale
        optimizer.param_groups[0]["lr"] = step.rate_K[trial].item()
        optimizer.step()
        after.append([parameter.detach().clone() for parameter in parameters])
    return after


def assert_equal_by_step(
    name: str,
    settings: list[dict[str, Any]],
    dtype: torch.dtype,
    *,
    layout: Callable[[Tensor, int], Tensor] = lambda tensor, step: tensor,
    **tolerance: float,
) -> None:
    start, taken = blocks(dtype), list(steps(STEPS, dtype))
    expected = [by_torch(name, trial, settings[trial], start, taken) for trial in range(K)]
    optimizer = cohort(name, settings, dtype)
    parameters = [layout(value.clone(), 0) for value in start]
    for number, step in enumerate(taken):
        optimizer.step(
            parameters,
            [layout(gradient.clone(), number) for gradient in step.gradients],
            learning_rate_K=step.rate_K,
            gradient_scale_K=step.scale_K,
        )
        for trial in range(K):
            got = of_trial(parameters, trial)
            for ours, theirs in zip(got, expected[trial][number], strict=True):
                torch.testing.assert_close(ours, theirs, **tolerance)


@pytest.mark.parametrize(("name", "settings"), BOTH, ids=BOTH_NAMES)
def test_every_step_in_double_precision(name: str, settings: list[dict[str, Any]]) -> None:
    assert_equal_by_step(name, settings, torch.float64, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(("name", "settings"), BOTH, ids=BOTH_NAMES)
def test_every_step_in_single_precision(name: str, settings: list[dict[str, Any]]) -> None:
    assert_equal_by_step(name, settings, torch.float32, rtol=2e-5, atol=2e-5)


def transposed(tensor: Tensor, step: int) -> Tensor:
    """The same numbers with the last two axes exchanged in memory, in some of the steps."""
    if tensor.ndim < 4 or step % 7 > 4:
        return tensor
    return tensor.transpose(-1, -2).contiguous().transpose(-1, -2)


@pytest.mark.parametrize("name", HYPERPARAMETERS)
def test_gradients_may_lie_otherwise_in_memory(name: str) -> None:
    settings = HYPERPARAMETERS[name]
    assert_equal_by_step(name, settings, torch.float64, layout=transposed, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("size", [1, 30, 50])
@pytest.mark.parametrize("name", HYPERPARAMETERS)
def test_the_size_of_the_chunks_changes_nothing(
    name: str, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def parameters() -> list[Tensor]:
        optimizer, values = (
            cohort(name, HYPERPARAMETERS[name], torch.float64),
            blocks(torch.float64),
        )
        for step in steps(3, torch.float64):
            take(optimizer, values, step)
        return values

    whole = parameters()
    monkeypatch.setattr(chunks, "CHUNK", size)
    for ours, expected in zip(parameters(), whole, strict=True):
        assert torch.equal(ours, expected)


@pytest.mark.parametrize("name", HYPERPARAMETERS)
def test_trials_that_are_kept_go_on_as_if_alone(name: str) -> None:
    """After 8 steps trial 2 leaves, after 14 trial 0, and the order changes."""
    settings, start = HYPERPARAMETERS[name], blocks(torch.float64)
    taken = list(steps(STEPS, torch.float64))
    optimizer, parameters = cohort(name, settings, torch.float64), [p.clone() for p in start]
    alive = torch.arange(K)
    for number, step in enumerate(taken):
        if number in (8, 14):
            slots = torch.tensor([3, 0, 1]) if number == 8 else torch.tensor([0, 2])
            optimizer.keep(slots)
            parameters = [value.index_select(1, slots) for value in parameters]
            alive = alive[slots]
        take(
            optimizer,
            parameters,
            Step(
                gradients=[gradient[:, alive] for gradient in step.gradients],
                rate_K=step.rate_K[alive],
                scale_K=None if step.scale_K is None else step.scale_K[alive],
            ),
        )
    assert alive.tolist() == [3, 1]
    for slot, trial in enumerate(alive.tolist()):
        expected = by_torch(name, trial, settings[trial], start, taken)[-1]
        for ours, theirs in zip(of_trial(parameters, slot), expected, strict=True):
            torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-12)


def test_a_trial_of_nans_leaves_its_neighbours_alone() -> None:
    for name, settings in HYPERPARAMETERS.items():
        values = {}
        for broken in (False, True):
            optimizer, parameters = cohort(name, settings, torch.float64), blocks(torch.float64)
            for step in steps(5, torch.float64):
                if broken:
                    for gradient in step.gradients:
                        gradient[:, 1] = float("nan")
                take(optimizer, parameters, step)
            values[broken] = parameters
        for clean, mixed in zip(values[False], values[True], strict=True):
            assert torch.equal(clean[:, [0, 2, 3]], mixed[:, [0, 2, 3]]), name
            # The sign of a NaN is 0: such a trial of lion stands still.
            assert mixed[:, 1].isnan().all() or name == "lion"


def test_a_learning_rate_of_zero_changes_nothing() -> None:
    for name, settings in HYPERPARAMETERS.items():
        parameters, start = blocks(torch.float32), blocks(torch.float32)
        for step in steps(2, torch.float32):
            still = Step(
                gradients=[g * 0 for g in step.gradients],
                rate_K=torch.zeros(K),
                scale_K=step.scale_K,
            )
            take(cohort(name, settings, torch.float32), parameters, still)
        assert all(torch.equal(a, b) for a, b in zip(parameters, start, strict=True)), name


def test_an_unknown_kind_of_momentum_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown momentum_kind 'up'; known: heavy_ball, nest"):
        cohort("sgd", [{"momentum_kind": "up"}], torch.float32)
