"""What theory predicts of a trial, held against what was observed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.errors import AnalysisError
from analysis.space.axes import varied
from analysis.stats.intervals import CONFIDENCE, wilson_interval

REGIMES: tuple[str, ...] = ("exploding", "dead", "saturated", "vanishing", "healthy")
"""Every gradient regime, in the order of all tables."""

RESOLVED = 1e-30
"""Ratios below it count as it, above 1 / it as that: a gradient that small next to an ordinary
one has no digits left in single precision, and none at all below 1e-45."""

GROUPS = ("activation", "initialization")
"""Theory's error is shown by these, as far as they vary."""


def regime_agreement(trials: pd.DataFrame, *, confidence: float = CONFIDENCE) -> pd.DataFrame:
    """Compares the predicted with the observed gradient regime at initialization.

    Args:
        trials: Trials table; `predicted_regime` and `regime_initial` are read.
        confidence: Two-sided, of the Wilson intervals, in (0, 1).

    Returns:
        One row a predicted regime, always all of `REGIMES`: `predicted`; `trials` of which it was
        predicted and which were measured; one column a regime with the number of those in which
        it was observed; `agreement`, the share in which prediction and observation are the same,
        with its Wilson interval `low`, `high` (NaN without trials). `attrs`: numbers `silent` (no
        prediction) and `unmeasured` (a prediction, but no regime observed).

    Raises:
        AnalysisError: If a regime is not known.
    """
    predicted = _regimes(trials, "predicted_regime")
    observed = _regimes(trials, "regime_initial")
    spoken = predicted >= 0
    both = spoken & (observed >= 0)
    cell = predicted[both] * len(REGIMES) + observed[both]
    counts = np.bincount(cell, minlength=len(REGIMES) ** 2).reshape(len(REGIMES), len(REGIMES))
    frame = pd.DataFrame(
        {
            "predicted": list(REGIMES),
            "trials": counts.sum(axis=1),
            **{name: counts[:, column] for column, name in enumerate(REGIMES)},
            **_agreement(np.diag(counts), counts.sum(axis=1), confidence),
        }
    )
    frame.attrs = {
        "silent": int((~spoken).sum()),
        "unmeasured": int((spoken & (observed < 0)).sum()),
    }
    return frame


def ratio_errors(trials: pd.DataFrame) -> pd.Series:
    """Returns ln(observed / predicted) of the ratio R at initialization, signed, by trial.

    Args:
        trials: Trials table; `predicted_ratio` and `delta_ratio_initial` are read.

    Returns:
        With the index of `trials`; 0 where both agree, below 0 where the gradient arrives smaller
        than predicted, NaN where theory is silent or nothing was measured. Ratios count as at
        least `RESOLVED` and at most its inverse.
    """
    pair = []
    for name in ("delta_ratio_initial", "predicted_ratio"):
        ratio = _numbers(trials, name)
        pair.append(np.log(np.clip(ratio, RESOLVED, 1 / RESOLVED)))
    return pd.Series(pair[0] - pair[1], index=trials.index, name="ratio_error")


def theory_agreement(
    trials: pd.DataFrame, by: Sequence[str] | None = None, *, confidence: float = CONFIDENCE
) -> pd.DataFrame:
    """Measures how far theory and observation agree, by group of trials.

    Args:
        trials: Trials table.
        by: Hyperparameters that make the groups; by default `GROUPS`, as far as they vary. Empty
            for one row of all trials.
        confidence: Two-sided, of the Wilson intervals, in (0, 1).

    Returns:
        One row a group in which theory speaks: its values; `trials` with a predicted and an
        observed regime, of which so many are `agreeing`; `agreement`, `low`, `high` as
        `regime_agreement` has them. `ratios`: trials with a predicted and an observed ratio, of
        whose ln(observed / predicted) `bias` is the median, and of whose absolute value
        `error_median`, `error_p90` (9 of 10 are at most so large) and `error_largest` tell.

    Raises:
        AnalysisError: If the trials have no such hyperparameter, or a regime is not known.
    """
    names = [name for name in GROUPS if name in varied(trials)] if by is None else list(by)
    for name in names:
        if name not in trials.columns:
            raise AnalysisError(f"the trials have no column {name!r} to group them by")
    predicted = _regimes(trials, "predicted_regime")
    observed = _regimes(trials, "regime_initial")
    both = (predicted >= 0) & (observed >= 0)
    signed = ratio_errors(trials).to_numpy()
    table = trials[names].assign(
        _both=both, _agreeing=both & (predicted == observed), _signed=signed, _size=np.abs(signed)
    )
    groups = table[both | ~np.isnan(signed)].groupby(
        names or np.zeros(int((both | ~np.isnan(signed)).sum())), dropna=False
    )
    frame = groups.agg(
        trials=("_both", "sum"),
        agreeing=("_agreeing", "sum"),
        ratios=("_signed", "count"),
        bias=("_signed", "median"),
        error_median=("_size", "median"),
        error_largest=("_size", "max"),
    )
    frame.insert(frame.shape[1] - 1, "error_p90", groups["_size"].quantile(0.9))
    agreement = _agreement(frame["agreeing"], frame["trials"], confidence)
    for column, (name, values) in enumerate(agreement.items(), start=2):
        frame.insert(column, name, values)
    return frame.reset_index(drop=not names)


