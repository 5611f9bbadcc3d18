"""The page that compares two studies, and the files beside it."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.comparison import Comparison, compare_studies
from analysis.figures import region_change, share_change
from analysis.intervals import CONFIDENCE
from analysis.labels import count_label, number_label, percent
from analysis.records import records
from analysis.report.page import assemble, chapter
from analysis.report.picture import Picture, picture
from analysis.report.place import PAGE, filling, write_text
from analysis.report.summary import plain_json
from analysis.report.versions import gradscape_version, library_versions
from analysis.tables import load_trials, study_folder

COMPARISON_VERSION = 1
"""Raised when a field of comparison.json changes its meaning or goes."""


@dataclass(frozen=True, kw_only=True)
class ChangeMap:
    """A map, and the cells that changed with evidence, in words."""

    title: str
    figure: Picture
    changed: list[str]


@dataclass(frozen=True, kw_only=True)
class Head:
    """What is compared; `space` has the hyperparameters that do not stand alike in both."""

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


def write_comparison(
    before: str | Path,
    after: str | Path,
    *,
    home: str | Path | None = None,
    out: str | Path | None = None,
) -> Path:
    """Writes what changed from one study to another: index.html, comparison.csv and .json.

    Args:
        before: Name or folder of a study.
        after: Name or folder of another one.
        home: The home folder; by default `GRADSCAPE_HOME`, else `./gradscape`.
        out: Folder to write into; by default `compare` in the folder of the second study.

    Returns:
        The path of the page.

    Raises:
        StudyNotFound: If there is no such study.
        AnalysisError: If one has no finished trial, they share nothing, or `out` is no folder.
    """
    first, second = load_trials(before, home=home), load_trials(after, home=home)
    names = [
        str(trials.attrs.get("study") or Path(given).name)
        for trials, given in ((first, before), (second, after))
    ]
    found = compare_studies(first, second)
    folder = Path(out) if out is not None else study_folder(after, home=home) / "compare"
    created = datetime.now(UTC)
    with filling(folder) as scratch:
        comparison_table(found).to_csv(scratch / "comparison.csv", index=False)
        summary = _summary(found, names, created)
        write_text(scratch / "comparison.json", json.dumps(summary, indent=2, allow_nan=False))
        write_text(scratch / PAGE, _page(found, names, created))
    return folder / PAGE


def comparison_table(found: Comparison) -> pd.DataFrame:
    """Every difference as one row of one table.

    Returns:
        `what` is compared ("verdict", "cell", "largest learning rate", "importance", "same
        trials"), of which `name`, at which place (`x_name`, `x`, `y_name`, `y`); the values
        `before` and `after` and the trials they rest on; `difference` (for learning rates the
        factor) with its interval `low`, `high`, and whether it is `evidence` of a change.
    """
    rows: list[dict[str, object]] = []
    sizes = {
        "before_trials": len(found.shared.before),
        "after_trials": len(found.shared.after),
    }
    for row in records(found.verdicts):
        counted = {"before": row["before_share"], "after": row["after_share"]}
        rows.append({"what": "verdict", "name": row["verdict"], **_told(row), **sizes, **counted})
    for row in records(found.pairs):
        if row["pairs"]:
            pairs = {"before_trials": row["pairs"], "after_trials": row["pairs"]}
            shares = {
                "before": (row["both"] + row["only_before"]) / row["pairs"],
                "after": (row["both"] + row["only_after"]) / row["pairs"],
                "evidence": row["p_value"] < 1 - CONFIDENCE,
            }
            rows.append({"what": "same trials", "name": "stable", **_told(row), **pairs, **shares})
    for table in found.maps:
        for row in records(table):
            rows.append(
                {
                    "what": "cell",
                    "name": "stable",
                    "x_name": table.attrs["x"],
                    "x": row["x"],
                    "y_name": table.attrs["y"],
                    "y": row["y"],
                    "before": row["before_share"],
                    "after": row["after_share"],
                    "before_trials": row["before_trials"],
                    "after_trials": row["after_trials"],
                    **_told(row),
                }
            )
    rows += _edge_rows(found)
    columns = ["what", "name", "x_name", "x", "y_name", "y", "before", "after"]
    columns += ["before_trials", "after_trials", "difference", "low", "high", "evidence"]
    return pd.DataFrame(rows, columns=columns)


def _told(row: dict[str, Any]) -> dict[str, object]:
    return {name: row.get(name) for name in ("difference", "low", "high", "evidence")}


def _edge_rows(found: Comparison) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = [
        {
            "what": "importance",
            "name": row["hyperparameter"],
            "before": row["before"],
            "after": row["after"],
            "difference": row["difference"],
        }
        for row in records(found.importance)
    ]
    table = found.learning_rates
    if table is None:
        return rows
    by = [name for name in table.columns if name in found.shared.common]
    for row in records(table):
        place = {f"{axis}_name": name for axis, name in zip("xy", by, strict=False)}
        place |= {axis: row[name] for axis, name in zip("xy", by, strict=False)}
        rows.append(
            {
                "what": "largest learning rate",
                "name": "learning_rate",
                **place,
                "before": row["largest_before"],
                "after": row["largest_after"],
                "before_trials": row["trials_before"],
                "after_trials": row["trials_after"],
                "difference": row["factor"],
                "evidence": row["evidence"],
            }
        )
    return rows


def _summary(found: Comparison, names: list[str], created: datetime) -> object:
    return plain_json(
        {
            "comparison_version": COMPARISON_VERSION,
            "created": created.isoformat(timespec="seconds"),
            "before": {"study": names[0], "trials": len(found.shared.before)},
            "after": {"study": names[1], "trials": len(found.shared.after)},
            "left_out": {"before": found.left_out[0], "after": found.left_out[1]},
            "confidence": CONFIDENCE,
            "space": found.shared.space,
            "differences": [
                {"name": name, "before": before, "after": after}
                for name, before, after in found.differences
            ],
            "thresholds": found.thresholds,
            "verdicts": found.verdicts,
            "same_trials": {**records(found.pairs)[0], "changes": found.changes},
            "maps": [
                {"x": table.attrs["x"], "y": table.attrs["y"], "cells": table}
                for table in found.maps
            ],
            "learning_rates": found.learning_rates,
            "importance": found.importance,
            "versions": library_versions(),
        }
    )


def _page(found: Comparison, names: list[str], created: datetime) -> str:
    chapters = [
        chapter("comparison_head", "", _head(found, names)),
        chapter("comparison_verdicts", "Verdicts", _verdicts(found)),
        chapter("comparison_regions", "Regions that changed", _regions(found)),
        chapter("comparison_edges", "Learning rates and importance", _edges(found)),
    ]
    title = f"{names[0]} and {names[1]} – comparison of two studies"
    return assemble(title, chapters, created=created, version=gradscape_version())


def _head(found: Comparison, names: list[str]) -> Head:
    space = records(found.shared.space)
    return Head(
        before=names[0],
        after=names[1],
        trials=(len(found.shared.before), len(found.shared.after)),
        left_out=found.left_out,
        stable=records(found.verdicts)[0],
        space=[row for row in space if row["status"] != "same"],
        alike=[row["hyperparameter"] for row in space if row["status"] == "same"],
        differences=found.differences,
        thresholds=[
            (row["threshold"], *(_stated(row[side]) for side in ("before", "after")))
            for row in records(found.thresholds)
        ],
    )


def _stated(value: float) -> str:
    return "not stated" if math.isnan(value) else number_label(value, digits=4)


def _verdicts(found: Comparison) -> Verdicts:
    table = found.verdicts
    of = (len(found.shared.before), len(found.shared.after))
    spoken = "; ".join(
        f"{row['verdict']} {percent(row['before_share'])} before, "
        f"{percent(row['after_share'])} after"
        for row in records(table)
    )
    pairs = records(found.pairs)[0]
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
        changes=records(found.changes),
    )


def _regions(found: Comparison) -> Regions:
    maps = []
    for place, table in enumerate(found.maps):
        names = [name.replace("_", " ") for name in (table.attrs["x"], table.attrs["y"]) if name]
        changed = [_cell(table, row) for row in records(table[table["evidence"]])]
        title = " and ".join(names)
        maps.append(
            ChangeMap(
                title=title[:1].upper() + title[1:],
                changed=changed,
                figure=_map(table, place, names, changed),
            )
        )
    return Regions(maps=maps)


def _map(table: pd.DataFrame, place: int, names: list[str], changed: list[str]) -> Picture:
    compared = int((table["before_trials"].gt(0) & table["after_trials"].gt(0)).sum())
    return picture(
        f"change-{place}",
        lambda theme: region_change(table, theme=theme),
        alt=f"Heat map of the change in the share of stable trials by {' and '.join(names)}. "
        + ("; ".join(changed) if changed else "No cell changed with evidence."),
        caption=f"Percentage points, after minus before. Both studies have trials in {compared} "
        f"of {count_label(len(table), 'cell')}.",
    )


def _cell(table: pd.DataFrame, row: dict[str, Any]) -> str:
    place = f"{table.attrs['x'].replace('_', ' ')} {row['x']}"
    if table.attrs["y"]:
        place += f", {table.attrs['y'].replace('_', ' ')} {row['y']}"
    before, after = (
        f"{row[f'{side}_stable']} of {row[f'{side}_trials']} ({percent(row[f'{side}_share'])})"
        for side in ("before", "after")
    )
    return f"{place}: stable in {before} before, {after} after"


def _edges(found: Comparison) -> Edges:
    table = found.learning_rates
    by = [] if table is None else [one for one in table.columns if one in found.shared.common]
    return Edges(
        by=by,
        rates=None if table is None else [_rate(row, by) for row in records(table)],
        importance=records(found.importance),
    )


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
        "place": [row[name] for name in by],
        **sides,
        "factor": "–" if math.isnan(factor) else f"× {number_label(factor)}",
        "evidence": row["evidence"],
    }
