"""The simple recurrent network."""

from __future__ import annotations

import numpy as np
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


@pytest.mark.parametrize("activation", ["tanh", "relu"])
@BOTH_OUTPUTS
def test_equals_torchs(activation: str, time_step: bool) -> None:
    twin = nn.RNN(3, WIDTH, DEPTH, nonlinearity=activation, batch_first=True).double()
    check_equals_torch("rnn", twin, vectors(time_step=time_step), activation=activation)


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
def test_a_cohort_equals_its_trials_alone(normalization: str) -> None:
    record = check("rnn", vectors(), normalization=normalization)
    assert [(layer.name, layer.activation, layer.calls) for layer in record.layers] == [
        ("input_1", None, 1),
        ("recurrent_1", "cell_1.activation", 5),
        ("input_2", None, 1),
        ("recurrent_2", "cell_2.activation", 5),
        ("output", None, 1),
    ]
    assert [layer.positions for layer in record.layers] == [5, 5, 5, 5, 1]
    assert np.isfinite(record.by_layer["saturated_fraction"][:, :, [1, 3]]).all()


def test_a_cohort_on_tokens_answers_at_each_time_step() -> None:
    record = check("rnn", tokens(time_step=True), activation="relu")
    assert [layer.name for layer in record.layers][:2] == ["steps.embedding", "input_1"]


def test_the_sum_is_normalized_before_the_activation() -> None:
    task = vectors()
    values = {"depth": 1, "width": 4, "activation": "tanh", "normalization": "layer"}
    network = NETWORKS["rnn"](values, task).double()
    p = dict(network.named_parameters())
    assert "input_1.bias" not in p
    shift = torch.randn(4, dtype=torch.float64)
    with torch.no_grad():
        p["cell_1.normalization.bias"].copy_(shift)
    h = torch.zeros(len(task.inputs), 4, dtype=torch.float64)
    for x in task.inputs.unbind(1):
        summed = x @ p["input_1.weight"].T + h @ p["recurrent_1.weight"].T
        h = (functional.layer_norm(summed, (4,)) + shift).tanh()
    torch.testing.assert_close(network(task.inputs), h @ p["output.weight"].T + p["output.bias"])


def test_a_normalization_that_it_does_not_have_is_refused() -> None:
    values = {"depth": 1, "width": 4, "activation": "tanh", "normalization": "batch"}
    with pytest.raises(ValueError, match="normalization.*one of: none, layer; got 'batch'"):
        NETWORKS["rnn"](values, vectors())
