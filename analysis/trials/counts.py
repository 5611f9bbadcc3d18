"""How many trials came to each verdict."""

from __future__ import annotations

import pandas as pd

from analysis.errors import AnalysisError
from analysis.stats.intervals import CONFIDENCE, wilson_interval
from study.tables.schema import CAUSES
from study.tables.schema import VERDICTS as MEANINGS

VERDICTS: tuple[str, ...] = tuple(MEANINGS)
"""Every verdict, in the order that all tables and figures keep."""


def verdict_counts(trials: pd.DataFrame, *, confidence: float = CONFIDENCE) -> pd.DataFrame:
    """Counts trials by verdict, with their shares.

    Args:
        trials: Trials table; only `verdict` is read.
        confidence: Two-sided, of the Wilson intervals, in (0, 1).

    Returns:
        Always all verdicts in their fixed order, with `verdict`, `trials`, `share` (of all
        trials) and the Wilson interval `low`, `high`; NaN shares if there are no trials.

    Raises:
        AnalysisError: If a trial has no verdict or one that is not known.
    """
    check_verdicts(trials)
    counts = trials["verdict"].value_counts().reindex(list(VERDICTS), fill_value=0)
    low, high = wilson_interval(counts.to_numpy(), len(trials), confidence=confidence)
    share = counts.to_numpy() / len(trials) if len(trials) else float("nan")
    return pd.DataFrame(
        {
            "verdict": list(VERDICTS),
            "trials": counts.to_numpy(),
            "share": share,
            "low": low,
            "high": high,
        }
    )


def cause_counts(trials: pd.DataFrame) -> pd.DataFrame:
    """Counts failed trials by verdict and cause: what became of them, and why.

    Args:
        trials: Trials table; `verdict` and `cause` are read.

    Returns:
        `verdict`, `cause`, `meaning` in words, `trials`, `share` (of the verdict's trials); the
        most frequent cause of a verdict first. Trials without a cause are left out, as are all
        where the table has none.

    Raises:
        AnalysisError: If a trial has no verdict or one that is not known.
    """
    check_verdicts(trials)
    columns = ["verdict", "cause", "meaning", "trials", "share"]
    if "cause" not in trials.columns:
        return pd.DataFrame(columns=columns)
    failed = trials[(trials["verdict"] != "stable") & trials["cause"].isin(CAUSES)]
    if failed.empty:
        return pd.DataFrame(columns=columns)
    counts = failed.groupby(["verdict", "cause"]).size().rename("trials").reset_index()
    counts["meaning"] = counts["cause"].map(dict(CAUSES))
    counts["share"] = counts["trials"] / counts["verdict"].map(trials["verdict"].value_counts())
    place = counts["verdict"].map(VERDICTS.index)
    return (
        counts.assign(place=place)
        .sort_values(["place", "trials", "cause"], ascending=[True, False, True])
        .reset_index(drop=True)[columns]
    )


def check_verdicts(trials: pd.DataFrame) -> None:
    """Raises AnalysisError unless every trial has one of `VERDICTS`."""
    strange = trials.loc[~trials["verdict"].isin(VERDICTS), "verdict"]
    if len(strange):
        raise AnalysisError(
            f"every trial must have a verdict of {', '.join(VERDICTS)}, but {len(strange)} of "
            f"{len(trials)} have others, for example {strange.iloc[0]!r}"
        )
