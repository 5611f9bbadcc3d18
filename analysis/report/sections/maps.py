"""Region maps of pairs of hyperparameters: as observed, and smoothed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median

import pandas as pd

from analysis.figures import smoothed_map
from analysis.labels import (
    capitalized,
    count_label,
    names_label,
    percent,
    percent_range,
    value_label,
)
from analysis.report.findings.evidence import Evidence
from analysis.report.findings.findings import counts, pairs
from analysis.report.findings.smoothed_maps import SmoothedMap, smoothed_maps, surest_cell
from analysis.report.page.picture import Picture, picture
from analysis.report.page.section import Section
from analysis.smoothing.surface import surface_shares
from analysis.space.axes import matches

FEW = 5
"""Below so many trials, a cell's colour is an anecdote: its interval spans most of the scale."""


@dataclass(frozen=True, kw_only=True)
class RegionMap:
    """One map; `share` is what its pair says, None if the pair was asked for, or is single."""

    title: str
    share: float | None
    figure: Picture
    best: str
    sure: str
    theory: str


@dataclass(frozen=True, kw_only=True)
class Maps:
    """The maps.

    `one_sided`: no trial or every trial is stable. `thin`: half of the cells that have trials
    have fewer than `FEW`. `where`: which trials the maps are of, "" for all; so many are they.
    """

    maps: list[RegionMap]
    one_sided: bool
    thin: bool
    where: str
    chosen: int


def maps(evidence: Evidence) -> Maps:
    """Draws maps of the most telling pairs; of single hyperparameters where no two vary."""
    drawn = evidence.of(smoothed_maps)
    shares: list[float | None] = evidence.of(pairs)["share"].tolist()
    if evidence.maps or not shares:
        shares = [None] * len(drawn)
    stable = int(evidence.of(counts)["trials"].iloc[0])
    return Maps(
        maps=[
            _map(number, smoothed, share)
            for number, (smoothed, share) in enumerate(zip(drawn, shares, strict=True))
        ],
        one_sided=stable in (0, len(evidence.trials)),
        thin=_median_filled([each.regions for each in drawn]) < FEW,
        where=_where(evidence.where),
        chosen=int(matches(evidence.trials, evidence.where).sum()),
    )


def _where(where: Mapping[str, object]) -> str:
    parts = []
    for name, wanted in where.items():
        values = wanted if isinstance(wanted, (list, tuple)) else [wanted]
        choices = " or ".join(value_label(value) for value in values)
        parts.append(f"{name.replace('_', ' ')} {choices}")
    return ", ".join(parts)


def _median_filled(maps: list[pd.DataFrame]) -> float:
    filled = [number for table in maps for number in table["trials"] if number]
    return median(filled) if filled else math.inf


def _map(number: int, smoothed: SmoothedMap, share: float | None) -> RegionMap:
    table = smoothed.regions
    names = [name.replace("_", " ") for name in (smoothed.x, smoothed.y) if name]
    empty = int((table["trials"] == 0).sum())
    notes = [f"{empty} of {len(table)} cells have no trial."] if empty else []
    if table.attrs["left_out"]:
        left_out = count_label(table.attrs["left_out"], "trial")
        notes.append(f"{left_out} to which one of the two does not apply are left out.")
    title = " and ".join(names)
    return RegionMap(
        title=capitalized(title),
        share=share,
        best=_best(table),
        sure=_sure(smoothed.surface),
        theory=_theory(smoothed),
        figure=picture(
            f"map-{number}",
            lambda theme: smoothed_map(
                smoothed.surface, table, smoothed.theory, theme=theme, colorbar=False
            ),
            alone=lambda theme: smoothed_map(
                smoothed.surface, table, smoothed.theory, theme=theme
            ),
            alt=f"Heat map of the probability of a stable trial by {' and '.join(names)}, with "
            f"the band of its boundary. {_best(table)} {_sure(smoothed.surface)}",
            caption=" ".join(notes),
        ),
    )


def _best(table: pd.DataFrame) -> str:
    """Returns the cell whose smoothed lower bound is highest.

    Its own share would be the winner's: the luckiest cell of many, not the best.
    """
    best = surest_cell(table)
    if best is None:
        return "No cell has a stable trial."
    cell = [f"{table.attrs['x'].replace('_', ' ')} {best['x']}"]
    if table.attrs["y"]:
        cell.append(f"{table.attrs['y'].replace('_', ' ')} {best['y']}")
    interval = percent_range(best["smoothed_low"], best["smoothed_high"])
    return (
        f"Most reliable cell: {', '.join(cell)}: {percent(best['smoothed'])} stable ({interval}; "
        f"{best['stable']} of {best['trials']} trials there)."
    )


def _sure(surface: pd.DataFrame) -> str:
    shares = surface_shares(surface)
    if shares["boundary"] == 1.0:
        return (
            "Nowhere on this map is it certain which of stable and failing trials are more "
            "frequent."
        )
    return (
        f"With 95 % confidence most trials are stable in {percent(shares['stable'])} of the "
        f"map and most fail in {percent(shares['failing'])}."
    )


def _theory(smoothed: SmoothedMap) -> str:
    """Says which lines theory draws; "" where it draws none."""
    lines = set(smoothed.theory["line"]) if len(smoothed.theory) else set()
    words = {
        "trainable depth": "the depth that signals reach at initialization (6 depth scales)",
        "largest learning rate": "the largest learning rate that a quadratic as sharp as the loss "
        "at step 0 allows",
        "critical line": "where gradients neither shrink nor grow by layer (chi = 1)",
    }
    return ", ".join(words[line] for line in words if line in lines)


def _named(tables: list[pd.DataFrame]) -> pd.DataFrame:
    """Joins the tables of several maps, led by the names of the hyperparameters."""
    named = [
        table.assign(x_name=table.attrs["x"], y_name=table.attrs["y"]).astype(
            {name: "str" for name in ("x", "y") if name in table.columns}
        )
        for table in tables
    ]
    whole = pd.concat(named, ignore_index=True)
    names = ["x_name", "y_name"]
    return whole[[*names, *whole.columns.drop(names)]]


def _tables(evidence: Evidence) -> dict[str, pd.DataFrame]:
    drawn = evidence.of(smoothed_maps)
    tables: dict[str, pd.DataFrame] = {}
    if drawn:
        tables["regions.csv"] = _named([each.regions for each in drawn])
    bands = [each.band for each in drawn if each.band is not None and len(each.band)]
    if bands:
        tables["boundary_bands.csv"] = _named(bands)
    return tables


def _summary(evidence: Evidence) -> dict[str, object]:
    drawn = evidence.of(smoothed_maps)
    return {
        "pairs": evidence.of(pairs),
        "maps": [{"x": each.x, "y": each.y, **surface_shares(each.surface)} for each in drawn],
        "where": dict(evidence.where),
    }


def _text(evidence: Evidence) -> str:
    return "\n".join(
        f"- **{names_label(each.x, each.y)}**: {_best(each.regions)} {_sure(each.surface)}"
        for each in evidence.of(smoothed_maps)
    )


SECTION = Section(
    name="maps",
    title="Maps averaged over the other hyperparameters",
    view=maps,
    tables=_tables,
    summary=_summary,
    text=_text,
    folded=True,
)
