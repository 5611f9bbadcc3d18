from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.stats import binomtest, false_discovery_control, norm

from analysis.remedies import net_interval
from analysis.remedies.effect import chance_probability, discoveries, independent_share


def score(b, c, n, delta):
    """Tango's statistic, its variance at the likeliest probabilities that differ by delta."""

    def minus_likelihood(q):
        cells = [(b, q + delta), (c, q), (n - b - c, 1 - 2 * q - delta)]
        return -sum(number * np.log(max(p, 1e-300)) for number, p in cells if number)

    ends = max(0.0, -delta), (1 - delta) / 2
    q = minimize_scalar(minus_likelihood, bounds=ends, method="bounded", options={"xatol": 1e-12})
    return (b - c - n * delta) / np.sqrt(n * (2 * q.x + delta * (1 - delta)))


@pytest.mark.parametrize(
    ("healed", "undone", "failing", "n"),
    [(30, 5, 60, 90), (3, 1, 8, 20), (12, 12, 40, 52), (20, 2, 30, 100)],
)
def test_bounds_are_where_the_score_of_the_restricted_likelihood_is(healed, undone, failing, n):
    low, high = net_interval(healed, undone, failing, n)
    z = norm.ppf(0.975)
    assert score(healed, undone, n, low * failing / n) == pytest.approx(z, abs=0.01)
    assert score(healed, undone, n, high * failing / n) == pytest.approx(-z, abs=0.01)
    assert low < (healed - undone) / failing < high


def test_all_healed_is_not_certain_and_none_is_not_impossible():
    low, high = net_interval(10, 0, 10, 200)
    assert 0.45 < low < 0.65 and high == pytest.approx(1.0, abs=1e-6)
    low, high = net_interval(0, 0, 20, 40)
    assert -0.25 < low < 0 < high < 0.25


def test_pairs_that_share_a_trial_count_for_less():
    wide = net_interval(30, 5, 60, 90, shrink=0.25)
    narrow = net_interval(30, 5, 60, 90)
    assert wide[1] - wide[0] > 1.6 * (narrow[1] - narrow[0])


def test_independent_share():
    assert independent_share(np.arange(10), np.arange(10)) == 1.0
    # One trial stands in for all comparisons: one pair's worth of evidence.
    assert independent_share(np.arange(10), np.zeros(10, int)) == pytest.approx(0.1)


@pytest.mark.parametrize(("healed", "undone"), [(5, 0), (9, 3), (3, 9), (12, 11)])
def test_the_probability_of_luck_is_that_of_the_sign_test(healed, undone):
    exact = binomtest(healed, healed + undone).pvalue
    assert chance_probability(healed, undone) == pytest.approx(exact)
    assert chance_probability(4, 4) == 1.0
    assert chance_probability(healed, undone, shrink=0.5) >= exact


def test_discoveries_are_those_of_scipy():
    rng = np.random.default_rng(0)
    probabilities = np.append(rng.random(80), rng.random(20) / 500)
    wanted = false_discovery_control(probabilities) <= 0.05
    assert np.array_equal(discoveries(probabilities, false_share=0.05), wanted)
    assert 10 < wanted.sum() < 30
    assert not discoveries(np.array([0.4, 0.9]), false_share=0.05).any()
    assert discoveries(np.zeros(0), false_share=0.05).size == 0
