"""The setting that the report recommends: where its map is cut and its edge is looked for."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd

from analysis.report.findings.evidence import Evidence
from analysis.report.findings.findings import stability, uniform
from analysis.safe_regions import Box, inside_box, safe_regions
from analysis.safe_regions.confirmation import with_confirmed
from analysis.space.axes import is_numeric, varied
from analysis.trials.typical import typical_trials


def regions_found(evidence: Evidence) -> pd.DataFrame:
    """Finds the safe regions of the evidence's trials, one that fresh trials confirmed first."""
    return with_confirmed(
        safe_regions(evidence.trials, model=evidence.of(stability)), evidence.trials
    )


def recommended_setting(evidence: Evidence) -> pd.Series:
    """Returns one value of each hyperparameter that varied.

    In the recommended region: the most frequent name or listed number, and the median of ranges,
    of its stable trials. Without a region the most typical stable trial; without a stable one,
    the most typical of all.
    """
    trials = evidence.of(uniform)
    names = varied(trials)
    boxes = evidence.of(regions_found)
    stable = trials[trials["verdict"] == "stable"]
    if len(boxes):
        box = Box.from_dict(json.loads(boxes["where"].iloc[0]))
        inside = stable[inside_box(stable, box)]
        if len(inside):
            return pd.Series({name: _middle(inside[name]) for name in names}, dtype=object)
    some = stable if len(stable) else trials
    number = typical_trials(some)["trial"].iloc[0]
    return some.loc[some["trial"] == number, names].iloc[0].astype(object)


def _middle(values: pd.Series) -> object:
    there = values.dropna()
    if there.empty:
        return None
    counts = there.value_counts()
    if not is_numeric(values) or counts.iloc[0] > 2 * len(there) / max(1, 24):
        return counts.index[0]
    numbers = there.to_numpy(dtype=np.float64)
    finite = numbers[np.isfinite(numbers)]
    return float(np.median(finite)) if len(finite) else float(numbers[0])
