from __future__ import annotations

import numpy as np
import pytest
import torch

from study.engine.quantities.rms import norm, rms


def test_tiny_deltas_do_not_underflow() -> None:
    values = torch.full((2, 8, 4), 1e-30)
    np.testing.assert_allclose(rms(values).numpy(), 1e-30, rtol=1e-6)
    large = torch.full((2, 8, 4), 1e30)
    np.testing.assert_allclose(rms(large).numpy(), 1e30, rtol=1e-6)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_equals_numpy_over_all_axes_but_the_first(dtype: torch.dtype) -> None:
    values = torch.randn(3, 5, 7, 2, generator=torch.Generator().manual_seed(0)).to(dtype)
    exact = values.double().numpy()
    np.testing.assert_allclose(rms(values), np.sqrt(np.mean(exact**2, axis=(1, 2, 3))), rtol=1e-6)
    np.testing.assert_allclose(norm(values), np.sqrt(np.sum(exact**2, axis=(1, 2, 3))), rtol=1e-6)


def test_odd_values_stay_with_their_trial() -> None:
    values = torch.ones(4, 6)
    values[1, 2], values[2, 3], values[3] = torch.nan, torch.inf, 0.0
    got = rms(values)
    assert got[0] == pytest.approx(1) and got[1].isnan() and got[2] == torch.inf and got[3] == 0


def test_rows_of_two_axes_and_rows_that_float32_cannot_square() -> None:
    values = torch.ones(2, 3, 4, 5)
    values[0, 1], values[1, 0], values[1, 2] = 1e-30, 1e30, 0.0
    expected = [[20**0.5, 1e-30 * 20**0.5, 20**0.5], [1e30 * 20**0.5, 20**0.5, 0.0]]
    np.testing.assert_allclose(norm(values, kept=2), expected, rtol=1e-6)


def test_of_single_numbers_it_is_the_absolute_value() -> None:
    assert norm(torch.tensor([[-2.0, 3.0]]), kept=2).tolist() == [[2.0, 3.0]]
