"""Gradients of a cohort, clipped, and what torch makes of each trial's."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils import clip_grad_norm_, clip_grad_value_

from study.engine.clipping import Clipped, Clipping
from study.engine.cohort.blocks import Blocks
from tests.study.engine.reference import clipped_adaptively

SHAPES = {
    "dense.weight": (5, 4),
    "dense.bias": (5,),
    "again.weight": (5, 4),
    "kernel.weight": (3, 2, 3, 3),
    "gain": (),
}
BLOCKS = (("dense.weight", "again.weight"), ("dense.bias",), ("kernel.weight",), ("gain",))

Rules = Sequence[dict[str, Any]]


def tensors(trials: int, seed: int, dtype: torch.dtype = torch.float64) -> list[dict[str, Tensor]]:
    """One mapping of parameters, or of gradients, a trial; sizes differ by trial."""
    generator = torch.Generator().manual_seed(seed)
    return [
        {
            name: torch.randn(shape, generator=generator, dtype=dtype) * 4.0 ** (trial - 1)
            for name, shape in SHAPES.items()
        }
        for trial in range(trials)
    ]


def stacked(values: Sequence[dict[str, Tensor]]) -> Blocks:
    first = next(iter(values[0].values()))
    return Blocks(
        BLOCKS, values, order=tuple(SHAPES), device=torch.device("cpu"), dtype=first.dtype
    )


def clip(
    rules: Rules,
    gradients: Sequence[dict[str, Tensor]],
    parameters: Sequence[dict[str, Tensor]] | None = None,
    layout: Callable[[Tensor], Tensor] = lambda block: block,
) -> tuple[list[dict[str, Tensor]], Clipped]:
    """Clips a cohort; returns each trial's gradients, scaled, and what clipping said."""
    blocks = stacked(parameters or tensors(len(rules), seed=9, dtype=_dtype(gradients)))
    blocks.values = [layout(value) for value in blocks.values]
    values = [layout(value) for value in stacked(gradients).values]
    clipping = Clipping(rules, device=torch.device("cpu"), dtype=_dtype(gradients))
    clipped = clipping.clip(values, blocks, blocks.norms(values).norm(dim=0))
    after = []
    for trial in range(len(rules)):
        scale = 1.0 if clipped.scale_K is None else clipped.scale_K[trial]
        after.append({name: blocks.of(values, name)[trial] * scale for name in SHAPES})
    return after, clipped


def _dtype(gradients: Sequence[dict[str, Tensor]]) -> torch.dtype:
    return gradients[0]["gain"].dtype


def norm(gradient: dict[str, Tensor]) -> float:
    return math.sqrt(sum(float(value.double().square().sum()) for value in gradient.values()))


def by_torch(gradient: dict[str, Tensor], rule: dict[str, Any]) -> dict[str, Tensor]:
    """One trial's gradient after clip_grad_value_, then clip_grad_norm_."""
    parameters = {name: torch.nn.Parameter(value.clone()) for name, value in gradient.items()}
    for name, parameter in parameters.items():
        parameter.grad = gradient[name].clone()
    if rule.get("clip_value", "none") != "none":
        clip_grad_value_(parameters.values(), rule["clip_value"])
    if rule.get("clip_norm", "none") != "none":
        clip_grad_norm_(parameters.values(), rule["clip_norm"])
    return {name: parameter.grad for name, parameter in parameters.items()}  # type: ignore[misc]


def adaptively(
    gradient: dict[str, Tensor], parameter: dict[str, Tensor], limit: float
) -> dict[str, Tensor]:
    return {n: clipped_adaptively(value, parameter[n], limit) for n, value in gradient.items()}


def assert_same(got: dict[str, Tensor], expected: dict[str, Tensor], **tolerance: float) -> None:
    for name in SHAPES:
        torch.testing.assert_close(got[name], expected[name], **tolerance)


RULES: dict[str, Rules] = {
    "norm": [{"clip_norm": 0.5}, {"clip_norm": "none"}, {"clip_norm": 3.0}, {"clip_norm": 1e9}],
    "value": [{"clip_value": 0.1}, {}, {"clip_value": 2.0}, {"clip_value": 1e9}],
    "both": [
        {"clip_norm": 0.5, "clip_value": 0.2},
        {"clip_norm": 1.0},
        {"clip_value": 3.0},
        {"clip_norm": 1e9, "clip_value": 1e9},
    ],
}
