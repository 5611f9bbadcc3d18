"""What clipping and optimizers write to belongs to one parameter only."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from study.engine import Task, train_cohort
from study.engine.cohort.gradients import separate
from tests.study.engine.conftest import make_trial


class Sum(nn.Module):
    """A weight that is a sum of two, and a gain without axes."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(10, 64) / 8)
        self.change = nn.Parameter(torch.zeros(10, 64))
        self.gain = nn.Parameter(torch.ones(()))

    def forward(self, inputs: Tensor) -> Tensor:
        return self.gain * (inputs.flatten(1) @ (self.weight + self.change).T)


def test_gradients_of_one_tensor_are_parted_and_others_are_left() -> None:
    weight, change = (torch.zeros(3, requires_grad=True) for _ in range(2))
    bias = torch.zeros(2, 3, requires_grad=True)
    loss = (weight + change + 0.5).square().sum() + bias.sum()
    given = torch.autograd.grad(loss, [weight, change, bias])
    assert given[0].data_ptr() == given[1].data_ptr() and given[2].stride() == (0, 0)
    own = separate(given)
    for one in own:
        assert (one == 1).all()
    for one in own:
        one += torch.arange(3)
    assert [one.tolist() for one in own] == [[1, 2, 3], [1, 2, 3], [[1, 2, 3], [1, 2, 3]]]
    alone = torch.ones(2, 3).T
    assert separate([alone])[0] is alone


def test_sums_of_parameters_train_alike_in_both_executions(digits: Task) -> None:
    """The update of one of the two was once applied to a gradient already scaled."""
    trials = [
        make_trial(number, initialization="torch_default", clip_norm=0.1, clip_agc=agc)
        for number, agc in enumerate(("none", 0.05, 0.5))
    ]
    vectorized, looped = (
        train_cohort(
            trials, task=digits, network=lambda values, task: Sum(), steps=8, execution=execution
        )
        for execution in ("vectorized", "looped")
    )
    np.testing.assert_allclose(vectorized.loss, looped.loss, rtol=1e-9)
    assert (vectorized.loss[:, -1] != vectorized.loss[:, 0]).all()
