"""Which trials are a uniform sample of the space, and how far the map has come.

With `sampler: boundary` most trials are placed where verdicts change. A share among all trials
then says where trials went, not how much of the space is stable. The space-filling trials were
placed by their number alone, whatever others had found: among them shares and their intervals
mean the same as in a study of a uniform sampler. Trials that confirm a region lie inside it alone.
"""

from __future__ import annotations

import pandas as pd

SPACE_FILLING, BOUNDARY, CONFIRMING = "space-filling", "boundary", "confirming"

STABLE = "stable"


def uniform_trials(trials: pd.DataFrame) -> pd.DataFrame:
    """Returns the trials that are a uniform sample of the space: all, unless a sampler went
    elsewhere.

    Args:
        trials: Trials table; `design` is read where there is one.

    Returns:
        The same rows, but those that were placed at the boundary, or to confirm a region;
        `attrs` are kept.
    """
    if "design" not in trials.columns:
        return trials
    elsewhere = trials["design"].isin([BOUNDARY, CONFIRMING])
    if not elsewhere.any() or elsewhere.all():
        return trials
    kept = trials[~elsewhere]
    kept.attrs = trials.attrs
    return kept


def sampled_trials(trials: pd.DataFrame) -> pd.DataFrame:
    """Returns the trials that the sampler chose: all but those that confirm a region.

    A share among the latter says how good the region is, not the space.
    """
    if "design" not in trials.columns or not (confirming := trials["design"] == CONFIRMING).any():
        return trials
    kept = trials[~confirming]
    kept.attrs = trials.attrs
    return kept


def trials_by_design(trials: pd.DataFrame) -> pd.DataFrame:
    """Counts where the trials went: one row a design, the space-filling first.

    Args:
        trials: Trials table; `design` and `verdict` are read.

    Returns:
        `design`, `trials`, `stable` and `stable_share`; no row in a study of another sampler.
    """
    columns = ["design", "trials", "stable", "stable_share"]
    if "design" not in trials.columns:
        return pd.DataFrame(columns=columns)
    rows = []
    for design in (SPACE_FILLING, BOUNDARY, CONFIRMING):
        verdicts = trials.loc[trials["design"] == design, "verdict"]
        if len(verdicts):
            stable = int((verdicts == STABLE).sum())
            rows.append((design, len(verdicts), stable, stable / len(verdicts)))
    return pd.DataFrame(rows, columns=columns)
