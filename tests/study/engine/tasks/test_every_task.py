"""What holds for every built-in task."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable

import pytest
import torch

from search_spaces.catalogue import CATALOGUE
from study.engine import TASKS, Task, task_parameters

NAMES = sorted(set(TASKS) - {"torchvision", "image_folder", "table"})

MakeTask = Callable[[str], Task]


@pytest.mark.parametrize("name", NAMES)
def test_data_is_the_same_every_time_and_draws_no_global_randomness(
    name: str, make_anew: MakeTask
) -> None:
    torch.manual_seed(7)
    before = torch.get_rng_state()
    one = make_anew(name)
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(8)
    two = make_anew(name)
    assert torch.equal(one.inputs, two.inputs) and torch.equal(one.targets, two.targets)
    assert one.name == name


@pytest.mark.parametrize("name", NAMES)
def test_loss_and_metric_are_by_example(name: str, make_built_in: MakeTask) -> None:
    task = make_built_in(name)
    steps = () if task.output_at == "example" else task.targets.shape[1:]
    outputs = torch.randn(3, *steps, task.outputs, dtype=torch.float64, requires_grad=True)
    targets = task.targets[:3]
    loss, metric = task.loss(outputs, targets), task.metric(outputs.detach(), targets)
    assert loss.shape == metric.shape == (3,)
    loss[1].backward()  # an example's loss depends on its own outputs alone
    gradient = outputs.grad
    assert gradient is not None
    moved = gradient.flatten(1).abs().sum(dim=1) > 0
    assert moved.tolist() == [False, True, False]


@pytest.mark.parametrize("name", NAMES)
def test_the_target_lies_between_chance_and_ceiling(name: str, make_built_in: MakeTask) -> None:
    task = make_built_in(name)
    way = (task.target - task.chance) / (task.ceiling - task.chance)
    assert 0.05 < way < 1  # above what counts as stalled
    assert task.loss_chance > 0 and math.isfinite(task.loss_chance)


@pytest.mark.parametrize("name", NAMES)
def test_inputs_are_what_networks_expect(name: str, make_built_in: MakeTask) -> None:
    task = make_built_in(name)
    if task.vocabulary is not None:
        assert task.inputs.ndim == 2 and task.inputs.dtype == torch.int64
        assert task.inputs.min() == 0 and task.inputs.max() == task.vocabulary - 1
    else:
        assert task.inputs.is_floating_point() and task.inputs.isfinite().all()
    if not task.targets.is_floating_point():
        assert task.targets.dtype == torch.int64
        assert task.targets.min() >= 0 and task.targets.max() < task.outputs


@pytest.mark.parametrize("name", TASKS)
def test_its_hyperparameters_are_the_catalogues(name: str) -> None:
    parameters = inspect.signature(TASKS[name]).parameters
    assert set(task_parameters(TASKS[name])) == set(parameters)
    for hyperparameter in CATALOGUE.values():
        has = name in (hyperparameter.tasks or ())
        # An option of the same name would be given the network's width or the like.
        assert (hyperparameter.name in parameters) == has, hyperparameter.name
        if has:
            assert parameters[hyperparameter.name].default == hyperparameter.default


@pytest.mark.parametrize("name", TASKS)
def test_its_options_have_types_that_a_study_file_can_write(name: str) -> None:
    for parameter in task_parameters(TASKS[name]).values():
        assert parameter.annotation is not object, parameter.name
