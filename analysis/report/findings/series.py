"""Steps and layers of as many trials as the page shows curves of."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from analysis.report.findings.evidence import Evidence
from analysis.report.walk.curves import curve_trials
from analysis.report.walk.rows import MAX_TRIALS, spread


@dataclass(frozen=True, kw_only=True, eq=False)
class ShownSeries:
    """Rows of the tables of the trials whose curves are in the page."""

    trials: pd.DataFrame
    steps: pd.DataFrame
    layers: pd.DataFrame


def shown_series(evidence: Evidence) -> ShownSeries:
    """Reads steps and layers of evenly chosen trials, from few files of a large study."""
    trials = evidence.trials
    inside = [int(one) for one in trials["trial"].iloc[spread(len(trials), MAX_TRIALS)]]
    wanted = curve_trials(evidence.store.trials_by_part(), inside)
    rows = trials[trials["trial"].isin(wanted)]
    rows.attrs = trials.attrs
    return ShownSeries(trials=rows, steps=evidence.steps(wanted), layers=evidence.layers(wanted))
