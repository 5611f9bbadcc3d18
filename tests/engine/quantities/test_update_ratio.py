from __future__ import annotations

import numpy as np
import torch

from study.engine.quantities.update_ratio import joint_update_ratio, update_ratio


def test_of_one_parameter_and_of_several_together() -> None:
    generator = torch.Generator().manual_seed(0)
    before = [torch.randn(3, *shape, generator=generator).double() for shape in ((4, 2), (4,))]
    after = [value + 0.1 * torch.randn(value.shape, generator=generator) for value in before]
    for old, new in zip(before, after, strict=True):
        expected = [np.linalg.norm(new[k] - old[k]) / np.linalg.norm(old[k]) for k in range(3)]
        np.testing.assert_allclose(update_ratio(old, new), expected)
    flat = [torch.cat([value.flatten(1) for value in values], dim=1) for values in (before, after)]
    norms = torch.stack([value.flatten(1).norm(dim=1) for value in before])
    updates = torch.stack(
        [(new - old).flatten(1).norm(dim=1) for old, new in zip(before, after, strict=True)]
    )
    np.testing.assert_allclose(
        joint_update_ratio(updates, norms), update_ratio(flat[0], flat[1]), rtol=1e-12
    )


def test_of_parameters_of_zero() -> None:
    zero, one = torch.zeros(1, 3), torch.ones(1, 3)
    assert update_ratio(zero, one).tolist() == [torch.inf]
    assert update_ratio(zero, zero).isnan().all()
    assert update_ratio(one, one).tolist() == [0.0]
