"""Flags: what else was noticed in trials, beside their verdict."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.space.name_sets import NameSets, has_name, name_sets
from analysis.stats.intervals import CONFIDENCE, wilson_interval
from analysis.trials.counts import VERDICTS, check_verdicts
from study.tables.schema import FLAGS


def has_flag(trials: pd.DataFrame, name: str) -> pd.Series:
    """Returns which trials have a flag, for example ``trials[has_flag(trials, "catapult")]``.

    Args:
        trials: Trials table; only `flags` is read.
        name: One of `study.tables.schema.FLAGS`.

    Returns:
        Nullable booleans with the index of `trials`; null where flags were not recorded.

    Raises:
        AnalysisError: If there is no such flag.
    """
    return has_name(trials, name_sets(trials, "flags", FLAGS), name, what="flag")


def flag_counts(trials: pd.DataFrame, *, confidence: float = CONFIDENCE) -> pd.DataFrame:
    """Counts trials by flag and verdict, with their shares; a trial may have several flags.

    Args:
        trials: Trials table; `flags` and `verdict` are read.
        confidence: Two-sided, of the Wilson intervals, in (0, 1).

    Returns:
        One row a flag, in the order of the schema: `flag`, `trials` that have it, their `share`
        of all whose flags were recorded with its Wilson interval `low`, `high`; and for each
        verdict `<verdict>`, the number of its trials with the flag, and `<verdict>_share`, their
        share of its trials. NaN where there are no trials. `attrs`: numbers `recorded` and
        `not_recorded`.

    Raises:
        AnalysisError: If a trial has no verdict or one that is not known.
    """
    check_verdicts(trials)
    sets = name_sets(trials, "flags", FLAGS)
    by_set = count_by_set(sets, trials)
    with_flag = sets.holds.T.astype(np.int64) @ by_set
    of = by_set.sum(axis=0)
    number, recorded = with_flag.sum(axis=1), int(of.sum())
    low, high = wilson_interval(number, recorded, confidence=confidence)
    with np.errstate(invalid="ignore"):
        share = number / np.float64(recorded)
        shares = with_flag / of.astype(np.float64)
    frame = pd.DataFrame(
        {
            "flag": list(sets.names),
            "trials": number,
            "share": share,
            "low": low,
            "high": high,
            **{verdict: with_flag[:, column] for column, verdict in enumerate(VERDICTS)},
            **{f"{verdict}_share": shares[:, column] for column, verdict in enumerate(VERDICTS)},
        }
    )
    frame.attrs = {"recorded": recorded, "not_recorded": len(trials) - recorded}
    return frame


def count_by_set(sets: NameSets, trials: pd.DataFrame) -> np.ndarray:
    """Counts recorded trials by set of names and verdict [S, V]."""
    verdict = pd.Categorical(trials["verdict"], categories=list(VERDICTS)).codes.astype(np.int64)
    cell = sets.index * len(VERDICTS) + verdict
    size = len(sets.holds) * len(VERDICTS)
    counts = np.bincount(cell[sets.recorded], minlength=size)
    return counts.reshape(len(sets.holds), len(VERDICTS))
