"""Where it is safe: boxes in plain words, and what fresh trials said of them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pandas as pd

from analysis.figures import box_diagram
from analysis.labels import capitalized, percent
from analysis.report.files.markdown import plain
from analysis.report.findings.evidence import Evidence
from analysis.report.findings.setting import regions_found
from analysis.report.page.picture import Picture, picture
from analysis.report.page.section import Section
from analysis.safe_regions import Box
from analysis.safe_regions.confirmation import (
    confirmation_text,
    confirmed_regions,
)
from analysis.space.axes import varied
from analysis.stats.intervals import CONFIDENCE
from analysis.trials.records import records
from study.tables.metadata import WATCHED


@dataclass(frozen=True, kw_only=True)
class Region:
    """One box; `confirmed` is what fresh trials said, "" without any."""

    words: str
    trials: int
    stable: int
    purity: float
    low: float
    coverage: float
    share: float
    free: str
    confirmed: str
    figure: Picture


@dataclass(frozen=True, kw_only=True)
class Largest:
    """The largest region of a purity; `words` is "" where there is none."""

    purity: float
    words: str
    share: float


@dataclass(frozen=True, kw_only=True)
class SafeRegions:
    """The regions, the recommended one first; else the reason why there is none.

    `confidence`: of each lower bound; `refuted`: regions in which fresh trials did not keep the
    promise, in sentences; `largest`: the largest region at given purities; `imported`: whether
    trials are of a sweep of its own, which placed them as it liked.
    """

    regions: list[Region]
    reason: str
    confidence: float
    stable_share: float
    refuted: list[str]
    largest: list[Largest]
    imported: bool


@dataclass(frozen=True, kw_only=True)
class Findings:
    """Boxes, and what fresh trials said of those that were confirmed."""

    boxes: pd.DataFrame
    confirmed: pd.DataFrame


def find(evidence: Evidence) -> Findings:
    """Finds the safe regions of the evidence's trials."""
    return Findings(boxes=evidence.of(regions_found), confirmed=confirmed_regions(evidence.trials))


def view(evidence: Evidence) -> SafeRegions:
    """Collects boxes with figures."""
    findings = evidence.of(find)
    attrs = findings.boxes.attrs
    confirmed = {row["where"]: row for row in records(findings.confirmed)}
    return SafeRegions(
        regions=[
            _region(evidence.trials, number, row, confirmed.get(row["where"]))
            for number, row in enumerate(records(findings.boxes))
        ],
        reason=attrs["reason"],
        confidence=attrs["confidence"],
        stable_share=attrs["stable_share"],
        refuted=_refuted(findings.confirmed),
        largest=[_largest(purity, row) for purity, row in attrs["largest"].items()],
        imported=evidence.metadata.get("task") == WATCHED,
    )


def _refuted(confirmed: pd.DataFrame) -> list[str]:
    return [
        f"{capitalized(row['box'])}: {confirmation_text(row)}."
        for row in records(confirmed)
        if not row["kept"]
    ]


def _largest(purity: str, row: dict[str, Any] | None) -> Largest:
    words, share = ("", 0.0) if row is None else (row["box"], row["share"])
    return Largest(purity=float(purity), words=words, share=share)


def _region(
    trials: pd.DataFrame, number: int, row: dict[str, Any], fresh: dict[str, Any] | None
) -> Region:
    box = Box.from_dict(json.loads(row["where"]))
    bounded = {each.name for each in box.conditions}
    names = [name.replace("_", " ") for name in varied(trials) if name not in bounded]
    return Region(
        words=capitalized(row["box"]),
        trials=row["trials"],
        stable=row["stable"],
        purity=row["purity"],
        low=row["low"],
        coverage=row["coverage"],
        share=row["share"],
        free=", ".join(names),
        confirmed="" if fresh is None else confirmation_text(fresh),
        figure=picture(
            f"safe-region-{number}",
            lambda theme: box_diagram(trials, box, theme=theme),
            alt=f"What of each hyperparameter lies inside the region: {row['box']}.",
        ),
    )


def _tables(evidence: Evidence) -> dict[str, pd.DataFrame]:
    findings = evidence.of(find)
    tables = {"safe_regions.csv": findings.boxes}
    if len(findings.confirmed):
        tables["confirmed_regions.csv"] = findings.confirmed
    return tables


def _summary(evidence: Evidence) -> dict[str, object]:
    findings = evidence.of(find)
    boxes = [{**row, "where": json.loads(row["where"])} for row in records(findings.boxes)]
    confirmed = [{**row, "where": json.loads(row["where"])} for row in records(findings.confirmed)]
    attrs = {str(key): value for key, value in findings.boxes.attrs.items()}
    attrs["largest"] = {
        purity: row and {**row, "where": json.loads(row["where"])}
        for purity, row in attrs["largest"].items()
    }
    by_box = {json.dumps(row["where"]): row for row in confirmed}
    regions = [
        {**row, "confirmation": by_box.get(json.dumps(row["where"])), "recommended": not number}
        for number, row in enumerate(boxes)
    ]
    return {
        "safe_regions": {**attrs, "boxes": boxes, "confirmed": confirmed},
        "regions": regions,
    }


def _text(evidence: Evidence) -> str:
    findings = evidence.of(find)
    if findings.boxes.empty:
        lines = [plain(findings.boxes.attrs["reason"])]
    else:
        confirmed = {row["where"]: row for row in records(findings.confirmed)}
        lines = [_line(row, confirmed.get(row["where"])) for row in records(findings.boxes)]
    lines += [f"- Did not hold: {plain(text)}" for text in _refuted(findings.confirmed)]
    return "\n".join(lines)


def _line(row: dict[str, Any], fresh: dict[str, Any] | None) -> str:
    text = (
        f"- **{plain(row['box'])}**: about {percent(row['purity'])} stable, at least "
        f"{percent(row['low'])} with {percent(CONFIDENCE)} confidence; it holds "
        f"{percent(row['coverage'])} of what is stable, in {percent(row['share'])} of the space."
    )
    return text if fresh is None else f"{text} {capitalized(confirmation_text(fresh))}."


SECTION = Section(
    name="safe_regions",
    title="Where it trains",
    view=view,
    tables=_tables,
    summary=_summary,
    text=_text,
)
