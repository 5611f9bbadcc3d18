"""What would fix failing trials: single changes, with what they do to pairs of trials."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from analysis.figures import remedy_forest
from analysis.figures.remedy_forest import change_label
from analysis.labels import percent, percent_range
from analysis.remedies import remedies
from analysis.remedies.remedies import ANY
from analysis.report.files.markdown import plain
from analysis.report.findings.evidence import Evidence
from analysis.report.page.picture import Picture, picture
from analysis.report.page.section import Section
from analysis.report.sections.what_matters import importance_of
from analysis.trials.counts import VERDICTS
from analysis.trials.records import records

SHOWN = 4
"""Remedies of one verdict that are shown; the file has all."""


@dataclass(frozen=True, kw_only=True)
class RemedyRow:
    """One change and what it does, as texts."""

    change: str
    verdict: str
    share: float
    interval: str
    healed: str
    undone: int
    harmed: int
    pairs: int
    method: str


@dataclass(frozen=True, kw_only=True)
class Remedies:
    """The most certain changes by verdict; `reason` where there is none, `compared` in all."""

    rows: list[RemedyRow]
    figure: Picture | None
    reason: str
    compared: int
    matched: bool
    unfixed: list[str]


def find(evidence: Evidence) -> pd.DataFrame:
    """Measures all changes."""
    return remedies(evidence.trials, importance=evidence.of(importance_of).single)


def shown(table: pd.DataFrame) -> pd.DataFrame:
    """Picks the most certain remedies of each failing verdict, in the order of verdicts."""
    helps = table[table["sure"] & (table["verdict"] != ANY)]
    # Of 32 to 2, 32 to 4 and 32 to 8 the most certain one says it; of one hyperparameter two do.
    helps = helps.drop_duplicates(["verdict", "hyperparameter", "from"])
    helps = helps.groupby(["verdict", "hyperparameter"], sort=False).head(2)
    best = helps.groupby("verdict", sort=False).head(SHOWN)
    order = {verdict: rank for rank, verdict in enumerate(VERDICTS)}
    return best.sort_values(
        "verdict", key=lambda column: column.map(order), kind="stable", ignore_index=True
    )


def view(evidence: Evidence) -> Remedies:
    """Collects the most certain remedies by verdict."""
    table = evidence.of(find)
    best = shown(table)
    occurring = set(evidence.trials["verdict"])
    failing = [verdict for verdict in VERDICTS[1:] if verdict in occurring]
    reason = table.attrs["reason"]
    if not reason and best.empty:
        reason = "No single change reliably fixed more failures than luck would."
    return Remedies(
        rows=[
            RemedyRow(
                change=change_label(row),
                verdict=row["verdict"],
                share=row["shrunken"],
                interval=percent_range(row["low"], row["high"]),
                healed=f"{row['healed']} of {row['failing']}",
                undone=row["undone"],
                harmed=row["harmed"],
                pairs=row["pairs"],
                method=row["method"],
            )
            for row in records(best)
        ],
        figure=None if best.empty else _picture(best),
        reason=reason,
        compared=len(table),
        matched=bool((best["method"] == "matched").any()),
        unfixed=[verdict for verdict in failing if verdict not in set(best["verdict"])],
    )


def _picture(best: pd.DataFrame) -> Picture:
    return picture(
        "remedy-forest",
        lambda theme: remedy_forest(best, theme=theme),
        alt="Share of failing trials that each single change fixes, with intervals; "
        "remedies.csv has the same numbers.",
    )


def _tables(evidence: Evidence) -> dict[str, pd.DataFrame]:
    return {"remedies.csv": evidence.of(find)}


def _summary(evidence: Evidence) -> dict[str, object]:
    table = evidence.of(find)
    attrs = {str(key): value for key, value in table.attrs.items()}
    return {"remedies": {**attrs, "compared": len(table), "best": shown(table)}}


def _text(evidence: Evidence) -> str:
    table = evidence.of(find)
    best = shown(table).groupby("verdict", sort=False).head(2)
    if best.empty:
        return plain(view(evidence).reason)
    return "\n".join(
        f"- {row['verdict']}: **{plain(change_label(row))}** fixes {percent(row['shrunken'])} "
        f"({percent_range(row['low'], row['high'])}; {row['healed']} of {row['failing']} pairs "
        f"fixed, {row['undone']} undone, {row['method']})"
        for row in records(best)
    )


SECTION = Section(
    name="remedies",
    title="What fixes it",
    view=view,
    tables=_tables,
    summary=_summary,
    text=_text,
)
