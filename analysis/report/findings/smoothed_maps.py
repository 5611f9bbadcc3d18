"""The maps of the page: cells, smoothed surface, boundary and theory of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from analysis.maps.theory_lines import theory_lines
from analysis.report.findings.evidence import Evidence
from analysis.report.findings.findings import averaging, regions, stability, uniform
from analysis.smoothing import boundary_band, smooth_map, smoothed_regions
from analysis.smoothing.model import DrawnMap
from analysis.smoothing.surface import smoothed_surface
from analysis.stability_model.averages import averaged_map
from analysis.trials.records import records


@dataclass(frozen=True, kw_only=True, eq=False)
class SmoothedMap:
    """One map; each table as the function of the same name has it.

    Attributes:
        x: Hyperparameter along the map.
        y: Hyperparameter up the map, or None.
        fitted: The map that the others are of.
        regions: `smoothed_regions`.
        surface: `smoothed_surface`.
        band: `boundary_band`; None if `x` holds names.
        theory: `theory_lines`; empty where theory is silent.
    """

    x: str
    y: str | None
    fitted: DrawnMap
    regions: pd.DataFrame
    surface: pd.DataFrame
    band: pd.DataFrame | None
    theory: pd.DataFrame


def smoothed_maps(evidence: Evidence) -> tuple[SmoothedMap, ...]:
    """Smooths every map of the page, in the order of `regions`."""
    return tuple(_smoothed(evidence, table) for table in evidence.of(regions))


def surest_cell(regions: pd.DataFrame) -> dict[str, Any] | None:
    """Returns the row of `smoothed_regions` with the highest smoothed lower bound.

    Of cells that have a stable trial; None without one.
    """
    tried = regions[regions["stable"] > 0]
    if tried.empty:
        return None
    return records(tried)[int(tried["smoothed_low"].to_numpy().argmax())]


def _smoothed(evidence: Evidence, table: pd.DataFrame) -> SmoothedMap:
    trials, where = evidence.of(uniform), evidence.where
    x, y = table.attrs["x"], table.attrs["y"]
    # A selection leaves few trials, for which the model knows more.
    model = evidence.of(stability if where else averaging)
    if model is not None:
        fitted: DrawnMap = averaged_map(model, x, y, where=where)
    else:
        fitted = smooth_map(trials, x, y, where=where)
    named = fitted.prior.x.names
    return SmoothedMap(
        x=x,
        y=y,
        fitted=fitted,
        regions=smoothed_regions(trials, x, y, where=where, fitted=fitted),
        surface=smoothed_surface(trials, x, y, where=where, fitted=fitted),
        band=None if named else boundary_band(trials, x, y, where=where, fitted=fitted),
        theory=theory_lines(trials, x, y, where=where) if y else pd.DataFrame(),
    )
