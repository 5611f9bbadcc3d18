from __future__ import annotations

import pytest
import torch

from study.engine.activations import ACTIVATIONS
from study.engine.quantities.saturation import saturated_fraction


@pytest.mark.parametrize("name", [n for n, a in ACTIVATIONS.items() if a.slope is not None])
def test_saturation_matches_the_derivative(name: str) -> None:
    inputs = torch.linspace(-12, 12, 4001, dtype=torch.float64, requires_grad=True)
    outputs = ACTIVATIONS[name].module()(inputs)
    (slope,) = torch.autograd.grad(outputs.sum(), inputs)
    expected = (slope < 0.01 * slope.max()).double().mean()
    got = saturated_fraction(outputs.detach().reshape(1, 1, -1), name)
    assert abs(got.item() - expected.item()) < 2e-3


@pytest.mark.parametrize("name", ["relu", "gelu", "identity", None])
def test_what_cannot_saturate_is_unmeasured(name: str | None) -> None:
    assert saturated_fraction(torch.ones(3, 2, 2), name).isnan().all()
