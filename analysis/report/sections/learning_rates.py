"""The largest and smallest learning rate that trains, by depth and activation."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pandas as pd

from analysis.figures import learning_rate_by_depth
from analysis.figures.learning_rate_by_depth import MAX_POINTS
from analysis.labels import number_label
from analysis.records import records
from analysis.report.evidence import Evidence
from analysis.report.findings import boundaries
from analysis.report.picture import Picture, picture
from analysis.report.section import Section


@dataclass(frozen=True, kw_only=True)
class WindowRow:
    """The learning rates that trained in one cell, as texts."""

    place: list[str]
    stable: str
    smallest: str
    largest: str
    ruled_out: str
    failed_above: str


@dataclass(frozen=True, kw_only=True)
class LearningRates:
    """The figure, its table, and what the rows are divided by; no figure if the rate is fixed.

    `shows_trials`: whether the figure marks every trial; it does for a few thousand.
    """

    by: list[str]
    rows: list[WindowRow]
    figure: Picture | None
    shows_trials: bool


def learning_rates(evidence: Evidence) -> LearningRates:
    """Windows of learning rates that train."""
    table = evidence.of(boundaries)
    if table is None:
        return LearningRates(by=[], rows=[], figure=None, shows_trials=False)
    by = table.attrs["by"]
    rows = []
    for row in records(table):
        trained = row["stable"] > 0
        high = row["largest_high"]
        ruled_out = number_label(high) if math.isfinite(high) else "not bounded"
        rows.append(
            WindowRow(
                place=[str(row[name]) for name in by],
                stable=f"{row['stable']} of {row['trials']}",
                smallest=number_label(row["smallest"]) if trained else "–",
                largest=number_label(row["largest"]) if trained else "–",
                ruled_out=ruled_out if trained else "–",
                failed_above=str(row["failed_above"]) if trained else "–",
            )
        )
    names = " and ".join(name.replace("_", " ") for name in by)
    return LearningRates(
        by=[name.replace("_", " ") for name in by],
        rows=rows,
        shows_trials=len(evidence.trials) <= MAX_POINTS,
        figure=picture(
            "learning-rates",
            lambda theme: learning_rate_by_depth(table, evidence.trials, theme=theme),
            alt=f"Learning rates of stable trials{' by ' + names if names else ''}; "
            "the table below has the same numbers.",
        ),
    )


def _tables(evidence: Evidence) -> dict[str, pd.DataFrame]:
    table = evidence.of(boundaries)
    return {} if table is None else {"boundaries.csv": table}


def _summary(evidence: Evidence) -> dict[str, object]:
    return {"boundaries": evidence.of(boundaries)}


SECTION = Section(
    name="learning_rates",
    title="Learning rates that train",
    view=learning_rates,
    tables=_tables,
    summary=_summary,
)
