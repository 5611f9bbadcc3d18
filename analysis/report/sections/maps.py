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
from analysis.report.findings import counts, importance, pairs, regions
from analysis.report.picture import Picture, picture
from analysis.report.section import Section

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
    drawn = evidence.of(regions)
    shares: list[float | None] = evidence.of(pairs)["share"].tolist()
    if evidence.maps or not shares:
        shares = [None] * len(drawn)
    stable = int(evidence.of(counts)["trials"].iloc[0])
    return Maps(
        maps=[
            _map(number, table, share)
            for number, (table, share) in enumerate(zip(drawn, shares, strict=True))
        ],
        telling=[
            TellingRow(name=row["x"], share=max(0.0, row["share"]))
            for row in records(evidence.of(importance))
        ],
        one_sided=stable in (0, len(evidence.trials)),
        thin=_median_filled(drawn) < FEW,
    )


def _median_filled(maps: tuple[pd.DataFrame, ...]) -> float:
    filled = [number for table in maps for number in table["trials"] if number]
    return median(filled) if filled else math.inf


def _map(number: int, table: pd.DataFrame, share: float | None) -> RegionMap:
    names = [name.replace("_", " ") for name in (table.attrs["x"], table.attrs["y"]) if name]
    empty = int((table["trials"] == 0).sum())
    notes = [f"{empty} of {len(table)} cells have no trial." if empty else ""]
    if table.attrs["left_out"]:
        left_out = count_label(table.attrs["left_out"], "trial")
        notes.append(f"{left_out} to which one of the two does not apply are left out.")
    title = " and ".join(names)
    return RegionMap(
        title=title[:1].upper() + title[1:],
        share=share,
        best=_best(table),
        figure=picture(
            f"map-{number}",
            lambda theme: region_map(table, theme=theme, colorbar=False),
            alt=f"Heat map of the probability of a stable trial by {' and '.join(names)}. "
            f"{_best(table)}",
            caption=" ".join(note for note in notes if note),
        ),
    )


def _best(table: pd.DataFrame) -> str:
    """The cell whose lower bound is highest: many trials count, not only a high share."""
    tried = table[table["stable"] > 0]
    if tried.empty:
        return "No cell has a stable trial."
    best = records(tried)[int(tried["low"].to_numpy().argmax())]
    places = [f"{table.attrs['x'].replace('_', ' ')} {best['x']}"]
    if table.attrs["y"]:
        places.append(f"{table.attrs['y'].replace('_', ' ')} {best['y']}")
    interval = percent_range(best["low"], best["high"])
    return (
        f"Surest cell: {', '.join(places)}, where {best['stable']} of {best['trials']} "
        f"{'was' if best['trials'] == 1 else 'were'} stable "
        f"({percent(best['probability'])}, interval {interval})."
    )


def _tables(evidence: Evidence) -> dict[str, pd.DataFrame]:
    named = [
        table.assign(x_name=table.attrs["x"], y_name=table.attrs["y"]).astype(
            {"x": "str", "y": "str"}
        )
        for table in evidence.of(regions)
    ]
    tables = {"importance.csv": evidence.of(importance)}
    if named:
        table = pd.concat(named, ignore_index=True)
        names = ["x_name", "y_name"]
        tables["regions.csv"] = table[[*names, *table.columns.drop(names)]]
    return tables


def _summary(evidence: Evidence) -> dict[str, object]:
    return {"importance": evidence.of(importance), "pairs": evidence.of(pairs)}


SECTION = Section(
    name="maps", title="Stability regions", view=maps, tables=_tables, summary=_summary
)
