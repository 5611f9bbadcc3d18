from __future__ import annotations

import numpy as np
import torch

from study.engine.quantities.activation_moments import activation_mean, activation_std


def test_std_keeps_its_digits_far_from_zero() -> None:
    values = 0.5 + 1e-6 * torch.randn(3, 64, 64, generator=torch.Generator().manual_seed(0))
    np.testing.assert_allclose(
        activation_std(values).numpy(), values.double().flatten(1).std(1, correction=0), rtol=1e-2
    )


def test_equal_numpy_over_batch_and_units() -> None:
    values = torch.rand(3, 5, 7, 2, generator=torch.Generator().manual_seed(0)).double()
    np.testing.assert_allclose(activation_mean(values), values.numpy().mean(axis=(1, 2, 3)))
    np.testing.assert_allclose(activation_std(values), values.numpy().std(axis=(1, 2, 3)))
