"""How much R varies between networks of finite width, against many of them."""

from __future__ import annotations

import numpy as np
import pytest

from search_spaces.theory import predict
from search_spaces.theory.finite_width import log_ratio_std
from study.worker.theory_columns import inputs_of
from tests.search_spaces.theory.real_networks import gaussian_task, measured


@pytest.mark.slow
@pytest.mark.parametrize("activation", ["relu", "tanh", "identity"])
@pytest.mark.parametrize("initialization", ["lecun_normal", "orthogonal"])
def test_the_spread_of_many_networks(activation, initialization):
    """One example a batch: several would be averaged over where they are not yet alike."""
    task = gaussian_task(48)
    hyperparameters = {
        "width": 48,
        "depth": 16,
        "activation": activation,
        "initialization": initialization,
        "batch_size": 1,
    }
    expected = predict("mlp", hyperparameters, inputs_of(task))
    found = np.log(measured("mlp", task, hyperparameters, seeds=150).ratio_K)
    assert found.std() == pytest.approx(expected.log_std, rel=0.25, abs=1e-6)
    # The median of R lies below the ratio of infinite width by exp(-Var(ln R)).
    typical = np.log(expected.ratio) - expected.log_std**2
    assert np.median(found) == pytest.approx(typical, abs=0.15)


def test_closed_forms():
    lengths = np.ones(11)
    assert log_ratio_std("relu", lengths, 50) == pytest.approx(np.sqrt(10 * 5 / 50) / 2)
    assert log_ratio_std("identity", lengths, 50) == pytest.approx(np.sqrt(10 * 2 / 50) / 2)
    orthogonal = log_ratio_std("relu", lengths, 50, orthogonal=True)
    assert orthogonal == pytest.approx(np.sqrt(10 * 3 / 50) / 2)
    assert log_ratio_std("identity", lengths, 50, orthogonal=True) == pytest.approx(0, abs=1e-6)
    assert log_ratio_std("relu", lengths[:1], 50) == 0
