"""Which learning rates train: limits with intervals, and sensitivity."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import pandas as pd

from analysis.figures import learning_rate_limits
from analysis.figures.learning_rate_limits import limit_label
from analysis.report.findings.evidence import Evidence
from analysis.report.findings.findings import boundaries, windows
from analysis.report.page.picture import Picture, picture
from analysis.report.page.section import Section
from analysis.trials.records import records


@dataclass(frozen=True, kw_only=True)
class LimitRow:
    """The limits of one cell and its sensitivity, as texts."""

    by: str
    value: str
    stable: str
    smallest: str
    largest: str
    sensitivity: str


@dataclass(frozen=True, kw_only=True)
class LearningRates:
    """The figure and its table; no figure if the learning rate is fixed."""

    limits: list[LimitRow]
    limits_figure: Picture | None


def learning_rates(evidence: Evidence) -> LearningRates:
    """Collects the limits of the learning rates that train."""
    limits = evidence.of(boundaries)
    if limits is None:
        return LearningRates(limits=[], limits_figure=None)
    return LearningRates(
        limits=[_limit(row) for row in records(limits)],
        limits_figure=picture(
            "learning-rate-limits",
            lambda theme: learning_rate_limits(limits, theme=theme),
            alt="Smallest and largest learning rate at which at least half of the trials are "
            "stable, with intervals; the table below has the same numbers.",
        ),
    )


def _limit(row: dict[str, Any]) -> LimitRow:
    sensitivity = "–"
    if math.isfinite(row["sensitivity"]):
        sensitivity = f"{row['sensitivity']:.3g}"
        if math.isfinite(row["sensitivity_low"]):
            ends = (row["sensitivity_low"], row["sensitivity_high"])
            sensitivity += f" ({ends[0]:.3g} to {ends[1]:.3g})"
    return LimitRow(
        by=row["by"].replace("_", " ") or "all trials",
        value=row["value"],
        stable=f"{row['stable']} of {row['trials']}",
        smallest=limit_label(row, "smallest"),
        largest=limit_label(row, "largest"),
        sensitivity=sensitivity,
    )


def _tables(evidence: Evidence) -> dict[str, pd.DataFrame]:
    tables = {
        "boundaries.csv": evidence.of(boundaries),
        "learning_rates.csv": evidence.of(windows),
    }
    return {name: table for name, table in tables.items() if table is not None}


def _summary(evidence: Evidence) -> dict[str, object]:
    return {"boundaries": evidence.of(boundaries), "learning_rates": evidence.of(windows)}


def _text(evidence: Evidence) -> str:
    table = evidence.of(boundaries)
    if table is None:
        return "The learning rate did not vary."
    lines = [
        "| | | stable | smallest | largest | sensitivity |",
        "|---|---|---|---|---|---|",
    ]
    for row in map(_limit, records(table)):
        cells = (row.by, row.value, row.stable, row.smallest, row.largest, row.sensitivity)
        lines.append(f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |")
    return (
        "At least half of the trials are stable between these (95 % intervals).\n\n"
        + "\n".join(lines)
    )


SECTION = Section(
    name="learning_rates",
    title="Learning rates that train",
    stage="drawing figures",
    view=learning_rates,
    tables=_tables,
    summary=_summary,
    text=_text,
    folded=True,
)
