"""How much the loss suffers from a learning rate that is not the best one."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.maps.learning_rate_limits import LIMITS_BY
from analysis.space.axes import entry, varied
from analysis.space.cells import cells
from analysis.space.configurations import configuration_codes
from analysis.space.design import uniform_trials
from analysis.stats.intervals import CONFIDENCE

Floats = NDArray[np.float64]

RESAMPLES = 500

LEAST = 10
"""With fewer configurations, a bootstrap would say nothing but what was observed."""

_BLOCKS = 200


def learning_rate_sensitivity(
    trials: pd.DataFrame,
    by: Sequence[str] | None = None,
    *,
    learning_rate: str = "learning_rate",
    confidence: float = CONFIDENCE,
    seed: int = 0,
) -> pd.DataFrame:
    """Computes the mean over learning rates of min(loss, initial loss), less the best loss.

    The loss at a learning rate is the mean of the trials in its cell (the cells of its map, of
    equal width in the logarithm, so that the mean is over learning rates and not over trials),
    each clamped at its own loss at initialization: a run that diverged counts as one that did not
    learn. The best loss is the lowest of these means.

    Args:
        trials: Trials table, of which evenly placed trials count; `loss_final`, `loss_initial` and
            `configuration` are read.
        by: Hyperparameters, by each of which on its own it is reported; by default `LIMITS_BY`,
            as far as they vary.
        learning_rate: Column of the learning rate.
        confidence: Two-sided, of the intervals, which are percentiles of a bootstrap over
            configurations, in (0, 1).
        seed: Seeds the bootstrap, >= 0.

    Returns:
        First a row of all trials, then one row a cell of each of `by`: `by` ("" for all),
        `value`, `sensitivity` and its interval `sensitivity_low`, `sensitivity_high`, in units of
        the loss; NaN with fewer than two learning rates that have trials, and the interval with
        fewer than `LEAST` configurations.

    Raises:
        AnalysisError: If a column is unknown.

    References:
        Wortsman et al., Small-scale proxies for large-scale Transformer training instabilities,
        2023, section 2.2.
    """
    entry(trials, learning_rate)
    trials = uniform_trials(trials)
    names = [name for name in LIMITS_BY if name in varied(trials)] if by is None else list(by)
    rate = cells(trials, learning_rate)
    loss = clamped_loss(trials)
    code = configuration_codes(trials)
    known = np.isfinite(loss) & (rate.index >= 0)
    rng = np.random.default_rng(seed)
    rows = []
    for name in (None, *names):
        divided = None if name is None else cells(trials, name)
        for index, label in enumerate(("",) if divided is None else divided.labels):
            inside = known if divided is None else known & (divided.index == index)
            low, middle, high = _interval(
                loss[inside],
                rate.index[inside],
                len(rate.labels),
                code[inside].astype(np.int64),
                confidence,
                rng,
            )
            rows.append(
                {
                    "by": name or "",
                    "value": label,
                    "sensitivity": middle,
                    "sensitivity_low": low,
                    "sensitivity_high": high,
                }
            )
    return pd.DataFrame(rows)


def clamped_loss(trials: pd.DataFrame) -> Floats:
    """Returns min(final, initial loss) by trial [N]; a missing final loss counts as initial."""
    final = trials["loss_final"].to_numpy(dtype=np.float64, na_value=np.nan)
    initial = trials["loss_initial"].to_numpy(dtype=np.float64, na_value=np.nan)
    return np.fmin(final, initial)


def _interval(
    loss: Floats,
    cell: NDArray[np.int64],
    width: int,
    code: NDArray[np.int64],
    confidence: float,
    rng: np.random.Generator,
) -> tuple[float, float, float]:
    if len(np.unique(cell)) < 2:
        return math.nan, math.nan, math.nan
    # Configurations share blocks, so that a million trials are resampled as fast as 200.
    _, block = np.unique(code, return_inverse=True)
    number = int(block.max()) + 1
    if number > _BLOCKS:
        block = rng.permutation(number)[block] % _BLOCKS
        number = _BLOCKS
    key = block * width + cell
    totals = np.bincount(key, loss, number * width).reshape(number, width).astype(np.float64)
    counts = np.bincount(key, minlength=number * width).reshape(number, width).astype(np.float64)
    whole = _sensitivity(totals.sum(axis=0)[None], counts.sum(axis=0)[None])[0]
    if number < LEAST:
        return math.nan, float(whole), math.nan
    # A resample takes each block as often as it is drawn: sums of losses are linear in that.
    drawn = rng.multinomial(number, np.full(number, 1 / number), size=RESAMPLES)
    many = _sensitivity(drawn @ totals, drawn @ counts)
    low, high = np.nanquantile(many, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(whole), float(high)


def _sensitivity(totals: Floats, counts: Floats) -> Floats:
    """Returns the sensitivity of each resample [B]: sums and numbers of losses are [B, C]."""
    filled = counts > 0
    means = np.where(filled, totals / np.maximum(counts, 1), np.nan)
    best = np.where(filled, means, np.inf).min(axis=1)
    average = np.where(filled, means, 0.0).sum(axis=1) / np.maximum(filled.sum(axis=1), 1)
    return np.asarray(average - best)
