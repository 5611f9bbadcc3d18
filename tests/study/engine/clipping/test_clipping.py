"""Clipping against torch and plain loops."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from study.engine.clipping import Clipping
from study.engine.cohort import chunks
from study.engine.cohort.blocks import Blocks
from tests.study.engine.clipping.cohort import (
    BLOCKS,
    RULES,
    SHAPES,
    Rules,
    adaptively,
    assert_same,
    by_torch,
    clip,
    norm,
    stacked,
    tensors,
)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("rules", RULES.values(), ids=RULES)
def test_equals_torch(rules: Rules, dtype: torch.dtype) -> None:
    gradients = tensors(4, seed=1, dtype=dtype)
    rtol = 1e-12 if dtype == torch.float64 else 1e-5
    after, clipped = clip(rules, gradients)
    for trial, rule in enumerate(rules):
        expected = by_torch(gradients[trial], rule)
        assert_same(after[trial], expected, rtol=rtol, atol=0.0)
        ratio = norm(expected) / norm(gradients[trial])
        assert clipped.factor_K[trial].item() == pytest.approx(ratio, rel=rtol)
    cut = [norm(by_torch(g, r)) < norm(g) for g, r in zip(gradients, rules, strict=True)]
    assert (clipped.factor_K < 1).tolist() == cut and any(cut) and not all(cut)
    assert (clipped.factor_K[[not one for one in cut]] == 1).all()  # to the last bit


def transposed(block: Tensor) -> Tensor:
    return block.transpose(-1, -2).contiguous().transpose(-1, -2) if block.ndim > 3 else block


@pytest.mark.parametrize("size", [1, 25, chunks.CHUNK])
@pytest.mark.parametrize("layout", [lambda block: block, transposed], ids=["plain", "transposed"])
def test_adaptive_clipping_equals_a_loop_over_units(
    layout: Callable[[Tensor], Tensor], size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunks, "CHUNK", size)
    gradients, parameters = tensors(5, seed=1), tensors(5, seed=2)
    parameters[4]["dense.weight"][2] = 0.0  # as long as epsilon
    rules: Rules = [
        {"clip_agc": 0.01},
        {"clip_agc": "none"},
        {"clip_agc": 1.0},
        {"clip_agc": 1e9},
        {"clip_agc": 0.1},
    ]
    after, clipped = clip(rules, gradients, parameters, layout)
    assert clipped.scale_K is None
    for trial, rule in enumerate(rules):
        limit = math.inf if rule["clip_agc"] == "none" else float(rule["clip_agc"])
        expected = adaptively(gradients[trial], parameters[trial], limit)
        assert_same(after[trial], expected, rtol=1e-12, atol=0.0)
        ratio = norm(expected) / norm(gradients[trial])
        assert clipped.factor_K[trial].item() == pytest.approx(ratio, rel=1e-12)
    assert clipped.factor_K[[1, 3]].tolist() == [1.0, 1.0]
    assert after[4]["dense.weight"][2].norm().item() == pytest.approx(0.1 * 1e-3)


def test_a_limit_of_agc_is_the_ratio_that_is_left() -> None:
    gradients, parameters = tensors(1, seed=1), tensors(1, seed=2)
    (after,), _ = clip([{"clip_agc": 0.02}], gradients, parameters)
    for name in ("dense.weight", "kernel.weight"):
        lengths = after[name].flatten(1).norm(dim=1)
        torch.testing.assert_close(
            lengths / parameters[0][name].flatten(1).norm(dim=1), lengths * 0 + 0.02
        )


def test_rules_act_in_the_order_agc_value_norm() -> None:
    gradients, parameters = tensors(2, seed=1), tensors(2, seed=2)
    rule = {"clip_agc": 0.5, "clip_value": 0.05, "clip_norm": 0.2}
    after, clipped = clip([rule] * 2, gradients, parameters)
    for trial in range(2):
        first = adaptively(gradients[trial], parameters[trial], 0.5)
        expected = by_torch(first, rule)
        assert_same(after[trial], expected, rtol=1e-12, atol=0.0)
        assert norm(first) < norm(gradients[trial]) and norm(expected) < norm(first)
        ratio = norm(expected) / norm(gradients[trial])
        assert clipped.factor_K[trial].item() == pytest.approx(ratio, rel=1e-12)


def test_without_limits_nothing_is_done() -> None:
    gradients = tensors(3, seed=1)
    after, clipped = clip([{}, {"clip_norm": "none"}, {"clip_agc": "none"}], gradients)
    assert clipped.scale_K is None and clipped.factor_K.tolist() == [1.0, 1.0, 1.0]
    for trial in range(3):
        assert_same(after[trial], gradients[trial], rtol=0.0, atol=0.0)


def test_a_global_norm_alone_costs_no_pass_over_the_gradients() -> None:
    gradients = tensors(2, seed=1)
    blocks = stacked(gradients)
    values = [value.clone() for value in blocks.values]
    clipping = Clipping([{"clip_norm": 0.1}, {}], device=torch.device("cpu"), dtype=torch.float64)
    clipped = clipping.clip(values, blocks, blocks.norms(values).norm(dim=0))
    assert clipped.scale_K is not None and clipped.scale_K[0] < 1 and clipped.scale_K[1] == 1
    assert all(torch.equal(a, b) for a, b in zip(values, blocks.values, strict=True))


@pytest.mark.parametrize("rule", [{"clip_norm": 1e-9}, {"clip_value": 0.1}, {"clip_agc": 0.1}])
def test_a_gradient_of_zero_is_not_clipped(rule: dict[str, float]) -> None:
    zero = [{name: torch.zeros(shape) for name, shape in SHAPES.items()}]
    (after,), clipped = clip([rule], zero)
    assert clipped.factor_K.tolist() == [1.0]
    assert_same(after, zero[0], rtol=0.0, atol=0.0)


def test_a_trial_that_is_not_finite_leaves_its_neighbours_alone() -> None:
    rules: Rules = [{"clip_norm": 0.1, "clip_value": 0.5, "clip_agc": 0.1}, {}, {"clip_agc": 0.1}]
    gradients, parameters = tensors(3, seed=1), tensors(3, seed=2)
    clean, _ = clip(rules, gradients, parameters)
    gradients[1]["dense.weight"][0, 0] = math.nan
    gradients[1]["gain"] = torch.tensor(math.inf, dtype=torch.float64)
    mixed, clipped = clip(rules, gradients, parameters)
    for trial in (0, 2):
        assert_same(mixed[trial], clean[trial], rtol=0.0, atol=0.0)
        assert 0 < clipped.factor_K[trial] < 1
    assert mixed[1]["dense.weight"][0, 0].isnan() and mixed[1]["gain"].isinf()


def test_a_norm_that_overflows_clips_only_where_there_is_a_limit() -> None:
    huge = [{name: torch.full(shape, 1e30) for name, shape in SHAPES.items()}] * 2
    after, clipped = clip([{"clip_norm": 1.0}, {}], huge)
    assert clipped.scale_K is not None and clipped.scale_K.tolist() == [0.0, 1.0]
    assert_same(after[1], huge[1], rtol=0.0, atol=0.0)


def test_trials_that_are_kept_keep_their_limits() -> None:
    rules: Rules = [{"clip_norm": 0.1}, {"clip_norm": 0.2}, {"clip_norm": 0.3}]
    clipping = Clipping(rules, device=torch.device("cpu"), dtype=torch.float64)
    clipping.keep([2, 0])
    gradients = [tensors(3, seed=1)[trial] for trial in (2, 0)]
    blocks = stacked(gradients)
    clipped = clipping.clip(blocks.values, blocks, blocks.norms(blocks.values).norm(dim=0))
    assert clipped.scale_K is not None
    lengths = [norm(one) * float(s) for one, s in zip(gradients, clipped.scale_K, strict=True)]
    assert lengths == pytest.approx([0.3, 0.1], rel=1e-4)


def test_no_number_is_read_back_from_the_device() -> None:
    """Tensors on the meta device have no numbers; reading one is an error there."""
    rules: Rules = [{"clip_norm": 0.1, "clip_value": 0.5, "clip_agc": 0.1}, {}]
    meta = torch.device("meta")
    blocks = Blocks(BLOCKS, tensors(2, 1), order=tuple(SHAPES), device=meta, dtype=torch.float64)
    gradients = [torch.empty_like(value) for value in blocks.values]
    clipping = Clipping(rules, device=meta, dtype=torch.float64)
    clipped = clipping.clip(gradients, blocks, blocks.norms(gradients).norm(dim=0))
    assert clipped.factor_K.is_meta and clipped.factor_K.shape == (2,)
