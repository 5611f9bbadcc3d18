from __future__ import annotations

import random
import sys
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from study.engine import Task
from study.engine.cohort.initial_networks import starting_point
from study.engine.networks.random_state import position, seeded
from tests.study.engine.conftest import make_trial


def draw() -> tuple[float, float]:
    return random.random(), float(np.random.rand())


def test_draws_are_a_function_of_the_seed_and_leave_no_trace() -> None:
    random.seed(7)
    np.random.seed(7)
    expected = draw()
    random.seed(7)
    np.random.seed(7)
    with seeded(1):
        first = draw()
    with pytest.raises(KeyError), seeded(2**40 + 1):
        other = draw()
        raise KeyError
    with seeded(1):
        again = draw()
    assert first == again != other
    assert draw() == expected


@pytest.mark.parametrize("drawing", [random.random, np.random.rand])
def test_a_draw_moves_the_position(drawing: Any) -> None:
    before = position()
    assert position() == before
    drawing()
    assert position() != before


def test_a_network_that_numpy_initializes_is_a_function_of_its_seed(digits: Task) -> None:
    """Only torch's generator was seeded once: such networks differed from run to run."""

    def network(hyperparameters: Mapping[str, Any], task: Task) -> nn.Module:
        layer = nn.Linear(task.features, task.outputs)
        with torch.no_grad():
            layer.weight.copy_(torch.from_numpy(np.random.randn(*layer.weight.shape)))
            layer.bias.fill_(random.random())
        return nn.Sequential(nn.Flatten(), layer)

    trials = [make_trial(number, initialization="torch_default") for number in range(3)]
    together = starting_point(trials, digits, network).parameters
    alone = starting_point(trials[2:], digits, network).parameters[0]
    for name, value in alone.items():
        assert torch.equal(together[2][name], value)
        assert not torch.equal(together[1][name], value)


def test_the_engine_does_not_import_keras(digits: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    # Wherever other tests had imported it, this one was skipped or failed.
    monkeypatch.delitem(sys.modules, "keras", raising=False)
    starting_point([make_trial(0)], digits, lambda values, task: nn.Linear(8, 10))
    assert "keras" not in sys.modules
