"""The region to recommend: found by the model, or inside one that did not hold."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pandas as pd

from analysis.safe_regions.box import Box
from analysis.safe_regions.regions import safe_regions


def recommended_region(
    trials: pd.DataFrame, within: Mapping[str, Any] | None = None
) -> dict[str, Any] | None:
    """Finds the region that a report recommends first.

    Args:
        trials: Trials table, fresh trials of regions that were tested among them.
        within: A box in which fresh trials were not as stable as expected: the region is to be
            a part of it.

    Returns:
        `box` in words, `where` as an object, and `low`, the share of stable trials that it
        promises; None if no region is reliably stable.
    """
    outer = None if within is None else Box.from_dict(within)
    for row in safe_regions(trials, within=outer).to_dict("records"):
        where = json.loads(row["where"])
        if within is None or where != dict(within):
            return {"box": row["box"], "where": where, "low": row["low"]}
    return None
