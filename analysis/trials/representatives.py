"""A few trials that stand for all of a verdict: one for each way in which trials came to it."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.trials.counts import VERDICTS, check_verdicts
from analysis.trials.typical import typical_trials

WAY = ("outcome", "cause", "regime_initial", "regime_final")
"""Trials of a verdict that agree in these came to it in the same way."""

COLUMNS = ("verdict", "trial", *WAY, "alike", "of")

_RARE = 0.05
"""A way taken by a smaller share of a verdict's trials than this stands for nothing."""

_COMPARED = 20_000
"""So many trials of one way are compared with each other; of more, every second, third, ..."""


def representative_trials(trials: pd.DataFrame, n: int = 3) -> pd.DataFrame:
    """Picks up to n trials of each verdict that differ in how they came to it.

    Trials of a verdict went the same way if they agree in outcome, cause, and gradient regime at
    initialization and at the end. Each frequent way is represented by its medoid (see
    `typical_trials`; of more than 20,000 trials, of as many evenly chosen ones). Ways of fewer
    than 5 % of the verdict's trials are left out, except the most frequent one.

    Args:
        trials: Trials table.
        n: Trials of a verdict at most, >= 1.

    Returns:
        `verdict`, `trial`, the way (`outcome`, `cause`, `regime_initial`, `regime_final`; null
        where not recorded), `alike`: trials of the verdict that went this way, `of`: all of the
        verdict. In the order of `VERDICTS`; verdicts without a trial are left out.

    Raises:
        AnalysisError: If a trial has no verdict or one that is not known.
        ValueError: If `n < 1`.
    """
    if n < 1:
        raise ValueError(f"`n >= 1` must hold, but got n={n}.")
    check_verdicts(trials)
    way = _ways(trials)
    chosen = []
    for verdict in VERDICTS:
        mine = way[(trials["verdict"] == verdict).to_numpy()]
        ways, counts = np.unique(mine, return_counts=True)
        order = np.argsort(-counts, kind="stable")[:n]
        # Of very many ways none may be frequent.
        frequent = order[counts[order] >= _RARE * mine.size]
        for index in frequent if frequent.size else order[:1]:
            alike = np.flatnonzero(way == ways[index])
            alike = alike[:: -(-alike.size // _COMPARED)]
            row = typical_trials(trials.iloc[alike]).reindex(columns=list(COLUMNS))
            chosen.append(row.assign(alike=int(counts[index]), of=mine.size))
    if not chosen:
        return pd.DataFrame(columns=list(COLUMNS))
    return pd.concat(chosen, ignore_index=True).astype({name: "str" for name in WAY})


def _ways(trials: pd.DataFrame) -> NDArray[np.int64]:
    """Numbers each trial's verdict and way [N], in alphabetical order of these."""
    way = np.zeros(len(trials), dtype=np.int64)
    for column in trials.reindex(columns=["verdict", *WAY]).items():
        codes, names = pd.factorize(column[1], sort=True)
        way = way * (len(names) + 1) + codes + 1
    return way
