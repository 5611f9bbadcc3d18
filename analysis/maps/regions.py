"""Where training is stable: the probability of `stable` by cell of two hyperparameters."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from analysis.space.axes import matches
from analysis.space.cells import Cells, cells, ordered_labels
from analysis.space.design import uniform_trials
from analysis.stats.intervals import CONFIDENCE, wilson_interval
from analysis.trials.counts import VERDICTS, check_verdicts


def stability_regions(
    trials: pd.DataFrame,
    x: str,
    y: str | None = None,
    *,
    where: Mapping[str, object] | None = None,
    bins: int | None = None,
    confidence: float = CONFIDENCE,
) -> pd.DataFrame:
    """Counts the evenly placed trials in each cell of two hyperparameters, also where none fell.

    Args:
        trials: Trials table; only those of `analysis.uniform_trials` count, as shares of others
            say where a sampler went.
        x: A hyperparameter.
        y: Another one; without it, the cells of `x` alone.
        where: Only trials with these values (or lists of values), by hyperparameter. The cells
            stay those of all trials, so that maps of different selections compare.
        bins: Bins of a range, see `analysis.space.cells.cells`.
        confidence: Two-sided, of the intervals, in (0, 1).

    Returns:
        `x`, `y` (ordered labels of the cell), `x_low`, `x_high`, `y_low`, `y_high` (its edges,
        equal for a single number, NaN for names), `trials`, one column a verdict with its number
        of trials, `probability` of `stable` with its Wilson interval `low`, `high` (NaN without
        trials), and `most_common` verdict (null without trials). `attrs`: the names `x`, `y`, and
        `left_out`, the number of trials to which one of the two does not apply.

    Raises:
        AnalysisError: If a hyperparameter is unknown or a verdict is.
    """
    check_verdicts(trials)
    trials = uniform_trials(trials)
    columns = cells(trials, x, bins=bins)
    rows = cells(trials, y, bins=bins) if y is not None else _everything(len(trials))
    chosen = matches(trials, where)
    inside = chosen & (columns.index >= 0) & (rows.index >= 0)
    counts = _count(columns, rows, trials["verdict"].to_numpy(), inside)
    frame = _frame(columns, rows, counts, confidence)
    frame.attrs = {"x": x, "y": y, "left_out": int(chosen.sum() - inside.sum())}
    return frame


def _everything(trials: int) -> Cells:
    nothing = np.full(1, np.nan)
    index = np.zeros(trials, dtype=np.int64)
    return Cells(name="", labels=("",), lows=nothing, highs=nothing, index=index)


def _count(columns: Cells, rows: Cells, verdicts: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Counts trials by cell and verdict [C_x * C_y, V], the cells of one x together."""
    width = len(columns.labels) * len(rows.labels)
    cell = columns.index * len(rows.labels) + rows.index
    return np.stack(
        [np.bincount(cell[inside & (verdicts == name)], minlength=width) for name in VERDICTS],
        axis=1,
    )


def _frame(columns: Cells, rows: Cells, counts: np.ndarray, confidence: float) -> pd.DataFrame:
    xs = np.repeat(np.arange(len(columns.labels)), len(rows.labels))
    ys = np.tile(np.arange(len(rows.labels)), len(columns.labels))
    trials = counts.sum(axis=1)
    stable = counts[:, VERDICTS.index("stable")]
    low, high = wilson_interval(stable, trials, confidence=confidence)
    with np.errstate(invalid="ignore"):
        probability = stable / trials
    names = np.array(VERDICTS, dtype=object)[counts.argmax(axis=1)]
    return pd.DataFrame(
        {
            "x": ordered_labels(columns.labels, xs),
            "y": ordered_labels(rows.labels, ys),
            "x_low": columns.lows[xs],
            "x_high": columns.highs[xs],
            "y_low": rows.lows[ys],
            "y_high": rows.highs[ys],
            "trials": trials,
            **{name: counts[:, position] for position, name in enumerate(VERDICTS)},
            "probability": probability,
            "low": low,
            "high": high,
            "most_common": pd.Series(np.where(trials > 0, names, None), dtype="str"),
        }
    )
