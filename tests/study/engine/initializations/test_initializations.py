"""Initial parameters against fans, closed forms and frozen numbers."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from study.engine import NETWORKS, Task, train_cohort
from study.engine.initializations import (
    INITIALIZATIONS,
    RECURRENT_INITIALIZATIONS,
    RESIDUAL_INITIALIZATIONS,
    initialize,
    is_drawn,
)
from study.engine.seeds import initialization_generator
from study.engine.weight_roles import WeightRole, weight_roles
from tests.study.engine.conftest import make_trial

NEEDED = {"weight_std": 1.7, "bias_std": 0.3}


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def start(module: nn.Module, seed: int = 0, **hyperparameters: object) -> dict[str, Tensor]:
    return initialize(module, {**NEEDED, **hyperparameters}, generator(seed))


def variance(name: str, fan_in: int, fan_out: int) -> float:
    """Of one weight, written from the papers' formulas."""
    return {
        "small_normal": 1e-4,
        "xavier_normal": 2 / (fan_in + fan_out),
        "xavier_uniform": 2 / (fan_in + fan_out),
        "he_normal": 2 / fan_in,
        "he_uniform": 2 / fan_in,
        "lecun_normal": 1 / fan_in,
        "mean_field": 1.7**2 / fan_in,
        # A semi-orthogonal matrix has min(out, in) of squares 1, here spread over all entries.
        "orthogonal": 1 / fan_in,
        "delta_orthogonal": 1 / fan_in,
    }[name]


