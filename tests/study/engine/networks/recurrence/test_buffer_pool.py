"""Memory that is used again, and what that must not break."""

from __future__ import annotations

import copy

import pytest
import torch

from study.engine import NETWORKS
from study.engine.networks.recurrence.buffer_pool import Spare
from tests.study.engine.networks.sequence_cohorts import vectors


def test_memory_of_the_same_kind_is_taken_again() -> None:
    spare, like = Spare(), torch.zeros(1)
    first = spare.take((2, 3), like)
    assert first.shape == (2, 3) and first.dtype == torch.float32
    spare.give([first])
    assert spare.take((3, 2), like) is not first
    assert spare.take((2, 3), like.double()).dtype == torch.float64
    assert copy.deepcopy(spare).take((2, 3), like) is first
    assert spare.take((2, 3), like) is not first


@pytest.mark.parametrize("name", ["rnn", "lstm", "gru"])
def test_passes_may_overlap_but_no_graph_survives_its_memory(name: str) -> None:
    task = vectors()
    network = NETWORKS[name]({"depth": 1, "width": 4, "activation": "tanh"}, task).double()
    weight = network.get_parameter("recurrent_1.weight")

    def loss(rows: slice) -> torch.Tensor:
        total: torch.Tensor = network(task.inputs[rows]).square().sum()
        return total

    (expected,) = torch.autograd.grad(loss(slice(0, 5)), weight)
    one, other = loss(slice(0, 5)), loss(slice(5, 10))
    torch.autograd.grad(other, weight)
    (got,) = torch.autograd.grad(one, weight, retain_graph=True)
    torch.testing.assert_close(got, expected)
    (again,) = torch.autograd.grad(one, weight, retain_graph=True)
    torch.testing.assert_close(again, expected)
    loss(slice(5, 10))
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        torch.autograd.grad(one, weight)