def learning_rate_agreement(
    trials: pd.DataFrame, edges: Sequence[float] = (1.0,), *, confidence: float = CONFIDENCE
) -> pd.DataFrame:
    """Counts trials that explode below and above the largest learning rate of theory.

    The limit is that of a quadratic with the sharpness measured at step 0, so that it is known
    only where sharpness was measured. Above it a network may train all the same: its loss rises
    until the sharpness has fallen (a catapult), for ReLU up to about 6 times the limit.

    Args:
        trials: Trials table; `learning_rate`, `predicted_max_learning_rate`, `verdict` are read.
        edges: Where one row ends and the next begins, in learning rate over limit, > 0,
            rising; a trial on an edge counts above it, since the limit itself is not stable.
        confidence: Two-sided, of the Wilson intervals, in (0, 1).

    Returns:
        One row an interval of learning rate over limit: its ends `from`, `to`; `trials` in it,
        those `exploding` and those `stable`; `share` exploding with its Wilson interval `low`,
        `high` (NaN without trials). `attrs`: number `silent` of trials without a limit.

    Raises:
        ValueError: If `edges` are not > 0 or do not rise.

    References:
        Lewkowycz et al., The large learning rate phase of deep learning, 2020 (catapult).
    """
    ends = np.array([0.0, *edges, np.inf])
    if np.any(np.diff(ends) <= 0):
        raise ValueError(f"`edges` must be > 0 and rise, but got {tuple(edges)}.")
    with np.errstate(invalid="ignore", divide="ignore"):
        rate = _numbers(trials, "learning_rate") / _numbers(trials, "predicted_max_learning_rate")
    known = ~np.isnan(rate)
    row = np.searchsorted(ends, rate[known], side="right") - 1
    row = np.minimum(row, len(ends) - 2)
    verdict = trials["verdict"].to_numpy()[known]

    def count(chosen: NDArray[np.bool_]) -> NDArray[np.int64]:
        return np.bincount(row[chosen], minlength=len(ends) - 1)

    number, exploding = count(np.ones(len(row), dtype=bool)), count(verdict == "exploding")
    share = _agreement(exploding, number, confidence)
    frame = pd.DataFrame(
        {
            "from": ends[:-1],
            "to": ends[1:],
            "trials": number,
            "exploding": exploding,
            "stable": count(verdict == "stable"),
            "share": share.pop("agreement"),
            **share,
        }
    )
    frame.attrs = {"silent": int((~known).sum())}
    return frame


def largest_disagreements(trials: pd.DataFrame, n: int = 10) -> pd.DataFrame:
    """Returns the trials whose ratio R at initialization is farthest from the predicted one.

    Args:
        trials: Trials table.
        n: Number of trials at most, >= 0.

    Returns:
        The farthest first, ties by trial: `trial`, `ratio_error` (see `ratio_errors`),
        `predicted_ratio`, `delta_ratio_initial`, `predicted_regime`, `regime_initial`, `verdict`,
        and the hyperparameters that vary.
    """
    shown = ["predicted_ratio", "delta_ratio_initial", "predicted_regime", "regime_initial"]
    errors = ratio_errors(trials)
    table = trials.reindex(columns=["trial", *shown, "verdict", *varied(trials)])
    table.insert(1, "ratio_error", errors)
    table = table[errors.notna()]
    order = np.lexsort((table["trial"], -table["ratio_error"].abs()))
    return table.iloc[order[:n]].reset_index(drop=True)


def _regimes(trials: pd.DataFrame, column: str) -> NDArray[np.int64]:
    """Returns the index in `REGIMES` of each trial's regime [N]; -1 where there is none."""
    if column not in trials.columns:
        return np.full(len(trials), -1, dtype=np.int64)
    values = trials[column]
    strange = values.notna() & ~values.isin(REGIMES)
    if strange.any():
        raise AnalysisError(
            f"{column} must be one of {', '.join(REGIMES)}, but {int(strange.sum())} of "
            f"{len(trials)} trials have others, for example {values[strange].iloc[0]!r}"
        )
    return pd.Categorical(values, categories=list(REGIMES)).codes.astype(np.int64)


def _numbers(trials: pd.DataFrame, column: str) -> NDArray[np.float64]:
    if column not in trials.columns:
        return np.full(len(trials), np.nan)
    return trials[column].to_numpy(dtype=np.float64, na_value=np.nan)


def _agreement(
    part: NDArray[np.int64] | pd.Series, whole: NDArray[np.int64] | pd.Series, confidence: float
) -> dict[str, NDArray[np.float64]]:
    part, whole = np.asarray(part, dtype=np.float64), np.asarray(whole, dtype=np.float64)
    low, high = wilson_interval(part, whole, confidence=confidence)
    with np.errstate(invalid="ignore"):
        share = part / whole
    return {"agreement": share, "low": low, "high": high}
