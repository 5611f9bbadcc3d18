"""Looking at a network leaves it as it is, and sees what was there whatever follows in place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from torch import Tensor, nn

from study.engine import CohortRecord, Task, train_cohort
from tests.study.engine.conftest import make_trial


class Plain(nn.Module):
    """A residual network as formulas have it."""

    def __init__(self, features: int, outputs: int) -> None:
        super().__init__()
        self.first = nn.Linear(features, 12)
        self.first_act: nn.Module = nn.ReLU()
        self.second = nn.Linear(12, 12)
        self.second_act = nn.GELU()
        self.readout = nn.Linear(12, outputs)

    def forward(self, inputs: Tensor) -> Tensor:
        hidden = self.first_act(self.first(inputs.flatten(1)))
        return self.readout(self.added(self.second_act(self.second(hidden)), hidden))

    def added(self, one: Tensor, other: Tensor) -> Tensor:
        return one + other


class InPlace(Plain):
    """The same numbers; a pre-activation and an activation are overwritten once seen."""

    def __init__(self, features: int, outputs: int) -> None:
        super().__init__(features, outputs)
        self.first_act = nn.ReLU(inplace=True)

    def added(self, one: Tensor, other: Tensor) -> Tensor:
        return one.add_(other)


def train(network: type[Plain], task: Task, execution: str) -> CohortRecord:
    def factory(hyperparameters: Mapping[str, Any], task: Task) -> nn.Module:
        return network(task.features, task.outputs)

    trials = [make_trial(number, initialization="he_normal") for number in range(3)]
    return train_cohort(trials, task=task, network=factory, steps=4, execution=execution)


@pytest.mark.parametrize("execution", ["vectorized", "looped"])
def test_what_is_overwritten_was_seen_before(digits: Task, execution: str) -> None:
    plain, in_place = (train(one, digits, execution) for one in (Plain, InPlace))
    np.testing.assert_allclose(in_place.loss, plain.loss, rtol=1e-12)
    for name, values in plain.by_layer.items():
        np.testing.assert_allclose(in_place.by_layer[name], values, rtol=1e-9, err_msg=name)


@pytest.mark.parametrize("execution", ["vectorized", "looped"])
def test_a_layer_that_the_loss_does_not_depend_on_is_unmeasured(
    digits: Task, execution: str
) -> None:
    class Unused(Plain):
        def forward(self, inputs: Tensor) -> Tensor:
            hidden = self.first_act(self.first(inputs.flatten(1)))
            self.second_act(self.second(hidden))
            return self.readout(hidden)

    record = train(Unused, digits, execution)
    assert [one.name for one in record.layers] == ["first", "second", "readout"]
    deltas = record.by_layer["delta_rms"]
    assert np.isnan(deltas[:, :, 1]).all() and np.isfinite(deltas[:, :, [0, 2]]).all()
    assert (record.by_layer["weight_grad_rms"][:, :, 1] == 0).all()
