"""The maps of the page: cells, smoothed surface, boundary and theory of each."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from analysis.maps.theory_lines import theory_lines
from analysis.report.findings.evidence import Evidence
from analysis.report.findings.findings import regions, uniform
from analysis.smoothing import Smooth, boundary_band, smooth_map, smoothed_regions
from analysis.smoothing.surface import smoothed_surface


@dataclass(frozen=True, kw_only=True, eq=False)
class SmoothedMap:
    """One map; each table as the function of the same name has it.

    Attributes:
        x: Hyperparameter along the map.
        y: Hyperparameter up the map, or None.
        fitted: The smoothed map.
        regions: `smoothed_regions`.
        surface: `smoothed_surface`.
        band: `boundary_band`; None if `x` holds names.
        theory: `theory_lines`; empty where theory is silent.
    """

    x: str
    y: str | None
    fitted: Smooth
    regions: pd.DataFrame
    surface: pd.DataFrame
    band: pd.DataFrame | None
    theory: pd.DataFrame


def smoothed_maps(evidence: Evidence) -> tuple[SmoothedMap, ...]:
    """Smooths every map of the page, in the order of `regions`."""
    return tuple(_smoothed(evidence, table) for table in evidence.of(regions))


def _smoothed(evidence: Evidence, table: pd.DataFrame) -> SmoothedMap:
    trials, where = evidence.of(uniform), evidence.where
    x, y = table.attrs["x"], table.attrs["y"]
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
