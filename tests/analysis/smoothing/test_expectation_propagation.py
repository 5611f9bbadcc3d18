"""The normal posterior, and the draws sharpened from it, against integration by brute force."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

from analysis.smoothing.basis import Basis
from analysis.smoothing.expectation_propagation import posterior
from analysis.smoothing.sampling import sharpen

GRID = np.linspace(-8, 8, 401)


def exact(basis: Basis, successes, trials):
    """Log evidence, mean and standard deviation of two logits, on a grid of two coefficients."""
    a, b = np.meshgrid(GRID, GRID, indexing="ij")
    beta = np.stack([a.ravel(), b.ravel()], axis=1)
    logits = basis.logits(beta).reshape(len(beta), -1)
    log_p = logits @ successes.ravel() - np.logaddexp(0, logits) @ trials.ravel()
    log_p += -0.5 * (beta**2).sum(axis=1) - np.log(2 * np.pi)
    step = (GRID[1] - GRID[0]) ** 2
    mass = np.exp(log_p)
    evidence = np.log(mass.sum() * step)
    mass /= mass.sum()
    mean = mass @ logits
    return evidence, mean, np.sqrt(mass @ (logits - mean) ** 2), mass @ (logits > 0)


@pytest.mark.parametrize(
    ("successes", "trials"),
    [
        ([1, 1], [1, 1]),
        ([3, 0], [3, 4]),
        ([0, 0], [9, 1]),
        ([40, 21], [50, 50]),
        ([0.7, 1], [1, 3]),
    ],
)
def test_it_agrees_with_integration_over_both_coefficients(successes, trials):
    # Two correlated logits of standard deviation 3 and 4.
    x = np.array([[3.0, 0.0], [2.4, 3.2]])
    basis = Basis(x=x, y=np.ones((1, 1)), pairs=np.arange(2))
    successes, trials = np.array([successes], float).T, np.array([trials], float).T
    found = posterior(basis, successes, trials)
    evidence, mean, deviation, positive = exact(basis, successes, trials)
    assert found.log_evidence == pytest.approx(evidence, abs=0.1)
    np.testing.assert_allclose(basis.logits(found.mean)[:, 0], mean, atol=0.08 * deviation.max())
    spread = np.sqrt(basis.variances(found.covariance)[:, 0])
    np.testing.assert_allclose(spread, deviation, rtol=0.08)

    rng = np.random.default_rng(0)
    drawn = basis.logits(sharpen(found, basis, successes, trials, 4000, rng))[:, :, 0]
    np.testing.assert_allclose((drawn > 0).mean(axis=0), positive, atol=0.03)
    np.testing.assert_allclose(drawn.mean(axis=0), mean, atol=0.12 * deviation.max())


def test_sums_over_the_grid_are_those_of_the_written_out_matrix():
    rng = np.random.default_rng(1)
    basis = Basis(
        x=rng.normal(size=(6, 3)), y=rng.normal(size=(5, 4)), pairs=np.array([0, 2, 5, 7, 11])
    )
    full = np.stack(
        [np.outer(basis.x[:, p // 4], basis.y[:, p % 4]).ravel() for p in basis.pairs], axis=1
    )
    weights, root = rng.random((6, 5)), rng.normal(size=(5, 5))
    beta, covariance = rng.normal(size=5), root @ root.T
    np.testing.assert_allclose(basis.logits(beta).ravel(), full @ beta)
    np.testing.assert_allclose(basis.gram(weights), full.T @ (weights.ravel()[:, None] * full))
    np.testing.assert_allclose(basis.project(weights), full.T @ weights.ravel())
    np.testing.assert_allclose(
        basis.variances(covariance).ravel(), np.diag(full @ covariance @ full.T)
    )
    at = (np.array([0, 5, 3]), np.array([4, 0, 2]))
    np.testing.assert_allclose(basis.rows(*at) @ beta, basis.logits(beta)[at])


def test_a_certain_logit_is_certain():
    basis = Basis(x=np.full((1, 1), 5.0), y=np.ones((1, 1)), pairs=np.arange(1))
    found = posterior(basis, np.full((1, 1), 3e5), np.full((1, 1), 1e6))
    assert expit(basis.logits(found.mean)).item() == pytest.approx(0.3, abs=1e-3)
