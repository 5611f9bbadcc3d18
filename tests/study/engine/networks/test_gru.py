"""Gated recurrent units."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional

from study.engine import NETWORKS
from study.engine.networks.recurrence import NORMALIZATIONS
from tests.study.engine.networks.recurrence.torch_twins import (
    BOTH_OUTPUTS,
    DEPTH,
    WIDTH,
    check_equals_torch,
)
from tests.study.engine.networks.sequence_cohorts import check, tokens, vectors


@BOTH_OUTPUTS
def test_equals_torchs(time_step: bool) -> None:
    twin = nn.GRU(3, WIDTH, DEPTH, batch_first=True).double()
    check_equals_torch("gru", twin, vectors(time_step=time_step))


@pytest.mark.slow
@pytest.mark.parametrize("normalization", NORMALIZATIONS)
def test_a_cohort_equals_its_trials_alone(normalization: str) -> None:
    record = check("gru", vectors(), normalization=normalization)
    assert [(layer.name, layer.calls) for layer in record.layers] == [
        ("input_1", 1),
        ("recurrent_1", 5),
        ("input_2", 1),
        ("recurrent_2", 5),
        ("output", 1),
    ]


def test_a_cohort_on_tokens_answers_at_each_time_step() -> None:
    check("gru", tokens(time_step=True))


def test_both_maps_are_normalized_gates_and_candidate_apart() -> None:
    task = vectors()
    values = {"depth": 1, "width": 4, "normalization": "layer"}
    network = NETWORKS["gru"](values, task).double()
    p = dict(network.named_parameters())
    h = torch.zeros(len(task.inputs), 4, dtype=torch.float64)
    for x in task.inputs.unbind(1):
        by_x, by_h = x @ p["input_1.weight"].T, h @ p["recurrent_1.weight"].T
        pair = functional.layer_norm(by_x[:, :8], (8,)) + functional.layer_norm(by_h[:, :8], (8,))
        r, z = pair.sigmoid().chunk(2, dim=1)
        new_x, new_h = (functional.layer_norm(term[:, 8:], (4,)) for term in (by_x, by_h))
        h = (1 - z) * (new_x + r * new_h).tanh() + z * h
    torch.testing.assert_close(network(task.inputs), h @ p["output.weight"].T + p["output.bias"])
