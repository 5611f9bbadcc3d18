"""Regions of the search space in which trials are stable, with a bound, found by the model.

1. Configurations are drawn uniformly from the space (`population.population`).
2. The stability model says how probable it is that each is stable, and how sure that is.
3. Boxes are grown among them, and the largest of sufficient purity are chosen
   (`candidates.candidates`), in plain words.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.labels import count_label, percent
from analysis.safe_regions.box import Box, inside_box
from analysis.safe_regions.candidates import Belief, Candidate, candidates, largest
from analysis.safe_regions.population import population
from analysis.safe_regions.unseen import only_seen, with_conditions
from analysis.space.axes import varied
from analysis.space.configurations import configuration_codes
from analysis.space.coordinates import coordinates
from analysis.space.design import uniform_trials
from analysis.stability_model import StabilityModel, stability_model
from analysis.stats.intervals import CONFIDENCE
from analysis.trials.counts import check_verdicts

MIN_CONFIGURATIONS = 20
"""With fewer a model says hardly more than what it was given."""

CONFIGURATIONS = 4096
"""Configurations by which boxes are measured: a box of 2 % of the space holds 80 of them."""

DRAWS = 300
"""Draws of the posterior: the 5 % quantile of a box's purity is known to about 0.01."""

REGIONS = 3
"""Regions at most."""

LARGEST_AT = (0.9, 0.99)
"""Purities of which the largest region is told too."""

_COLUMNS = {
    "box": "str",
    "purity": "float64",
    "low": "float64",
    "share": "float64",
    "coverage": "float64",
    "trials": "int64",
    "stable": "int64",
    "conditions": "int64",
    "where": "str",
}


def safe_regions(
    trials: pd.DataFrame,
    *,
    model: StabilityModel | None = None,
    within: Box | None = None,
    regions: int = REGIONS,
    confidence: float = CONFIDENCE,
    seed: int = 0,
) -> pd.DataFrame:
    """Finds regions of hyperparameters in which trials are stable, each with a lower bound.

    All trials count, wherever their sampler placed them. A region has the first of the purities
    0.9, 0.8, 0.65 and 0.5 that any region of at least 1 % of the space reaches with confidence;
    further ones lie where those before do not reach. Names that no trial had are in none.

    Args:
        trials: Trials table.
        model: The stability model of these trials, if it has been fitted.
        within: Look inside this box alone.
        regions: Regions at most, >= 1.
        confidence: One-sided, of each bound, in (0, 1).
        seed: Seeds the configurations and the draws by which boxes are measured, >= 0.

    Returns:
        The largest region first: `box` in words; `purity`, the mean probability of stable in it,
        with its lower bound `low`; `share` of the space; `coverage`, the share of all stable
        configurations that lie in it; the number of evenly placed `trials` in it and how many
        of them were `stable`; the number of `conditions`, and `where`, the box as JSON
        (`Box.from_dict(json.loads(...))`). `attrs`: `reason` why there is none ("" if there is
        one), `confidence`, `stable_share` of the space, and `largest`: for each purity of
        `LARGEST_AT` a row as these, or None.

    Raises:
        AnalysisError: If a verdict is unknown.
    """
    check_verdicts(trials)
    attrs: dict[str, Any] = {"confidence": confidence, "stable_share": float("nan")}
    attrs["largest"] = {str(purity): None for purity in LARGEST_AT}
    if reason := _hopeless(trials):
        return _frame([], attrs | {"reason": reason})
    model = stability_model(trials, seed=seed) if model is None else model
    drawn = population(trials, CONFIGURATIONS, seed=seed)
    if within is not None:
        inside = inside_box(drawn, within).to_numpy()
        drawn = drawn[inside].reset_index(drop=True)
        drawn.attrs = dict(trials.attrs)
    if len(drawn) < MIN_CONFIGURATIONS:
        return _frame([], attrs | {"reason": "Nothing of the space lies in the box."})
    belief = Belief(
        coordinates(drawn, varied(drawn)),
        model.draws(drawn, DRAWS, seed=seed),
        confidence=confidence,
    )
    attrs["stable_share"] = float(belief.mean_M.mean())
    measure = _Rows(trials, belief, within)
    everywhere = np.ones(len(drawn), dtype=bool)
    for purity in LARGEST_AT:
        best = largest(belief, purity, everywhere)
        attrs["largest"][str(purity)] = None if best is None else measure.row(best)
    rows = [measure.row(each) for each in candidates(belief, most=regions)]
    reason = "" if rows else _not_sure(belief, everywhere)
    return _frame(rows, attrs | {"reason": reason})


class _Rows:
    """Makes rows of candidates, in the words and figures of the whole study."""

    def __init__(self, trials: pd.DataFrame, belief: Belief, within: Box | None) -> None:
        self._trials = uniform_trials(trials)
        self._stable = (self._trials["verdict"] == "stable").to_numpy()
        self._belief = belief
        self._within = within
        self._forced, self._order = only_seen(trials), varied(trials)

    def row(self, candidate: Candidate) -> dict[str, Any]:
        box = candidate.box if self._within is None else self._within.and_(candidate.box)
        box = with_conditions(box, self._forced, self._order)
        inside = inside_box(self._trials, box).to_numpy()
        expected = candidate.volume * candidate.purity
        return {
            "box": str(box),
            "purity": candidate.purity,
            "low": candidate.low,
            "share": candidate.volume,
            "coverage": min(1.0, expected / max(1e-9, float(self._belief.mean_M.mean()))),
            "trials": int(inside.sum()),
            "stable": int((inside & self._stable).sum()),
            "conditions": len(box.conditions),
            "where": box.to_json(),
        }


def _hopeless(trials: pd.DataFrame) -> str:
    """Says why there is no point in a search; "" if there is one."""
    stable = trials["verdict"] == "stable"
    if not len(trials):
        return "There are no trials."
    if not stable.any():
        return "No trial was stable, so that no part of what was searched is known to be safe."
    if stable.all():
        return (
            "Every trial was stable, so that nothing here shows where the safe region ends; "
            "widen the ranges to find its edge."
        )
    if not varied(trials):
        return "No hyperparameter varied, so that there is no region to describe."
    number = int(configuration_codes(trials).max()) + 1
    if number < MIN_CONFIGURATIONS:
        return (
            f"{count_label(number, 'configuration')} are too few to find a region; it takes at "
            f"least {MIN_CONFIGURATIONS}."
        )
    return ""


def _not_sure(belief: Belief, everywhere: NDArray[np.bool_]) -> str:
    """Says what comes nearest where no region is reliably stable."""
    grown: Sequence[Candidate] = belief.grown(everywhere)
    if not grown:
        return "No region holds more stable trials than the rest."
    best = max(grown, key=lambda each: each.low)
    return (
        f"No region is reliably stable. The best one is {best.box}: about {percent(best.purity)} "
        f"of it is stable, but it may be no more than {percent(best.low)}. More trials would tell."
    )


def _frame(rows: Sequence[Mapping[str, Any]], attrs: dict[str, Any]) -> pd.DataFrame:
    frame = pd.DataFrame(list(rows), columns=list(_COLUMNS)).astype(_COLUMNS)
    frame.attrs.update(attrs)
    return frame


def where_of(row: Mapping[str, Any]) -> Box:
    """Returns the box of a row."""
    return Box.from_dict(json.loads(row["where"]))
