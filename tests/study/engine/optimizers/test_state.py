"""An optimizer goes on, bit for bit, from the state it has saved."""

from __future__ import annotations

import io

import pytest
import torch
from torch import Tensor

from study.engine.optimizers import State
from tests.study.engine.optimizers.conftest import (
    HYPERPARAMETERS,
    NONE_USED,
    K,
    blocks,
    cohort,
    steps,
    take,
)


def through_a_file(state: State) -> State:
    file = io.BytesIO()
    torch.save(state, file)
    file.seek(0)
    loaded: State = torch.load(file, weights_only=True)
    return loaded


def equal(ones: list[Tensor], others: list[Tensor]) -> bool:
    return all(torch.equal(one, other) for one, other in zip(ones, others, strict=True))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", HYPERPARAMETERS)
def test_ten_steps_and_ten_more_are_twenty(name: str, dtype: torch.dtype) -> None:
    settings = HYPERPARAMETERS[name]
    whole, twice = blocks(dtype), blocks(dtype)
    optimizer = cohort(name, settings, dtype)
    for step in steps(20, dtype):
        take(optimizer, whole, step)
    optimizer = cohort(name, settings, dtype)
    for number, step in enumerate(steps(20, dtype)):
        if number == 10:
            saved = through_a_file(optimizer.state())
            optimizer = cohort(name, settings, dtype)
            optimizer.load(saved)
        take(optimizer, twice, step)
    assert equal(whole, twice)


@pytest.mark.parametrize("name", HYPERPARAMETERS)
def test_a_state_is_needed_to_go_on(name: str) -> None:
    """The proof that the test above can fail."""
    whole, twice = blocks(torch.float64), blocks(torch.float64)
    optimizer = cohort(name, HYPERPARAMETERS[name], torch.float64)
    for step in steps(4, torch.float64):
        take(optimizer, whole, step)
    for number, step in enumerate(steps(4, torch.float64)):
        if number in (0, 2):
            optimizer = cohort(name, HYPERPARAMETERS[name], torch.float64)
        take(optimizer, twice, step)
    assert not equal(whole, twice)


@pytest.mark.parametrize("name", HYPERPARAMETERS)
def test_a_state_may_be_of_the_trials_that_are_left(name: str) -> None:
    settings, left = HYPERPARAMETERS[name], torch.tensor([1, 3])
    optimizer, parameters = cohort(name, settings, torch.float64), blocks(torch.float64)
    first, second = steps(2, torch.float64)
    take(optimizer, parameters, first)
    optimizer.keep(left)
    resumed = cohort(name, settings, torch.float64)
    resumed.keep(left)
    resumed.load(through_a_file(optimizer.state()))
    ones, others = ([value[:, left] for value in parameters] for _ in range(2))
    for one, values in ((optimizer, ones), (resumed, others)):
        one.step(
            values,
            [gradient[:, left] for gradient in second.gradients],
            learning_rate_K=second.rate_K[left],
            gradient_scale_K=None,
        )
    assert equal(ones, others)


@pytest.mark.parametrize("name", HYPERPARAMETERS)
def test_a_loaded_state_is_left_as_it_was(name: str) -> None:
    optimizer, parameters = (
        cohort(name, HYPERPARAMETERS[name], torch.float64),
        blocks(torch.float64),
    )
    first, second = steps(2, torch.float64)
    take(optimizer, parameters, first)
    saved = through_a_file(optimizer.state())
    before = {key: [value.clone() for value in values] for key, values in saved.items()}
    optimizer.load(saved)
    take(optimizer, parameters, second)
    assert all(equal(saved[key], before[key]) for key in before)


def test_before_the_first_step_a_state_holds_no_memory() -> None:
    state = cohort("adam", HYPERPARAMETERS["adam"], torch.float32).state()
    assert {name: len(tensors) for name, tensors in state.items()} == {
        "steps": 1,
        "mean": 0,
        "square": 0,
    }
    assert int(state["steps"][0]) == 0


def test_an_optimizer_keeps_no_more_than_it_uses() -> None:
    for name, names in {"sgd": [], "rmsprop": ["square"], "adamw": ["mean", "square"]}.items():
        optimizer = cohort(name, NONE_USED[name], torch.float64)
        take(optimizer, blocks(torch.float64), next(steps(1, torch.float64)))
        assert list(optimizer.state()) == ["steps", *names]


def test_a_state_of_another_optimizer_is_refused() -> None:
    sgd = cohort("sgd", HYPERPARAMETERS["sgd"], torch.float64).state()
    with pytest.raises(ValueError, match="has mean, square, but got one with steps, momentum"):
        cohort("adam", HYPERPARAMETERS["adam"], torch.float64).load(sgd)
    with pytest.raises(ValueError, match="has steps, but got one with nothing"):
        cohort("adam", HYPERPARAMETERS["adam"], torch.float64).load({})


def test_a_state_of_other_trials_is_refused() -> None:
    optimizer = cohort("adam", HYPERPARAMETERS["adam"], torch.float64)
    take(optimizer, blocks(torch.float64), next(steps(1, torch.float64)))
    fewer = cohort("adam", HYPERPARAMETERS["adam"][:3], torch.float64)
    with pytest.raises(ValueError, match=f"must be of 3 trials, but its mean is of {K}"):
        fewer.load(optimizer.state())
