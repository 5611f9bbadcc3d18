"""The transformer's encoder."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from study.engine import NETWORKS, NetworkError, Task
from study.engine.initializations import initialize
from study.engine.networks.building import build_network
from study.engine.networks.transformer import sinusoids
from study.engine.networks.transformer_block import Block
from tests.study.engine.networks.sequence_cohorts import check, tokens, vectors

WIDTH, HEADS = 8, 2


def network_of(task: Task, **overrides: object) -> nn.Module:
    values = {"depth": 2, "width": WIDTH, "heads": HEADS, "activation": "relu", **overrides}
    return NETWORKS["transformer"](values, task).double()


def first_block(network: nn.Module) -> Block:
    block = network.get_submodule("block_1")
    assert isinstance(block, Block)
    return block


@pytest.mark.parametrize("position", ["pre", "post"])
@pytest.mark.parametrize("causal", [False, True])
def test_a_block_equals_torchs(position: str, causal: bool) -> None:
    block = first_block(network_of(vectors(time_step=causal), norm_position=position))
    twin = nn.TransformerEncoderLayer(
        WIDTH,
        HEADS,
        4 * WIDTH,
        dropout=0.0,
        batch_first=True,
        norm_first=position == "pre",
        dtype=torch.float64,
    )
    names = {
        "attention.qkv.weight": "self_attn.in_proj_weight",
        "attention.qkv.bias": "self_attn.in_proj_bias",
        "attention.out": "self_attn.out_proj",
        "up": "linear1",
        "down": "linear2",
        "normalization_1": "norm1",
        "normalization_2": "norm2",
    }
    theirs = dict(twin.named_parameters())
    twins: dict[str, nn.Parameter] = {}
    with torch.no_grad():
        for name, parameter in block.named_parameters():
            owner, _, leaf = name.rpartition(".")
            twins[name] = theirs[names.get(name) or f"{names[owner]}.{leaf}"]
            # Off the start, where biases and scales are all alike.
            parameter.add_(0.1 * torch.randn_like(parameter))
            twins[name].copy_(parameter)
    assert len(twins) == len(theirs)
    inputs = torch.randn(3, 5, WIDTH, dtype=torch.float64)
    mask = nn.Transformer.generate_square_subsequent_mask(5, dtype=torch.float64)
    got, expected = block(inputs), twin(inputs, src_mask=mask if causal else None)
    torch.testing.assert_close(got, expected, rtol=0, atol=1e-10)
    direction = torch.randn_like(got)
    (got * direction).sum().backward()
    (expected * direction).sum().backward()
    for name, parameter in block.named_parameters():
        torch.testing.assert_close(parameter.grad, twins[name].grad, rtol=0, atol=1e-10)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("normalization", "position"), [("none", "pre"), ("layer", "pre"), ("layer", "post")]
)
def test_a_cohort_equals_its_trials_alone(normalization: str, position: str) -> None:
    record = check(
        "transformer",
        vectors(),
        heads=HEADS,
        normalization=normalization,
        norm_position=position,
        residual_scale=0.5,
    )
    of_a_block = [
        ("attention.qkv", None),
        ("attention.out", None),
        ("up", "activation"),
        ("down", None),
    ]
    expected = [("embedding", None)]
    for block in ("block_1", "block_2"):
        expected += [(f"{block}.{name}", act and f"{block}.{act}") for name, act in of_a_block]
    found = [(layer.name, layer.activation) for layer in record.layers]
    assert found == [*expected, ("output", None)]
    assert [layer.positions for layer in record.layers] == [*(5,) * 9, 1]


@pytest.mark.slow
def test_a_cohort_of_todays_blocks_equals_its_trials_alone() -> None:
    check(
        "transformer",
        vectors(),
        heads=HEADS,
        activation="silu",
        normalization="rms",
        norm_position="peri",
        qk_normalization="rms",
        attention_cap=5.0,
        attention_mask="causal",
        feed_forward="gated",
    )


def rms_normalized(values: Tensor, weight: Tensor) -> Tensor:
    """Zhang and Sennrich 2019, eq. 4."""
    square = (values * values).sum(dim=-1, keepdim=True) / values.shape[-1]
    return values / torch.sqrt(square + torch.finfo(values.dtype).eps) * weight


def test_a_block_of_today_equals_its_papers() -> None:
    """Written a second time: Peri-LN, RMSNorm, normalized queries and keys, capped scores, GLU."""
    own = {"qk_normalization": "rms", "attention_cap": 0.7, "attention_mask": "causal"}
    block = first_block(
        network_of(
            vectors(),
            activation="silu",
            normalization="rms",
            norm_position="peri",
            feed_forward="gated",
            **own,
        )
    )
    with torch.no_grad():
        for parameter in block.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    w = {name: value.detach() for name, value in block.named_parameters()}
    x = torch.randn(5, WIDTH, dtype=torch.float64)

    def linear(name: str, values: Tensor) -> Tensor:
        return values @ w[f"{name}.weight"].T + w[f"{name}.bias"]

    seen = rms_normalized(x, w["normalization_1.weight"])
    q, k, v = linear("attention.qkv", seen).split(WIDTH, dim=1)
    mixed = []
    for at in (slice(0, 4), slice(4, 8)):
        queries = rms_normalized(q[:, at], w["attention.query_norm.weight"])
        keys = rms_normalized(k[:, at], w["attention.key_norm.weight"])
        scores = 0.7 * torch.tanh(queries @ keys.T / math.sqrt(4) / 0.7)
        weights = torch.exp(scores) * torch.ones(5, 5).tril()
        mixed.append(weights / weights.sum(dim=1, keepdim=True) @ v[:, at])
    attended = linear("attention.out", torch.cat(mixed, dim=1))
    middle = x + rms_normalized(attended, w["branch_normalization_1.weight"])
    seen = rms_normalized(middle, w["normalization_2.weight"])
    gate = linear("gate", seen)
    fed = linear("down", gate / (1 + torch.exp(-gate)) * linear("up", seen))
    expected = middle + rms_normalized(fed, w["branch_normalization_2.weight"])
    torch.testing.assert_close(block(x[None])[0], expected, rtol=0, atol=1e-10)


def test_a_cohort_on_tokens_answers_at_each_time_step() -> None:
    check("transformer", tokens(time_step=True), heads=4, activation="gelu")


def test_the_residual_scale_multiplies_both_branches() -> None:
    one, none = (
        first_block(network_of(vectors(), normalization="none", residual_scale=scale))
        for scale in (1.0, 0.0)
    )
    none.load_state_dict(one.state_dict())
    inputs = torch.randn(2, 5, WIDTH, dtype=torch.float64)
    assert torch.equal(none(inputs), inputs)
    half = first_block(network_of(vectors(), normalization="none", residual_scale=0.5))
    half.load_state_dict(one.state_dict())
    middle = inputs + 0.5 * one.attention(inputs)
    expected = middle + 0.5 * one.down(one.up(middle).relu())
    torch.testing.assert_close(half(inputs), expected)


def test_no_time_step_sees_later_ones_where_each_is_asked() -> None:
    task = vectors(time_step=True)
    network = network_of(task)
    changed = task.inputs.clone()
    changed[:, 3:] += 1.0
    before, after = network(task.inputs), network(changed)
    torch.testing.assert_close(before[:, :3], after[:, :3])
    assert (before[:, 3:] - after[:, 3:]).abs().min() > 1e-6


def test_one_output_an_example_is_read_from_the_mean_over_time() -> None:
    task = vectors()
    network = network_of(task, normalization="none", residual_scale=0.0)
    embedded: Tensor = network.get_submodule("embedding")(task.inputs) + network.positions
    expected = network.get_submodule("output")(embedded.mean(dim=1))
    torch.testing.assert_close(network(task.inputs), expected)


def test_positions_are_those_of_the_paper() -> None:
    for width in (6, 5):
        waves = sinusoids(7, width)
        assert waves.shape == (7, width)
        for position in range(7):
            for pair in range(width // 2):
                angle = position / 10_000 ** (2 * pair / width)
                assert waves[position, 2 * pair].item() == pytest.approx(math.sin(angle), abs=1e-6)
                assert waves[position, 2 * pair + 1].item() == pytest.approx(
                    math.cos(angle), abs=1e-6
                )


def test_blocks_may_start_as_the_identity() -> None:
    network = network_of(vectors(), normalization="none")
    values = {"initialization": "xavier_normal", "residual_initialization": "zero_last"}
    start = initialize(network, values, torch.Generator().manual_seed(0))
    network.load_state_dict({name: value.double() for name, value in start.items()})
    inputs = torch.randn(2, 5, WIDTH, dtype=torch.float64)
    assert torch.equal(first_block(network)(inputs), inputs)
    # Queries, keys and values are maps of their own: each has the fans of a square matrix.
    big = network_of(vectors(), width=64)
    drawn = initialize(big, values, torch.Generator().manual_seed(0))
    std = drawn["block_1.attention.qkv.weight"].std().item()
    assert std == pytest.approx(np.sqrt(2 / 128), rel=0.03)


def test_heads_that_do_not_divide_the_width_are_refused() -> None:
    values = {"depth": 1, "width": 8, "heads": 3, "activation": "relu"}
    with pytest.raises(NetworkError, match="`width % heads == 0`.*width=8, heads=3"):
        build_network(NETWORKS["transformer"], values, vectors())


@pytest.mark.parametrize(
    ("name", "value", "choices"),
    [
        ("normalization", "batch", "none, layer, rms"),
        ("norm_position", "middle", "pre, post, peri"),
    ],
)
def test_unknown_names_are_refused(name: str, value: str, choices: str) -> None:
    with pytest.raises(ValueError, match=f"{name} .*one of: {choices}; got '{value}'"):
        network_of(vectors(), **{name: value})
