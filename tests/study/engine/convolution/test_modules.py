"""The fast convolutions behind any network's modules."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap

from study.engine import NETWORKS, Task, train_cohort
from study.engine.convolution import use_batched_convolutions
from tests.study.engine.networks.cohorts import image_task, trials_of

TASK = image_task()


class Own(nn.Module):
    """A network of one's own: a stride, a 1 x 1 convolution, a bare 3 x 3, two calls of one."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(2, 8, 5, stride=2, padding=2)
        self.second = nn.Conv2d(8, 8, 1, bias=False)
        self.third = nn.Conv2d(8, 8, (3, 1), padding=(1, 0))
        self.act = nn.Tanh()
        self.output = nn.Linear(8, 3)

    def forward(self, inputs: Tensor) -> Tensor:
        h = self.act(self.second(self.first(inputs)))
        h = self.third(self.third(h))
        outputs: Tensor = self.output(h.mean(dim=(2, 3)))
        return outputs


def results(module: nn.Module) -> list[Tensor]:
    """Outputs and gradients of three trials together."""
    torch.manual_seed(1)
    parameters = {
        name: (value.detach() + 0.1 * torch.randn(3, *value.shape).double()).requires_grad_()
        for name, value in module.named_parameters()
    }
    inputs = TASK.inputs[:12].unflatten(0, (3, 4))
    outputs = vmap(lambda p, x: functional_call(module, p, (x,)))(parameters, inputs)
    gradients = torch.autograd.grad(outputs.square().sum(), list(parameters.values()))
    return [outputs, *gradients]


@pytest.mark.parametrize("name", ["own", "cnn", "resnet", "densenet"])
def test_numbers_stay_as_they_are(name: str) -> None:
    values = {"depth": 3, "width": 8, "growth_rate": 8, "activation": "tanh"}
    torch.manual_seed(0)
    module = Own() if name == "own" else NETWORKS[name](values, TASK)
    module = module.double()
    changed = copy.deepcopy(module)
    found = sum(type(one) is nn.Conv2d for one in module.modules())
    assert use_batched_convolutions(changed) == found > 2
    assert use_batched_convolutions(changed) == found
    for got, expected in zip(results(changed), results(module), strict=True):
        torch.testing.assert_close(got, expected)
    copied = copy.deepcopy(changed)
    for parameter in changed.parameters():
        parameter.data.zero_()
    torch.testing.assert_close(copied(TASK.inputs), module(TASK.inputs))


def test_training_is_the_same() -> None:
    def fast(hyperparameters: Any, task: Task) -> nn.Module:
        module = NETWORKS["resnet"](hyperparameters, task)
        use_batched_convolutions(module)
        return module

    trials = trials_of(normalization="batch")
    plain, changed = (
        train_cohort(trials, task=TASK, network=network, steps=4, execution="vectorized")
        for network in (NETWORKS["resnet"], fast)
    )
    assert plain.loss == pytest.approx(changed.loss, rel=1e-9)
    for name, figures in plain.by_layer.items():
        assert changed.by_layer[name] == pytest.approx(figures, rel=1e-7, nan_ok=True), name


def test_convolutions_of_another_kind_are_left_alone() -> None:
    class Shifted(nn.Conv2d):
        pass

    module = nn.Sequential(
        nn.Conv2d(4, 4, 3, groups=2),
        nn.Conv2d(4, 4, 3, dilation=2),
        nn.Conv2d(4, 4, 3, padding=1, padding_mode="circular"),
        nn.Conv2d(4, 4, 3, padding="same"),
        nn.ConvTranspose2d(4, 4, 3),
        nn.Conv1d(4, 4, 3),
        Shifted(4, 4, 3),
    )
    assert use_batched_convolutions(module) == 0


def test_one_image_without_a_batch_is_convolved_too() -> None:
    module = nn.Sequential(nn.Conv2d(2, 3, 3)).double()
    expected = module(TASK.inputs[0])
    use_batched_convolutions(module)
    torch.testing.assert_close(module(TASK.inputs[0]), expected)
