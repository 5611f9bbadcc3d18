from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from study.engine import NETWORKS, NetworkError, Task
from study.engine.loss_surface import check_curvature
from tests.study.engine.conftest import make_trial
from tests.study.engine.execution import modules


class _Once(torch.autograd.Function):
    @staticmethod
    def forward(ctx, value: Tensor) -> Tensor:  # type: ignore[no-untyped-def]
        ctx.save_for_backward(value)
        return value * value

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, gradient: Tensor) -> Tensor:  # type: ignore[no-untyped-def]
        (value,) = ctx.saved_tensors
        return 2 * value * gradient


class Square(nn.Module):
    def __init__(self, features: int, outputs: int) -> None:
        super().__init__()
        self.linear = nn.Linear(features, outputs)

    def forward(self, inputs: Tensor) -> Tensor:
        output: Tensor = _Once.apply(self.linear(inputs.flatten(1)))
        return output


@pytest.mark.parametrize(
    "network", [NETWORKS["mlp"], modules.torch_lstm, modules.dropped, modules.counting]
)
def test_networks_with_a_curvature_pass_and_change_nothing(digits: Task, network) -> None:  # type: ignore[no-untyped-def]
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network(make_trial(0).hyperparameters, digits)
        after_building = torch.get_rng_state()
        torch.manual_seed(0)
        check_curvature(network, make_trial(0).hyperparameters, digits)
        assert torch.equal(torch.get_rng_state(), after_building)


def test_a_network_with_one_derivative_is_refused_with_the_cure(digits: Task) -> None:
    with pytest.raises(NetworkError, match="differentiate twice; choose statistics: standard"):
        check_curvature(lambda values, task: Square(task.features, task.outputs), {}, digits)
