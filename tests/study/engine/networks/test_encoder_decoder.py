"""The transformer with encoder and decoder."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from torch import Tensor, nn

from study.engine import NETWORKS, TASKS, NetworkError, Task
from study.engine.networks.building import build_network
from tests.study.engine.networks.sequence_cohorts import check, tokens, vectors

WIDTH, HEADS, DEPTH = 8, 2, 2
READ = 3


def read_first(task: Task) -> Task:
    return dataclasses.replace(task, read_steps=READ)


def network_of(task: Task, **overrides: object) -> nn.Module:
    torch.manual_seed(0)
    values = {"depth": DEPTH, "width": WIDTH, "heads": HEADS, "activation": "relu", **overrides}
    network = NETWORKS["encoder_decoder"](values, task).double()
    with torch.no_grad():  # Off the start, where biases and scales are all alike.
        for parameter in network.parameters():
            parameter.add_(0.2 * torch.randn_like(parameter))
    return network


class Torchs(nn.Module):
    """Encoder and decoder of torch's own layers."""

    def __init__(self, position: str) -> None:
        super().__init__()
        layer = {"dim_feedforward": 4 * WIDTH, "dropout": 0.0, "batch_first": True}
        layer |= {"norm_first": position == "pre", "dtype": torch.float64}
        one = nn.TransformerEncoderLayer(WIDTH, HEADS, **layer)
        self.encoder = nn.TransformerEncoder(one, DEPTH, enable_nested_tensor=False)
        self.decoder = nn.TransformerDecoder(
            nn.TransformerDecoderLayer(WIDTH, HEADS, **layer), DEPTH
        )
        if position == "pre":
            self.encoder.norm = nn.LayerNorm(WIDTH, dtype=torch.float64)
            self.decoder.norm = nn.LayerNorm(WIDTH, dtype=torch.float64)

    def forward(self, source: Tensor, answer: Tensor) -> Tensor:
        memory = self.encoder(source)
        hidden = torch.ones(answer.shape[1], answer.shape[1], dtype=torch.bool).triu(1)
        return torch.cat([memory, self.decoder(answer, memory, tgt_mask=hidden)], dim=1)


MODULES = {
    **{"self_attn.in_proj": ["attention.qkv"], "self_attn.out_proj": ["attention.out"]},
    **{"multihead_attn.in_proj": ["cross.query", "cross.key_value"]},
    **{"multihead_attn.out_proj": ["cross.out"], "linear1": ["up"], "linear2": ["down"]},
    "norm1": ["normalization_1"],
}
NORMS = {
    "encoder": {"norm2": ["normalization_2"]},
    "decoder": {"norm2": ["normalization_cross"], "norm3": ["normalization_2"]},
}
LAST = {"encoder": "memory_normalization", "decoder": "normalization"}


def ours(name: str) -> list[str]:
    """Names of our parameters that torch stacks under this name."""
    name = name.replace("in_proj_", "in_proj.")
    owner, _, leaf = name.rpartition(".")
    part, *rest = owner.split(".")
    if rest[0] == "norm":
        return [f"{LAST[part]}.{leaf}"]
    block, module = f"{part}_{int(rest[1]) + 1}", ".".join(rest[2:])
    return [f"{block}.{each}.{leaf}" for each in {**MODULES, **NORMS[part]}[module]]


