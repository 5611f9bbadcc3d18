"""Region maps of the most telling pairs of hyperparameters."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import median

import pandas as pd

from analysis.figures import region_map
from analysis.labels import count_label, percent, percent_range
from analysis.records import records
from analysis.report.evidence import Evidence
from analysis.report.picture import Picture, picture

FEW = 5
"""Below so many trials, a cell's colour is an anecdote: its interval spans most of the scale."""


@dataclass(frozen=True, kw_only=True)
class TellingRow:
    """How much one hyperparameter tells about stability; `share` is never below 0."""

    name: str
    share: float


@dataclass(frozen=True, kw_only=True)
class RegionMap:
    """One map; `share` is what its pair tells, None for a map of one hyperparameter."""

    title: str
    share: float | None
    figure: Picture
    best: str


@dataclass(frozen=True, kw_only=True)
class Maps:
    """The maps and how telling each hyperparameter is.

    `one_sided`: no trial or every trial is stable. `thin`: half of the cells that have trials
    have fewer than `FEW`.
    """

    maps: list[RegionMap]
    telling: list[TellingRow]
    one_sided: bool
    thin: bool


def maps(evidence: Evidence) -> Maps:
    """Maps of the most telling pairs; of single hyperparameters where no two vary."""
    shares = evidence.pairs["share"].tolist() or [None] * len(evidence.regions)
    stable = int(evidence.counts["trials"].iloc[0])
    return Maps(
        maps=[
            _map(number, regions, share)
            for number, (regions, share) in enumerate(zip(evidence.regions, shares, strict=True))
        ],
        telling=[
            TellingRow(name=row["x"], share=max(0.0, row["share"]))
            for row in records(evidence.importance)
        ],
        one_sided=stable in (0, len(evidence.trials)),
        thin=_median_filled(evidence.regions) < FEW,
    )


def _median_filled(maps: tuple[pd.DataFrame, ...]) -> float:
    filled = [number for regions in maps for number in regions["trials"] if number]
    return median(filled) if filled else math.inf


def _map(number: int, regions: pd.DataFrame, share: float | None) -> RegionMap:
    names = [name.replace("_", " ") for name in (regions.attrs["x"], regions.attrs["y"]) if name]
    empty = int((regions["trials"] == 0).sum())
    notes = [f"{empty} of {len(regions)} cells have no trial." if empty else ""]
    if regions.attrs["left_out"]:
        left_out = count_label(regions.attrs["left_out"], "trial")
        notes.append(f"{left_out} to which one of the two does not apply are left out.")
    title = " and ".join(names)
    return RegionMap(
        title=title[:1].upper() + title[1:],
        share=share,
        best=_best(regions),
        figure=picture(
            f"map-{number}",
            lambda theme: region_map(regions, theme=theme, colorbar=False),
            alt=f"Heat map of the probability of a stable trial by {' and '.join(names)}. "
            f"{_best(regions)}",
            caption=" ".join(note for note in notes if note),
        ),
    )


def _best(regions: pd.DataFrame) -> str:
    """The cell whose lower bound is highest: many trials count, not only a high share."""
    tried = regions[regions["stable"] > 0]
    if tried.empty:
        return "No cell has a stable trial."
    best = records(tried)[int(tried["low"].to_numpy().argmax())]
    places = [f"{regions.attrs['x'].replace('_', ' ')} {best['x']}"]
    if regions.attrs["y"]:
        places.append(f"{regions.attrs['y'].replace('_', ' ')} {best['y']}")
    interval = percent_range(best["low"], best["high"])
    return (
        f"Surest cell: {', '.join(places)}, where {best['stable']} of {best['trials']} "
        f"{'was' if best['trials'] == 1 else 'were'} stable "
        f"({percent(best['probability'])}, interval {interval})."
    )
