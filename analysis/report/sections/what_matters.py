"""Which hyperparameters, and which two together, decide whether a trial is stable."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pandas as pd

from analysis.figures import importance_bars
from analysis.importance.total_effects import Importances, importances
from analysis.labels import estimate_label, names_label, percent
from analysis.report.files.markdown import plain
from analysis.report.findings.evidence import Evidence
from analysis.report.findings.findings import importance, stability
from analysis.report.page.picture import Picture, picture
from analysis.report.page.section import Section
from analysis.trials.records import records

SINGLE = 12
PAIRS = 6
"""So many bars are drawn; the files have all."""


@dataclass(frozen=True, kw_only=True)
class WhatMatters:
    """Both figures, `together` only where two act together; or the reason why there is none.

    `explained`: share of the variance that the model predicts in trials it has not seen.
    """

    single: Picture | None
    together: Picture | None
    best: str
    reason: str
    explained: float
    used: int
    total: int


def importance_of(evidence: Evidence) -> Importances:
    """Computes the importance of hyperparameters and of pairs."""
    return importances(evidence.trials, model=evidence.of(stability))


def view(evidence: Evidence) -> WhatMatters:
    """Collects bars with intervals."""
    both = evidence.of(importance_of)
    attrs = both.single.attrs
    together = both.pairs[both.pairs["interaction_low"] > 0].head(PAIRS)
    drawn = both.single.head(SINGLE)
    return WhatMatters(
        single=None
        if drawn.empty
        else picture(
            "what-matters",
            lambda theme: importance_bars(drawn, theme=theme),
            alt=f"Importance for stability: {_words(drawn)}.",
        ),
        together=None
        if together.empty
        else picture(
            "acting-together",
            lambda theme: importance_bars(together, theme=theme),
            alt="Pairs of hyperparameters that act together: "
            + "; ".join(
                f"{row['x']} and {row['y']} {percent(row['interaction'])}"
                for row in records(together)
            ),
        ),
        best="" if drawn.empty else _words(drawn.head(3)),
        reason=attrs["reason"],
        explained=max(0.0, attrs["explained"]),
        used=attrs["used"],
        total=attrs["total"],
    )


def _words(table: pd.DataFrame) -> str:
    return ", ".join(
        f"{names_label(row['x'])} {estimate_label(row['importance'], row['low'], row['high'])}"
        for row in records(table)
    )


def _both(evidence: Evidence) -> pd.DataFrame:
    """Joins each hyperparameter's importance and how much it says by itself alone."""
    alone = evidence.of(importance)
    if evidence.of(importance_of).single.empty:
        return alone.assign(importance=math.nan, low=math.nan, high=math.nan)
    return evidence.of(importance_of).single.merge(alone, on="x", how="outer", sort=False)


def _tables(evidence: Evidence) -> dict[str, pd.DataFrame]:
    both = evidence.of(_both).sort_values("importance", ascending=False, kind="stable")
    return {"importance.csv": both, "interactions.csv": evidence.of(importance_of).pairs}


def _summary(evidence: Evidence) -> dict[str, object]:
    both = evidence.of(importance_of)
    attrs = {str(key): value for key, value in both.single.attrs.items()}
    return {
        "importance": evidence.of(_both),
        "importance_of": attrs,
        "interactions": both.pairs,
    }


def _text(evidence: Evidence) -> str:
    both = evidence.of(importance_of)
    if both.single.empty:
        return plain(both.single.attrs["reason"])
    return f"Share of the variance of being stable: {plain(_words(both.single.head(3)))}."


SECTION = Section(
    name="what_matters",
    title="What matters",
    view=view,
    tables=_tables,
    summary=_summary,
    text=_text,
    folded=True,
)
