"""Draws from the posterior itself, starting from its normal approximation.

In coordinates z in which the approximation is standard normal, beta = mean + L'^-1 z, the
posterior is N(z; 0, I) times

    w(z) = L(y | beta) N(beta; 0, I) / N(z; 0, I)

so that elliptical slice sampling leaves it unchanged, with w in the place of the likelihood:

    level       ln w(z) - Exp(1), below which no step may end
    ellipse     z cos(angle) + z' sin(angle), z' another standard normal draw
    shrinking   an angle that fails becomes an end of the bracket around 0, where z itself lies
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analysis.smoothing.basis import Basis
from analysis.smoothing.expectation_propagation import Posterior
from analysis.smoothing.softplus import softplus

Floats = NDArray[np.float64]

STEPS = 5
_SHRINKS = 12


def sharpen(
    normal: Posterior,
    basis: Basis,
    successes: Floats,
    trials: Floats,
    number: int,
    rng: np.random.Generator,
) -> Floats:
    """Draws coefficients [S, R] from the normal posterior and moves them towards the true one.

    Where every trial was stable, the true posterior of the logit is skewed: it goes far up and
    ends at about 0, while a normal one of the same variance goes below. Each draw takes a few
    steps of elliptical slice sampling, whose target is the true posterior and whose ellipses are
    those of the normal one.

    Args:
        normal: The normal posterior.
        basis: Prior of the logit on the grid of the counts.
        successes: Stable trials [X, Y].
        trials: All trials [X, Y].
        number: Number of draws S, >= 0.
        rng: Source of randomness.

    References:
        Murray, Adams, MacKay, Elliptical slice sampling, AISTATS 2010.
        Nishihara, Murray, Adams, Parallel MCMC with generalized elliptical slice sampling, JMLR
        2014.
    """
    rank = len(normal.mean)
    # In coordinates in which the normal posterior is standard.
    state = rng.standard_normal((number, rank))
    if not number or not trials.any():
        return normal.draw(state)
    likelihood = _Likelihood(normal, basis, successes, trials)
    value = likelihood(state)
    for _ in range(STEPS):
        other = rng.standard_normal((number, rank))
        level = value - rng.exponential(size=number)
        high = rng.uniform(0, 2 * np.pi, number)
        low = high - 2 * np.pi
        angle = high.copy()
        active = np.arange(number)
        for _ in range(_SHRINKS):
            turn = angle[active, None]
            proposed = state[active] * np.cos(turn) + other[active] * np.sin(turn)
            reached = likelihood(proposed)
            fine = reached > level[active]
            state[active[fine]], value[active[fine]] = proposed[fine], reached[fine]
            active = active[~fine]
            if not len(active):
                break
            # A bracket that has not found a way in after all shrinks leaves its draw where it is.
            back = angle[active] < 0
            low[active[back]] = angle[active[back]]
            high[active[~back]] = angle[active[~back]]
            angle[active] = rng.uniform(low[active], high[active])
    return normal.draw(state)


class _Likelihood:
    """ln w of standard states z [S, R], but for a constant."""

    def __init__(self, normal: Posterior, basis: Basis, successes: Floats, trials: Floats) -> None:
        self._normal, self._basis = normal, basis
        self._at = np.nonzero(trials > 0)
        self._s, self._n = successes[self._at], trials[self._at]
        # With few occupied points it is cheaper to evaluate the basis there than on the whole
        # grid.
        cells = self._basis.x.shape[0] * self._basis.y.shape[0]
        self._rows: Floats | None = None
        if len(self._s) * 8 < cells:
            self._rows = basis.rows(*self._at)

    def __call__(self, state: Floats) -> Floats:
        beta = self._normal.draw(state)
        if self._rows is not None:
            logit = beta @ self._rows.T
        else:
            logit = self._basis.logits(beta)[:, self._at[0], self._at[1]]
        fit = logit @ self._s - softplus(logit) @ self._n
        return np.asarray(fit - 0.5 * (beta**2).sum(axis=1) + 0.5 * (state**2).sum(axis=1))
