from __future__ import annotations

import numpy as np

from analysis.smoothing.softplus import softplus


def test_it_is_numpys_near_zero_and_far_from_it():
    x = np.concatenate([np.linspace(-800, 800, 4001), np.linspace(-1, 1, 1001), [-0.0, 1e-300]])
    np.testing.assert_allclose(softplus(x), np.logaddexp(0.0, x), rtol=4e-16)
    assert softplus(np.full((2, 3), 800.0)).tolist() == [[800.0] * 3] * 2


def test_it_leaves_its_argument_alone():
    x = np.array([-1.0, 2.0])
    softplus(x)
    assert x.tolist() == [-1.0, 2.0]
