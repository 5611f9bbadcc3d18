from __future__ import annotations

import numpy as np
import torch

from study.engine.quantities.activation_zeros import dead_fraction, zero_fraction


def test_dead_units_of_images_are_channels() -> None:
    images = torch.ones(1, 2, 4, 3, 3)
    images[:, :, 1] = 0
    images[:, 0, 2] = 0
    assert dead_fraction(images).tolist() == [0.25]


def test_equal_numpy() -> None:
    draws = torch.randn(4, 3, 5, generator=torch.Generator().manual_seed(0)) - 0.7
    values = draws.relu()
    values[2, 0, 0] = -0.0
    array = values.numpy()
    np.testing.assert_allclose(zero_fraction(values), (array == 0).mean(axis=(1, 2)))
    np.testing.assert_allclose(dead_fraction(values), (array == 0).all(axis=1).mean(axis=1))
    assert 0 < dead_fraction(values).max() < 1


def test_a_unit_of_nans_is_not_dead() -> None:
    values = torch.zeros(1, 2, 2)
    values[0, 1, 1] = torch.nan
    assert dead_fraction(values).tolist() == [0.5]
    assert zero_fraction(values).tolist() == [0.75]
