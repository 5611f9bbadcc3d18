"""Encoder and decoder with attention."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from study.engine import NETWORKS, Task
from study.engine.networks.recurrence import NORMALIZATIONS
from tests.study.engine.networks.sequence_cohorts import check, tokens, vectors

DEPTH, WIDTH = 2, 5


def run(layers: nn.LSTM, inputs: Tensor) -> Tensor:
    outputs: Tensor = layers(inputs)[0]
    return outputs


def by_hand(network: nn.Module, inputs: Tensor) -> Tensor:
    """Luong's equations in a loop over time steps, with torch's LSTMs."""
    p = dict(network.named_parameters())
    features = inputs.shape[2]
    encoder = nn.LSTM(features, WIDTH, DEPTH, batch_first=True).double()
    decoder = nn.LSTM(WIDTH, WIDTH, DEPTH, batch_first=True).double()
    with torch.no_grad():
        for first, layers in ((1, encoder), (1 + DEPTH, decoder)):
            for level in range(DEPTH):
                theirs = dict(layers.named_parameters())
                theirs[f"weight_ih_l{level}"].copy_(p[f"input_{first + level}.weight"])
                theirs[f"bias_ih_l{level}"].copy_(p[f"input_{first + level}.bias"])
                theirs[f"weight_hh_l{level}"].copy_(p[f"recurrent_{first + level}.weight"])
                theirs[f"bias_hh_l{level}"].zero_()
    said = run(encoder, inputs)
    answers = run(decoder, said)
    joined = []
    for t in range(inputs.shape[1]):
        weights = torch.stack([(answers[:, t] * said[:, s]).sum(dim=1) for s in range(t + 1)])
        shares = weights.exp() / weights.exp().sum(dim=0)
        context = sum(shares[s].unsqueeze(1) * said[:, s] for s in range(t + 1))
        both = torch.cat([context, answers[:, t]], dim=1)
        joined.append(
            (both @ p["attention.combine.weight"].T + p["attention.combine.bias"]).tanh()
        )
    return torch.stack(joined, dim=1) @ p["output.weight"].T + p["output.bias"]


def network_of(task: Task) -> nn.Module:
    torch.manual_seed(0)
    values = {"depth": DEPTH, "width": WIDTH}
    network = NETWORKS["seq2seq"](values, task).double()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.mul_(3)  # attention far from even
    return network


def test_it_computes_what_the_paper_says() -> None:
    task = vectors(time_step=True)
    network = network_of(task)
    torch.testing.assert_close(network(task.inputs), by_hand(network, task.inputs))


def test_one_answer_is_that_of_the_last_time_step() -> None:
    task = vectors()
    network = network_of(task)
    torch.testing.assert_close(network(task.inputs), by_hand(network, task.inputs)[:, -1])


@pytest.mark.slow
@pytest.mark.parametrize("normalization", NORMALIZATIONS)
def test_a_cohort_equals_its_trials_alone(normalization: str) -> None:
    record = check(
        "seq2seq", tokens(time_step=True), depth=1, normalization=normalization, forget_bias=1.0
    )
    assert [(layer.name, layer.calls) for layer in record.layers] == [
        ("steps.embedding", 1),
        ("input_1", 1),
        ("recurrent_1", 5),
        ("input_2", 1),
        ("recurrent_2", 5),
        ("attention.combine", 1),
        ("output", 1),
    ]
