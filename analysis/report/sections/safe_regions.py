"""Where it is safe: boxes in plain words, and what fresh trials said of them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pandas as pd

from analysis.figures import box_diagram
from analysis.labels import capitalized, count_label, percent, percent_range
from analysis.report.files.markdown import plain
from analysis.report.findings.evidence import Evidence
from analysis.report.findings.setting import regions_found
from analysis.report.page.picture import Picture, picture
from analysis.report.page.section import Section
from analysis.safe_regions import Box
from analysis.safe_regions.confirmation import confirmed_regions
from analysis.space.axes import varied
from analysis.trials.records import records


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
class SafeRegions:
    """The boxes, the recommended one first; else the reason why there is none.

    `confidence`: probability that all bounds hold together; `seeds`: whether configurations have
    several.
    """

    regions: list[Region]
    reason: str
    searched: int
    held_out: int
    confidence: float
    stable_share: float
    seeds: bool


@dataclass(frozen=True, kw_only=True)
class Findings:
    """Boxes, and what fresh trials said of those that were confirmed."""

    boxes: pd.DataFrame
    confirmed: pd.DataFrame


def find(evidence: Evidence) -> Findings:
    """Finds the safe regions of the evidence's trials."""
    boxes = evidence.of(regions_found)
    nothing = pd.DataFrame({"box": [], "verdict": [], "promised": []})
    return Findings(
        boxes=boxes,
        confirmed=confirmed_regions(boxes, nothing if evidence.fresh is None else evidence.fresh),
    )


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
        searched=attrs["searched"],
        held_out=attrs["held_out"],
        confidence=attrs["confidence"],
        stable_share=attrs["stable_share"],
        seeds=_has_seeds(evidence.trials),
    )


def _has_seeds(trials: pd.DataFrame) -> bool:
    return "configuration" in trials and trials["configuration"].nunique() < len(trials)


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
        confirmed="" if fresh is None else _confirmed(fresh),
        figure=picture(
            f"safe-region-{number}",
            lambda theme: box_diagram(trials, box, theme=theme),
            alt=f"What of each hyperparameter lies inside the region: {row['box']}.",
        ),
    )


def _confirmed(row: dict[str, Any]) -> str:
    sentence = (
        f"Fresh trials in this region: {row['stable']} of {row['trials']} "
        f"{'was' if row['trials'] == 1 else 'were'} stable ({percent(row['share'])}, interval "
        f"{percent_range(row['low'], row['high'])}); promised was at least "
        f"{percent(row['promised'])}"
    )
    if not row["kept"]:
        return f"{sentence}. The promise did not hold: do not rely on this region."
    if row["share"] >= row["promised"]:
        return f"{sentence}. The promise held."
    return f"{sentence}. So few cannot refute the promise."


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
    return {"safe_regions": {**attrs, "boxes": boxes, "confirmed": confirmed}}


def _text(evidence: Evidence) -> str:
    findings = evidence.of(find)
    if findings.boxes.empty:
        return plain(findings.boxes.attrs["reason"])
    confirmed = {row["where"]: row for row in records(findings.confirmed)}
    lines = []
    for row in records(findings.boxes):
        held = count_label(row["trials"], "trial")
        text = (
            f"- **{plain(row['box'])}**: at least {percent(row['low'])} stable with "
            f"{percent(findings.boxes.attrs['confidence'])} confidence ({row['stable']} of {held} "
            f"held out of the search); it holds {percent(row['coverage'])} of what was stable."
        )
        fresh = confirmed.get(row["where"])
        lines.append(text if fresh is None else f"{text} {_confirmed(fresh)}")
    return "\n".join(lines)


SECTION = Section(
    name="safe_regions",
    title="Where it trains",
    view=view,
    tables=_tables,
    summary=_summary,
    text=_text,
)
