from __future__ import annotations

import numpy as np
import torch
from torch import nn

from study.engine.quantities.grad_norm import grad_norm


def test_equals_what_torch_clips_by() -> None:
    modules = [nn.Sequential(nn.Linear(4, 3), nn.Linear(3, 2)).double() for _ in range(3)]
    generator = torch.Generator().manual_seed(0)
    for module in modules:
        for value in module.parameters():
            value.grad = torch.randn(value.shape, generator=generator).double()
    norms_NxK = torch.tensor(
        [
            [value.grad.norm().item() for value in same]  # type: ignore[union-attr]
            for same in zip(*(module.parameters() for module in modules), strict=True)
        ]
    ).double()
    expected = [nn.utils.get_total_norm([p.grad for p in m.parameters()]) for m in modules]  # type: ignore[misc]
    np.testing.assert_allclose(grad_norm(norms_NxK), torch.stack(expected), rtol=1e-7)


def test_overflow_and_nan_stay_with_their_trial() -> None:
    norms_NxK = torch.tensor([[3e38, torch.nan, 3.0], [3e38, 1.0, 4.0]])
    assert grad_norm(norms_NxK)[0] == torch.inf
    assert grad_norm(norms_NxK)[1].isnan()
    assert grad_norm(norms_NxK)[2] == 5.0
