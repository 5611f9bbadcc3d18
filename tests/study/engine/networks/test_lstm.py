"""Long short-term memory."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional

from study.engine import NETWORKS, train_cohort
from study.engine.initializations import initialize
from study.engine.networks.recurrence import NORMALIZATIONS
from tests.study.engine.conftest import make_trial
from tests.study.engine.networks.recurrence.torch_twins import (
    BOTH_OUTPUTS,
    DEPTH,
    WIDTH,
    check_equals_torch,
)
from tests.study.engine.networks.sequence_cohorts import check, tokens, vectors


@BOTH_OUTPUTS
def test_equals_torchs(time_step: bool) -> None:
    twin = nn.LSTM(3, WIDTH, DEPTH, batch_first=True).double()
    check_equals_torch("lstm", twin, vectors(time_step=time_step))


@pytest.mark.slow
@pytest.mark.parametrize("normalization", NORMALIZATIONS)
def test_a_cohort_equals_its_trials_alone(normalization: str) -> None:
    record = check("lstm", vectors(), normalization=normalization, forget_bias=1.0)
    assert [(layer.name, layer.calls) for layer in record.layers] == [
        ("input_1", 1),
        ("recurrent_1", 5),
        ("input_2", 1),
        ("recurrent_2", 5),
        ("output", 1),
    ]


def test_a_cohort_on_tokens_answers_at_each_time_step() -> None:
    check("lstm", tokens(time_step=True))


def test_both_terms_and_the_memory_are_normalized() -> None:
    task = vectors()
    values = {"depth": 1, "width": 4, "normalization": "layer", "forget_bias": 0.7}
    network = NETWORKS["lstm"](values, task).double()
    p = dict(network.named_parameters())
    forget = torch.tensor([0.0, 0.7, 0.0, 0.0], dtype=torch.float64).repeat_interleave(4)
    h = c = torch.zeros(len(task.inputs), 4, dtype=torch.float64)
    for x in task.inputs.unbind(1):
        terms = x @ p["input_1.weight"].T, h @ p["recurrent_1.weight"].T
        gates = sum(functional.layer_norm(term, (16,)) for term in terms) + forget
        i, f, g, o = gates.chunk(4, dim=1)
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        h = o.sigmoid() * functional.layer_norm(c, (4,)).tanh()
    torch.testing.assert_close(network(task.inputs), h @ p["output.weight"].T + p["output.bias"])


@pytest.mark.parametrize("name", ["torch_default", "xavier_normal"])
def test_the_forget_gate_has_its_bias(name: str) -> None:
    values = {"depth": 1, "width": 5, "initialization": name, "forget_bias": 2.5}
    network = NETWORKS["lstm"](values, vectors())
    start = initialize(network, values, torch.Generator().manual_seed(0))
    plain = initialize(network, {**values, "forget_bias": 0.0}, torch.Generator().manual_seed(0))
    added = start["input_1.bias"] - plain["input_1.bias"]
    torch.testing.assert_close(
        added, torch.tensor([0.0, 2.5, 0.0, 0.0]).repeat_interleave(5), check_dtype=False
    )


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
def test_forget_biases_may_differ_in_a_cohort(normalization: str) -> None:
    task = vectors()
    trials = [
        make_trial(
            number, depth=1, width=4, batch_size=5, normalization=normalization, forget_bias=bias
        )
        for number, bias in enumerate((-1.0, 0.0, 3.0))
    ]
    together = train_cohort(trials, task=task, network=NETWORKS["lstm"], steps=3)
    for index, trial in enumerate(trials):
        alone = train_cohort([trial], task=task, network=NETWORKS["lstm"], steps=3)
        assert together.loss[index].tolist() == pytest.approx(alone.loss[0].tolist(), rel=1e-9)