def waves(steps: int) -> Tensor:
    """Vaswani et al. 2017, sec. 3.5; kept in single precision."""
    rows = torch.empty(steps, WIDTH, dtype=torch.float64)
    for pair in range(WIDTH // 2):
        angle = torch.arange(steps, dtype=torch.float64) / 10_000 ** (2 * pair / WIDTH)
        rows[:, 2 * pair], rows[:, 2 * pair + 1] = angle.sin(), angle.cos()
    return rows.float().double()


@pytest.mark.parametrize("position", ["pre", "post"])
def test_it_equals_torchs(position: str) -> None:
    task = read_first(tokens(time_step=True))
    network, twin = network_of(task, norm_position=position), Torchs(position)
    p, theirs = dict(network.named_parameters()), dict(twin.named_parameters())
    with torch.no_grad():
        for name, parameter in theirs.items():
            parameter.copy_(torch.cat([p[mine] for mine in ours(name)]))
    apart = {"steps.embedding.weight", "output.weight", "output.bias"}
    assert {mine for name in theirs for mine in ours(name)} == set(p) - apart
    got = network(task.inputs)
    embedded = p["steps.embedding.weight"].detach()[task.inputs]
    source, answer = embedded[:, :READ], embedded[:, READ:]
    both = twin(source + waves(READ), answer + waves(answer.shape[1]))
    expected = both @ p["output.weight"].detach().T + p["output.bias"].detach()
    torch.testing.assert_close(got, expected, rtol=0, atol=1e-9)
    direction = torch.randn_like(got)
    (got * direction).sum().backward()
    (expected * direction).sum().backward()
    for name, parameter in theirs.items():
        mine = torch.cat([p[each].grad for each in ours(name)])
        torch.testing.assert_close(mine, parameter.grad, rtol=0, atol=1e-9)


def test_the_encoder_sees_all_that_is_read_and_the_decoder_nothing_ahead() -> None:
    task = read_first(tokens(time_step=True))
    network = network_of(task)
    inputs = task.inputs[:1]
    before = network(inputs)
    changed = {step: network(_other(inputs, step)) - before for step in range(5)}
    moved = {step: changed[step][0].abs().amax(dim=1) > 1e-12 for step in changed}
    assert moved[2].tolist() == [True] * 5  # read last, seen by all
    assert moved[3].tolist() == [False, False, False, True, True]
    assert moved[4].tolist() == [False] * 4 + [True]


def _other(inputs: Tensor, step: int) -> Tensor:
    changed = inputs.clone()
    changed[:, step] = (changed[:, step] + 1) % 6
    return changed


@pytest.mark.slow
@pytest.mark.parametrize(
    ("normalization", "position"), [("none", "pre"), ("layer", "pre"), ("layer", "post")]
)
def test_a_cohort_equals_its_trials_alone(normalization: str, position: str) -> None:
    record = check(
        "encoder_decoder",
        read_first(vectors(time_step=True)),
        depth=1,
        heads=HEADS,
        normalization=normalization,
        norm_position=position,
    )
    names = [(layer.name, layer.positions) for layer in record.layers]
    attention, feed = ("attention.qkv", "attention.out"), ("up", "down")
    cross = ("cross.query", "cross.key_value", "cross.out")
    assert names == [
        ("embedding", 5),
        *((f"encoder_1.{name}", READ) for name in (*attention, *feed)),
        *(
            (f"decoder_1.{name}", READ if name == "cross.key_value" else 5 - READ)
            for name in (*attention, *cross, *feed)
        ),
        ("output", 5),
    ]


@pytest.mark.slow
def test_a_cohort_of_todays_blocks_equals_its_trials_alone() -> None:
    check(
        "encoder_decoder",
        read_first(tokens(time_step=True)),
        depth=1,
        heads=HEADS,
        activation="silu",
        normalization="rms",
        norm_position="peri",
        qk_normalization="rms",
        attention_cap=5.0,
        feed_forward="gated",
    )


@pytest.mark.parametrize("task", [tokens(), tokens(time_step=True), TASKS["temporal_order"]()])
def test_a_task_that_is_not_read_first_is_refused(task: Task) -> None:
    values = {"depth": 1, "width": 8, "heads": 2, "activation": "relu"}
    with pytest.raises(NetworkError, match=r"needs a task that is read first and answered then"):
        build_network(NETWORKS["encoder_decoder"], values, task)


def test_heads_must_divide_the_width() -> None:
    values = {"depth": 1, "width": 8, "heads": 3, "activation": "relu"}
    with pytest.raises(NetworkError, match=r"width % heads == 0`.*width=8, heads=3"):
        build_network(NETWORKS["encoder_decoder"], values, read_first(tokens(time_step=True)))