KINDS: Mapping[str, tuple[nn.Module, WeightRole, int, int]] = {
    "linear": (nn.Linear(300, 200), WeightRole(), 300, 200),
    "convolution": (nn.Conv2d(40, 90, 3), WeightRole(), 360, 810),
    "series": (nn.Conv1d(60, 90, 5), WeightRole(), 300, 450),
    "gates": (nn.Linear(300, 4 * 100), WeightRole(blocks=4), 300, 100),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", INITIALIZATIONS)
def test_variance_of_initial_weights(name: str, kind: str) -> None:
    layer, role, fan_in, fan_out = KINDS[kind]
    module = nn.Sequential(layer)
    module.weight_roles = {"0.weight": role}  # type: ignore[assignment]
    weight = start(module, initialization=name, init_gain=0.5)["0.weight"]
    assert weight.shape == layer.weight.shape
    expected = 0.25 * variance(name, fan_in, fan_out)
    if name == "delta_orthogonal" and weight.ndim > 2:
        expected = 0.25 * min(weight.shape[:2]) / weight.numel()
    assert weight.square().mean().item() == pytest.approx(expected, rel=0.03)
    assert abs(weight.mean().item()) < 4 * math.sqrt(expected / weight.numel())


FROZEN = {
    "small_normal": (0.209710223443, 0.0029277315479703248),
    "xavier_normal": (5.048761600078, 0.08120066486299038),
    "xavier_uniform": (0.028753202761, 0.0012011604849249125),
    "he_normal": (6.960417956946, 0.10351093485951424),
    "he_uniform": (-0.117126796897, 0.0015311851166188717),
    "lecun_normal": (4.921758752423, 0.07319328840821981),
    "orthogonal": (0.703667884311, 0.09265310934244958),
    "mean_field": (7.771149044449, 0.10978993028402328),
}
"""Of the first release: a ramp times all parameters, and the readout's first weight."""


@pytest.mark.parametrize("name", FROZEN)
def test_a_seed_starts_from_the_same_weights_as_ever(digits: Task, name: str) -> None:
    values = {"initialization": name, "init_gain": 1.25, "weight_std": 1.5, "bias_std": 0.1}
    network = NETWORKS["mlp"]({**values, "depth": 3, "width": 16, "activation": "tanh"}, digits)
    drawn = initialize(network, values, initialization_generator(7))
    total = 0.0
    for value in drawn.values():
        ramp = torch.linspace(-1, 1, value.numel(), dtype=torch.float64)
        total += float(ramp @ value.double().flatten())
    expected = (total, drawn["output.weight"][0, 0].item())
    assert FROZEN[name] == pytest.approx(expected, rel=1e-6, abs=1e-7)


@pytest.mark.parametrize("shape", [(20, 50), (50, 20), (30, 30)])
def test_orthogonal_matrices_are_orthogonal(shape: tuple[int, int]) -> None:
    weight = INITIALIZATIONS["orthogonal"](shape, generator(1), {})
    small = weight @ weight.T if shape[0] <= shape[1] else weight.T @ weight
    torch.testing.assert_close(small, torch.eye(min(shape)).double())
    flat = INITIALIZATIONS["delta_orthogonal"](shape, generator(1), {})
    assert torch.equal(flat, weight)


@pytest.mark.parametrize("kernel", [(3, 3), (5, 3), (3,), (2, 2)])
def test_delta_orthogonal_convolutions_keep_every_norm(kernel: tuple[int, ...]) -> None:
    """The singular values at every frequency of a circular convolution, by its Fourier sum."""
    weight = INITIALIZATIONS["delta_orthogonal"]((24, 10, *kernel), generator(2), {})
    axes = tuple(range(2, weight.ndim))
    spectrum = torch.fft.fftn(weight, s=(16,) * len(kernel), dim=axes)
    singular = torch.linalg.svdvals(spectrum.movedim((0, 1), (-2, -1)))
    torch.testing.assert_close(singular, torch.ones_like(singular))


def test_delta_orthogonal_convolutions_keep_norms_at_borders_of_zeros_too() -> None:
    inputs = torch.randn(5, 16, 8, 8, generator=generator(3)).double()
    outputs = inputs
    for number in range(20):
        weight = INITIALIZATIONS["delta_orthogonal"]((16, 16, 3, 3), generator(number), {})
        outputs = functional.conv2d(outputs, weight, padding=1)
    torch.testing.assert_close(outputs.norm(), inputs.norm())


def test_delta_orthogonal_has_orthonormal_rows_where_outputs_are_fewer() -> None:
    weight = INITIALIZATIONS["delta_orthogonal"]((6, 10, 3, 3), generator(4), {})
    torch.testing.assert_close(weight[:, :, 1, 1] @ weight[:, :, 1, 1].T, torch.eye(6).double())
    assert weight.count_nonzero() == 60


def test_gates_are_orthogonal_one_by_one_and_independent() -> None:
    module = nn.Sequential(nn.Linear(8, 32))
    module.weight_roles = {"0.weight": WeightRole(blocks=4)}  # type: ignore[assignment]
    gates = start(module, initialization="orthogonal")["0.weight"].chunk(4)
    for gate in gates:
        torch.testing.assert_close(gate @ gate.T, torch.eye(8).double())
    assert not torch.allclose(gates[0], gates[1])


class Cell(nn.Module):
    """The maps of an LSTM: gates input, forget, cell, output."""

    def __init__(self, inputs: int = 5, width: int = 8) -> None:
        super().__init__()
        self.input_map = nn.Linear(inputs, 4 * width)
        self.hidden_map = nn.Linear(width, 4 * width, bias=False)
        self.weight_roles = {
            "input_map.weight": WeightRole(blocks=4, forget_gate=1),
            "hidden_map.weight": WeightRole(blocks=4, recurrent=True),
        }


@pytest.mark.parametrize("initialization", ["torch_default", "small_normal"])
def test_recurrent_weights_have_an_initialization_and_a_gain_of_their_own(
    initialization: str,
) -> None:
    values = {"initialization": initialization, "init_gain": 2.0, "recurrent_gain": 1.5}
    cell = Cell()
    for gate in start(cell, **values, recurrent_initialization="identity")[
        "hidden_map.weight"
    ].chunk(4):
        torch.testing.assert_close(gate, 3.0 * torch.eye(8).double())
    for gate in start(cell, **values, recurrent_initialization="orthogonal")[
        "hidden_map.weight"
    ].chunk(4):
        torch.testing.assert_close(gate @ gate.T, 9.0 * torch.eye(8).double())
    same = start(cell, **values, recurrent_initialization="same")
    assert torch.equal(same["hidden_map.weight"], start(cell, **values)["hidden_map.weight"])
    without = start(cell, initialization=initialization, recurrent_initialization="same")
    for name, factor in {"input_map.weight": 2.0, "hidden_map.weight": 3.0}.items():
        torch.testing.assert_close(same[name], factor * without[name])


def test_recurrent_weights_of_the_author_stay_under_torch_default() -> None:
    cell = Cell()
    values = start(cell, initialization="torch_default", recurrent_initialization="same")
    for name, own in cell.named_parameters():
        assert torch.equal(values[name], own.detach().to(values[name].dtype))


@pytest.mark.parametrize("name", ["torch_default", "he_normal", "mean_field"])
def test_forget_bias_is_added_to_the_forget_gate_alone(name: str) -> None:
    cell = Cell(width=1000 if name == "mean_field" else 8)
    without = start(cell, initialization=name)["input_map.bias"].chunk(4)
    gates = start(cell, initialization=name, forget_bias=1.5)["input_map.bias"].chunk(4)
    for number, (gate, bare) in enumerate(zip(gates, without, strict=True)):
        torch.testing.assert_close(gate, bare + 1.5 if number == 1 else bare)
    if name == "he_normal":
        assert [gate.unique().tolist() for gate in gates] == [[0], [1.5], [0], [0]]
    if name == "mean_field":
        assert gates[1].mean().item() == pytest.approx(1.5, abs=0.05)
        assert gates[0].std().item() == pytest.approx(0.3, rel=0.1)


class Branches(nn.Module):
    """A stem, one residual branch of three weights, a readout."""

    def __init__(self, branches: int = 16) -> None:
        super().__init__()
        self.stem = nn.Linear(4, 6)
        self.first = nn.Linear(6, 6)
        self.second = nn.Linear(6, 6)
        self.last = nn.Linear(6, 6)
        self.output = nn.Linear(6, 3)
        inner = WeightRole(branch="inner", branches=branches, branch_layers=3)
        self.weight_roles = {
            "first.weight": inner,
            "second.weight": inner,
            "last.weight": WeightRole(branch="last", branches=branches, branch_layers=3),
            "output.weight": WeightRole(readout=True),
        }


@pytest.mark.parametrize("name", ["torch_default", "he_normal", "mean_field"])
@pytest.mark.parametrize("residual", RESIDUAL_INITIALIZATIONS)
def test_residual_branches_start_as_the_paper_says(residual: str, name: str) -> None:
    module = Branches()
    plain = start(module, initialization=name)
    values = start(module, initialization=name, residual_initialization=residual)
    inner = 16 ** (-1 / 4) if residual == "fixup" else 1.0
    last = 1.0 if residual == "none" else 0.0
    output = 0.0 if residual == "fixup" else 1.0
    factors = {"stem": 1.0, "first": inner, "second": inner, "last": last, "output": output}
    for layer, factor in factors.items():
        torch.testing.assert_close(values[f"{layer}.weight"], factor * plain[f"{layer}.weight"])
        kept = plain[f"{layer}.bias"] * (0.0 if factor == 0 else 1.0)
        assert torch.equal(values[f"{layer}.bias"], kept)


def test_biases_are_zero_but_for_mean_field_and_torch_default() -> None:
    module = nn.Sequential(nn.Linear(50, 4000))
    assert not start(module, initialization="he_normal")["0.bias"].any()
    drawn = start(module, initialization="mean_field")["0.bias"]
    assert drawn.std().item() == pytest.approx(0.3, rel=0.05)
    own = start(module, initialization="torch_default", init_gain=2.0)
    torch.testing.assert_close(own["0.bias"], module[0].bias.detach())
    torch.testing.assert_close(own["0.weight"], 2 * module[0].weight.detach().double())


class Mixed(nn.Module):
    """Everything that is no map from inputs to outputs."""

    def __init__(self) -> None:
        super().__init__()
        self.tokens = nn.Embedding(7, 4)
        self.position = nn.Parameter(torch.randn(5, 4))
        self.norm = nn.LayerNorm([5, 4])
        self.linear = nn.Linear(4, 7)


@pytest.mark.parametrize("name", ["torch_default", "he_normal"])
def test_tables_and_normalizations_stay_as_their_author_has_them(name: str) -> None:
    module = Mixed()
    values = start(module, initialization=name, init_gain=3.0)
    own = dict(module.named_parameters())
    for key in ("tokens.weight", "position", "norm.weight", "norm.bias"):
        assert torch.equal(values[key], own[key].detach())
    assert not is_drawn(module, {"initialization": "he_normal"})
    module.linear.weight = module.tokens.weight
    tied = start(module, initialization=name, init_gain=3.0)
    assert torch.equal(tied["tokens.weight"], module.tokens.weight.detach())


def test_only_what_is_drawn_entirely_counts_as_drawn() -> None:
    plain = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Flatten(), nn.Linear(2, 2))
    assert is_drawn(plain, {"initialization": "orthogonal"})
    assert not is_drawn(plain, {"initialization": "torch_default"})
    assert not is_drawn(nn.Sequential(plain, nn.BatchNorm1d(2)), {"initialization": "orthogonal"})
    recurrent = nn.Sequential(nn.LSTM(3, 4))
    assert is_drawn(recurrent, {"initialization": "orthogonal"})


