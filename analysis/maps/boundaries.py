"""The largest and the smallest learning rate that trains."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.errors import AnalysisError
from analysis.space.axes import entry, is_numeric
from analysis.space.cells import Cells, cells, ordered_labels
from analysis.space.design import uniform_trials
from analysis.stats.intervals import CONFIDENCE


def largest_learning_rate(
    trials: pd.DataFrame,
    by: Sequence[str] = ("depth", "activation"),
    *,
    learning_rate: str = "learning_rate",
    confidence: float = CONFIDENCE,
) -> pd.DataFrame:
    """Finds where learning rates stop training, and start to, by cell of other hyperparameters.

    `largest` is observed: the largest learning rate of a stable trial, for at least one setting
    of the hyperparameters that vary besides. The true edge may lie higher: `largest_high` is the
    lowest learning rate above which the study rules it out, at one-sided `confidence`. It is
    found without a model: were stable trials as frequent up to an edge u as below, then the s
    stable ones could be any s of the m trials up to u, and the k highest would all have failed
    with probability C(m - k, s) / C(m, s). The first u at which that is at most 1 - confidence
    is the bound; there may be none (+inf): too few trials failed above. Only the trials from
    the smallest stable one on count, itself left out, since below it none trained.
    `smallest` and `smallest_low` are the same from the other side.

    Args:
        trials: Trials table; only its evenly placed trials count.
        by: Hyperparameters whose cells are examined one by one; may be empty.
        learning_rate: Column of the learning rate, > 0.
        confidence: One-sided, of each of the two bounds, in (0, 1).

    Returns:
        One row a combination of cells, in their order, unobserved ones included: a column for
        each of `by` (ordered labels), `trials`, `stable`, `smallest_low`, `smallest`, `largest`,
        `largest_high` (learning rates; NaN without a stable trial; 0 and +inf where the study
        sets no bound), `failed_below`, `failed_above` (trials beyond the stable ones).

    Raises:
        AnalysisError: If a column is unknown, or `learning_rate` is no number.
    """
    entry(trials, learning_rate)
    trials = uniform_trials(trials)
    if not is_numeric(trials[learning_rate]):
        raise AnalysisError(f"{learning_rate} must be a number, but holds names")
    groups = [cells(trials, name) for name in by]
    rates = trials[learning_rate].to_numpy(dtype=np.float64, na_value=np.nan)
    stable = (trials["verdict"] == "stable").to_numpy()
    rows = []
    for where in np.ndindex(*(len(group.labels) for group in groups)):
        inside = np.isfinite(rates)
        for group, position in zip(groups, where, strict=True):
            inside &= group.index == position
        rows.append(_window(rates[inside], stable[inside], confidence))
    frame = pd.DataFrame(rows)
    labels = _labels(groups)
    for column, group in enumerate(groups):
        frame.insert(column, group.name, labels[column])
    frame.attrs = {"by": list(by), "learning_rate": learning_rate, "confidence": confidence}
    return frame


def _window(
    rates: NDArray[np.float64], stable: NDArray[np.bool_], confidence: float
) -> dict[str, float]:
    """Returns the counts, the extremes of the stable learning rates, and their bounds."""
    counted: dict[str, float] = {"trials": rates.size, "stable": int(stable.sum())}
    if not stable.any():
        edges = ("smallest_low", "smallest", "largest", "largest_high")
        return {**counted, **dict.fromkeys(edges, math.nan), "failed_below": 0, "failed_above": 0}
    smallest, largest = rates[stable].min(), rates[stable].max()
    above = np.sort(rates[rates > largest])
    below = np.sort(rates[rates < smallest])
    others = int(((rates >= smallest) & (rates <= largest)).sum()) - 1
    needed = _failures_needed(others, int(stable.sum()) - 1, 1 - confidence, above.size)
    needed_below = _failures_needed(others, int(stable.sum()) - 1, 1 - confidence, below.size)
    return {
        **counted,
        "smallest_low": below[-needed_below] if needed_below else 0.0,
        "smallest": smallest,
        "largest": largest,
        "largest_high": above[needed - 1] if needed else math.inf,
        "failed_below": below.size,
        "failed_above": above.size,
    }


def _failures_needed(others: int, stable: int, level: float, failures: int) -> int | None:
    """Returns how many failures in a row beyond the last stable trial rule out more of the same.

    Args:
        others: Trials inside the window, the stable one at its other end left out.
        stable: Stable ones among these.
        level: Probability up to which a run of failures counts as no accident.
        failures: Number of failures beyond it.

    Returns:
        The least number k with C(m - k, s) / C(m, s) <= level, m = others + k; None if k >
        failures.
    """
    if stable == 0:
        return None
    for run in range(1, failures + 1):
        total = others + run
        # log C(m - k, s) - log C(m, s); m - k = others, which holds all s stable trials.
        accident = (
            math.lgamma(others + 1)
            + math.lgamma(total - stable + 1)
            - math.lgamma(others - stable + 1)
            - math.lgamma(total + 1)
        )
        if accident <= math.log(level):
            return run
    return None


def _labels(groups: Sequence[Cells]) -> list[pd.Series]:
    """Returns the labels of each group in each row, the last group's changing fastest."""
    shape = [len(group.labels) for group in groups]
    return [
        ordered_labels(group.labels, np.indices(shape)[axis].ravel())
        for axis, group in enumerate(groups)
    ]
