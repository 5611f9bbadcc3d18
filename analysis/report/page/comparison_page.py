"""The page that compares two studies."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd

from analysis.comparison import Comparison
from analysis.figures import region_change, share_change
from analysis.labels import capitalized, count_label, estimate_label, number_label, percent
from analysis.report.files.versions import gradscape_version
from analysis.report.page.page import assemble, chapter
from analysis.report.page.picture import Picture, picture
from analysis.trials.records import records


@dataclass(frozen=True, kw_only=True)
class ChangeMap:
    """A map, and the cells that changed with evidence, in words."""

    title: str
    figure: Picture
    changed: list[str]


@dataclass(frozen=True, kw_only=True)
class Head:
    """What is compared; `space` has the hyperparameters that are not the same in both."""

    before: str
    after: str
    trials: tuple[int, int]
    left_out: tuple[int, int]
    stable: dict[str, Any]
    space: list[dict[str, Any]]
    alike: list[str]
    differences: list[tuple[str, str, str]]
    thresholds: list[tuple[str, str, str]]


@dataclass(frozen=True, kw_only=True)
class Verdicts:
    """Shares, and the same trials in both; `pairs` is None where there are none."""

    rows: list[dict[str, Any]]
    figure: Picture
    pairs: dict[str, Any] | None
    changes: list[dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Regions:
    """Maps of the cells."""

    maps: list[ChangeMap]


@dataclass(frozen=True, kw_only=True)
class Edges:
    """Learning rates by the names `by`, and importance."""

    by: list[str]
    rates: list[dict[str, Any]] | None
    importance: list[dict[str, Any]]


def comparison_page(comparison: Comparison, names: list[str], created: datetime) -> str:
    """Renders the page as one self-contained HTML text; `names` are those of the studies."""
    chapters = [
        chapter("comparison_head", "", _head(comparison, names)),
        chapter("comparison_verdicts", "Verdicts", _verdicts(comparison)),
        chapter("comparison_regions", "Regions that changed", _regions(comparison)),
        chapter("comparison_edges", "Learning rates and importance", _edges(comparison)),
    ]
    title = f"{names[0]} and {names[1]} – comparison of two studies"
    return assemble(title, chapters, created=created, version=gradscape_version())


def _head(comparison: Comparison, names: list[str]) -> Head:
    space = records(comparison.shared.space)
    return Head(
        before=names[0],
        after=names[1],
        trials=(len(comparison.shared.before), len(comparison.shared.after)),
        left_out=comparison.left_out,
        stable=records(comparison.verdicts)[0],
        space=[row for row in space if row["status"] != "same"],
        alike=[row["hyperparameter"] for row in space if row["status"] == "same"],
        differences=comparison.differences,
        thresholds=[
            (row["threshold"], *(_stated(row[side]) for side in ("before", "after")))
            for row in records(comparison.thresholds)
        ],
    )


def _stated(value: float) -> str:
    return "not stated" if math.isnan(value) else number_label(value, digits=4)


def _verdicts(comparison: Comparison) -> Verdicts:
    table = comparison.verdicts
    of = (len(comparison.shared.before), len(comparison.shared.after))
    spoken = "; ".join(
        f"{row['verdict']} {percent(row['before_share'])} before, "
        f"{percent(row['after_share'])} after"
        for row in records(table)
    )
    pairs = records(comparison.pairs)[0]
    return Verdicts(
        rows=records(table),
        figure=picture(
            "shares",
            lambda theme: share_change(table, *of, theme=theme),
            alt=f"Shares of the verdicts in both studies: {spoken}.",
            caption="Rings are the first study, discs the second; lines are 95 % Wilson "
            "intervals.",
        ),
        pairs=pairs if pairs["pairs"] else None,
        changes=records(comparison.changes),
    )


def _regions(comparison: Comparison) -> Regions:
    maps = []
    for number, table in enumerate(comparison.maps):
        names = [name.replace("_", " ") for name in (table.attrs["x"], table.attrs["y"]) if name]
        changed = [_cell(table, row) for row in records(table[table["evidence"]])]
        title = " and ".join(names)
        maps.append(
            ChangeMap(
                title=capitalized(title),
                changed=changed,
                figure=_map(table, number, names, changed),
            )
        )
    return Regions(maps=maps)


def _map(table: pd.DataFrame, number: int, names: list[str], changed: list[str]) -> Picture:
    compared = int((table["before_trials"].gt(0) & table["after_trials"].gt(0)).sum())
    return picture(
        f"change-{number}",
        lambda theme: region_change(table, theme=theme),
        alt=f"Heat map of the change in the share of stable trials by {' and '.join(names)}. "
        + ("; ".join(changed) if changed else "No cell changed with evidence."),
        caption=f"Percentage points, after minus before. Both studies have trials in {compared} "
        f"of {count_label(len(table), 'cell')}.",
    )


def _cell(table: pd.DataFrame, row: dict[str, Any]) -> str:
    cell = f"{table.attrs['x'].replace('_', ' ')} {row['x']}"
    if table.attrs["y"]:
        cell += f", {table.attrs['y'].replace('_', ' ')} {row['y']}"
    before, after = (
        f"{row[f'{side}_stable']} of {row[f'{side}_trials']} ({percent(row[f'{side}_share'])})"
        for side in ("before", "after")
    )
    return f"{cell}: stable in {before} before, {after} after"


def _edges(comparison: Comparison) -> Edges:
    table = comparison.learning_rates
    by = (
        []
        if table is None
        else [name for name in table.columns if name in comparison.shared.common]
    )
    return Edges(
        by=by,
        rates=None if table is None else [_rate(row, by) for row in records(table)],
        importance=[_importance(row) for row in records(comparison.importance)],
    )


def _importance(row: dict[str, Any]) -> dict[str, Any]:
    sides = {}
    for side in ("before", "after"):
        share, low, high = (row[f"{name}_{side}"] for name in ("importance", "low", "high"))
        sides[side] = "–" if math.isnan(share) else estimate_label(share, low, high)
    return {"hyperparameter": row["hyperparameter"], "evidence": row["evidence"], **sides}


def _rate(row: dict[str, Any], by: list[str]) -> dict[str, Any]:
    sides = {}
    for side in ("before", "after"):
        high = row[f"largest_high_{side}"]
        bound = "not bounded" if math.isinf(high) else number_label(high)
        none = math.isnan(row[f"largest_{side}"])
        sides[side] = "no stable trial" if none else number_label(row[f"largest_{side}"])
        sides[f"{side}_high"] = "–" if none else bound
    factor = row["factor"]
    return {
        "cell": [row[name] for name in by],
        **sides,
        "factor": "–" if math.isnan(factor) else f"× {number_label(factor)}",
        "evidence": row["evidence"],
    }
