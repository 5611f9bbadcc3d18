from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom, binomtest

from analysis import wilson_interval


@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.99])
def test_agrees_with_scipy_for_every_count(confidence):
    pairs = [(k, n) for n in (1, 2, 3, 7, 20, 511) for k in {0, 1, n // 3, n - 1, n}]
    low, high = wilson_interval(*zip(*pairs, strict=True), confidence=confidence)
    for (k, n), a, b in zip(pairs, low, high, strict=True):
        oracle = binomtest(k, n).proportion_ci(confidence, method="wilson")
        assert (a, b) == pytest.approx((oracle.low, oracle.high), abs=1e-12)


def test_no_trials_tell_nothing():
    low, high = wilson_interval([0, 2], [0, 4])
    assert np.isnan([low[0], high[0]]).all()
    assert np.isfinite([low[1], high[1]]).all()


def test_covers_the_truth_about_as_often_as_it_says():
    n, k = 12, np.arange(13)
    low, high = wilson_interval(k, n)
    truths = np.linspace(0.05, 0.95, 181)
    covered = [binom.pmf(k[(low <= p) & (p <= high)], n, p).sum() for p in truths]
    assert 0.93 < np.mean(covered) < 0.97


def test_shapes_broadcast():
    low, _ = wilson_interval(np.zeros((3, 1)), np.full(4, 10))
    assert low.shape == (3, 4)


@pytest.mark.parametrize(("k", "n", "confidence"), [(3, 2, 0.95), (-1, 2, 0.95), (1, 2, 1.0)])
def test_impossible_counts_are_refused(k, n, confidence):
    with pytest.raises(ValueError, match="must hold"):
        wilson_interval(k, n, confidence=confidence)