@pytest.mark.parametrize(("kind", "blocks"), [(nn.RNN, 1), (nn.GRU, 3), (nn.LSTM, 4)])
def test_torchs_own_recurrent_modules_need_no_roles(kind: Any, blocks: int) -> None:
    module = nn.Sequential(kind(8, 8, num_layers=2))
    values = start(
        module, initialization="orthogonal", recurrent_initialization="identity", forget_bias=1.0
    )
    for layer in (0, 1):
        for gate in values[f"0.weight_ih_l{layer}"].chunk(blocks):
            torch.testing.assert_close(gate @ gate.T, torch.eye(8).double())
        for gate in values[f"0.weight_hh_l{layer}"].chunk(blocks):
            assert torch.equal(gate, torch.eye(8).double())
        biases = values[f"0.bias_ih_l{layer}"].chunk(blocks)
        assert [gate.unique().tolist() for gate in biases] == [
            [1.0] if blocks == 4 and number == 1 else [0.0] for number in range(blocks)
        ]
        assert not values[f"0.bias_hh_l{layer}"].any()


def test_an_outer_module_has_the_last_word_on_roles() -> None:
    outer = nn.Sequential(Cell())
    assert weight_roles(outer)["0.hidden_map.weight"] == WeightRole(blocks=4, recurrent=True)
    outer.weight_roles = {"0.hidden_map.weight": WeightRole(blocks=2)}  # type: ignore[assignment]
    assert weight_roles(outer)["0.hidden_map.weight"] == WeightRole(blocks=2)
    assert weight_roles(outer)["0.input_map.weight"] == WeightRole(blocks=4, forget_gate=1)


