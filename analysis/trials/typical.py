"""One typical trial of each verdict."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.trials.counts import VERDICTS, check_verdicts

_LOGARITHMIC = (
    "steps_run",
    "loss_initial",
    "loss_final",
    "loss_best",
    "grad_norm_initial",
    "grad_norm_median",
    "grad_norm_max",
    "delta_ratio_initial",
    "delta_ratio_final",
    "update_ratio_median",
)
_LINEAR = ("metric_best", "clipped_fraction", "dead_fraction", "saturated_fraction")


def typical_trials(trials: pd.DataFrame) -> pd.DataFrame:
    """Picks the medoid of each verdict: the trial with the least total distance to its others.

    Distances are absolute differences summed over the figures of a trial (losses, gradient norms,
    delta ratios, update ratio, clipped, dead and saturated fractions), magnitudes as logarithms,
    each divided by its interquartile range over all trials.

    Args:
        trials: Trials table.

    Returns:
        At most five rows of `trials`, in the order of `VERDICTS`; verdicts without a trial are
        left out. Ties go to the lowest trial number, so the choice depends on the table alone.

    References:
        Kaufman, Rousseeuw, Clustering by means of medoids, 1987.
    """
    check_verdicts(trials)
    ordered = trials.sort_values("trial", kind="stable")
    features = _standardized(ordered)
    chosen = []
    for verdict in VERDICTS:
        rows = np.flatnonzero((ordered["verdict"] == verdict).to_numpy())
        if rows.size:
            # Rounded, so that a tie stays one whatever the order of summation.
            total = np.round(_total_distance(features[rows]), 9)
            chosen.append(int(rows[int(total.argmin())]))
    typical = ordered.iloc[chosen].reset_index(drop=True)
    typical.attrs = trials.attrs
    return typical


def _standardized(trials: pd.DataFrame) -> NDArray[np.float64]:
    """Returns features [N, F] in interquartile ranges; missing ones lie at the median."""
    columns = []
    for name in (*_LOGARITHMIC, *_LINEAR):
        if name not in trials.columns:
            continue
        values = trials[name].to_numpy(dtype=np.float64, na_value=np.nan)
        if name in _LOGARITHMIC:
            values = np.log10(np.maximum(values, 1e-30))
        finite = values[np.isfinite(values)]
        if not finite.size:
            continue
        low, middle, high = np.percentile(finite, [25, 50, 75])
        # An infinite figure is as far out as the farthest finite one.
        bounded = np.clip(np.where(np.isnan(values), middle, values), finite.min(), finite.max())
        scale = high - low or (finite.max() - finite.min()) or 1.0
        columns.append((bounded - middle) / scale)
    return np.stack(columns, axis=1) if columns else np.zeros((len(trials), 1))


def _total_distance(features: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sums the L1 distances of each row to all rows [N], in N log N by sorting each feature."""
    number = features.shape[0]
    total = np.zeros(number)
    # To all smaller values x_j a value x is (rank x - sum of x_j) away, to the larger ones the
    # same from above.
    for column in features.T:
        order = np.argsort(column, kind="stable")
        ordered = column[order]
        sums = np.concatenate([[0.0], np.cumsum(ordered)])
        rank = np.arange(number)
        below = ordered * rank - sums[:-1]
        above = (sums[-1] - sums[1:]) - ordered * (number - rank - 1)
        total[order] += below + above
    return total
