"""The same recurrent network made of torch's own layers."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from study.engine import NETWORKS, Task

WIDTH, DEPTH = 6, 2


def check_equals_torch(name: str, twin: nn.RNNBase, task: Task, **hyperparameters: object) -> None:
    """Outputs and every gradient agree with those of torch's layers of the same weights.

    Args:
        name: Of the network.
        twin: Of `DEPTH` layers of `WIDTH` units, batch first, in float64.
        task: Vectors over time.
        hyperparameters: Of the network.
    """
    values = {"depth": DEPTH, "width": WIDTH, **hyperparameters}
    network = NETWORKS[name](values, task).double()
    parameters = dict(network.named_parameters())
    places: dict[str, str] = {}
    for layer in range(DEPTH):
        for ours, theirs in ((f"input_{layer + 1}", "ih"), (f"recurrent_{layer + 1}", "hh")):
            places[f"{ours}.weight"] = f"weight_{theirs}_l{layer}"
            if f"{ours}.bias" in parameters:
                places[f"{ours}.bias"] = f"bias_{theirs}_l{layer}"
    with torch.no_grad():
        for theirs, parameter in twin.named_parameters():
            parameter.zero_()
            for ours, index in places.items():
                if index == theirs:
                    parameter.copy_(parameters[ours])
    every_step = task.output_at == "time_step"

    def by_torch(inputs: Tensor) -> Tensor:
        hidden = twin(inputs)[0]
        outputs: Tensor = network.get_submodule("output")(hidden if every_step else hidden[:, -1])
        return outputs

    mine, theirs = task.inputs.clone().requires_grad_(), task.inputs.clone().requires_grad_()
    got, expected = network(mine), by_torch(theirs)
    torch.testing.assert_close(got, expected, rtol=0, atol=1e-10)
    direction = torch.randn_like(got)
    (got * direction).sum().backward()
    output_gradients = {
        key: value.grad.clone() for key, value in network.output.named_parameters()
    }
    network.output.zero_grad()
    (expected * direction).sum().backward()
    assert mine.grad is not None and theirs.grad is not None
    torch.testing.assert_close(mine.grad, theirs.grad, rtol=0, atol=1e-10)
    for key, value in network.output.named_parameters():
        torch.testing.assert_close(output_gradients[key], value.grad, rtol=0, atol=1e-10)
    twins = dict(twin.named_parameters())
    for ours, index in places.items():
        torch.testing.assert_close(parameters[ours].grad, twins[index].grad, rtol=0, atol=1e-10)


BOTH_OUTPUTS = pytest.mark.parametrize("time_step", [False, True])