def test_the_same_in_every_dtype_and_cohort(digits: Task) -> None:
    """Weight norms of the first step, which is where the trial starts."""
    names = (*INITIALIZATIONS, "torch_default")
    trials = [make_trial(n, initialization=name) for n, name in enumerate(names)]
    single = [make_trial(n, initialization=name, dtype="float32") for n, name in enumerate(names)]
    together, alone, low = (
        train_cohort(some, task=digits, network=NETWORKS["mlp"], steps=1).by_layer["weight_rms"]
        for some in (trials, trials[4:5], single)
    )
    assert (together[4] == alone[0]).all()
    assert together == pytest.approx(low, rel=1e-6)


def test_wrong_roles_and_names_are_refused() -> None:
    with pytest.raises(ValueError, match="unknown initialization 'he'; known: small_normal"):
        start(nn.Linear(2, 2), initialization="he")
    with pytest.raises(ValueError, match="unknown recurrent_initialization 'eye'"):
        start(Cell(), recurrent_initialization="eye")
    with pytest.raises(ValueError, match="unknown residual_initialization 'skip'"):
        start(Branches(), residual_initialization="skip")
    with pytest.raises(ValueError, match="branches >= 1.*branch_layers >= 2"):
        WeightRole(branch="inner", branches=3, branch_layers=1)
    with pytest.raises(ValueError, match="forget_gate < blocks"):
        WeightRole(blocks=2, forget_gate=2)
    module = nn.Sequential(nn.Linear(2, 5))
    module.weight_roles = {"0.weight": WeightRole(blocks=2)}  # type: ignore[assignment]
    with pytest.raises(ValueError, match="5 rows and 2 blocks"):
        start(module, initialization="he_normal")


def test_recurrent_choices_are_complete() -> None:
    assert set(RECURRENT_INITIALIZATIONS) == {"orthogonal", "identity"}


def test_initializing_leaves_the_module_and_torchs_random_state_alone() -> None:
    module = Branches()
    digest = hashlib.sha256(repr(module.state_dict()).encode()).hexdigest()
    before = torch.get_rng_state()
    start(module, initialization="he_normal", residual_initialization="fixup")
    assert torch.equal(before, torch.get_rng_state())
    assert digest == hashlib.sha256(repr(module.state_dict()).encode()).hexdigest()


@pytest.mark.parametrize("network", ["mlp", "resnet"])
def test_the_readout_may_begin_smaller_or_at_zero(digits: Task, network: str) -> None:
    trial = make_trial(0, depth=2, width=16)
    module = NETWORKS[network](trial.hyperparameters, digits)
    *_, last = (name for name, value in module.named_parameters() if value.ndim >= 2)
    plain, smaller, none = (
        start(module, initialization="he_normal", **own)
        for own in ({}, {"output_init_gain": 0.1}, {"output_initialization": "zeros"})
    )
    torch.testing.assert_close(smaller[last], 0.1 * plain[last])
    assert not none[last].any() and not none[last.replace("weight", "bias")].any()
    others = plain.keys() - {last, last.replace("weight", "bias")}
    assert all(torch.equal(plain[name], smaller[name]) for name in others)
    assert all(torch.equal(plain[name], none[name]) for name in others)
