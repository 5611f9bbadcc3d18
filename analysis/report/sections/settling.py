"""Whether more trials would still change the map of the whole space."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from analysis.figures import settling_curve
from analysis.labels import percent
from analysis.maps.settling import map_settling, settled_at
from analysis.report.files.markdown import plain
from analysis.report.findings.evidence import Evidence
from analysis.report.page.picture import Picture, picture
from analysis.report.page.section import Section
from analysis.trials.records import records
from search_spaces.settling import SETTLED


@dataclass(frozen=True, kw_only=True)
class Settling:
    """The curve, and what it says."""

    figure: Picture
    words: str
    limit: str


def settling(evidence: Evidence) -> Settling | None:
    """Collects how the map settled; None with too few trials for two maps."""
    table = evidence.of(_changes)
    if table.empty:
        return None
    words = _words(table)
    return Settling(
        figure=picture(
            "settling-curve",
            lambda theme: settling_curve(table, theme=theme),
            alt=f"Change of the map with each doubling of the trials. {words}",
        ),
        words=words,
        limit=percent(SETTLED),
    )


def _changes(evidence: Evidence) -> pd.DataFrame:
    return map_settling(evidence.trials)


def _words(table: pd.DataFrame) -> str:
    last, settled = records(table)[-1], settled_at(table)
    sentence = (
        f"From {last['before']:,} to {last['trials']:,} trials the probability of stable "
        f"changed by {percent(last['change'])} on average over the space"
    )
    if settled is None:
        return f"{sentence}; the map has not settled."
    return f"{sentence}; settled since {settled:,} trials."


def _tables(evidence: Evidence) -> dict[str, pd.DataFrame]:
    return {"settling.csv": evidence.of(_changes)}


def _summary(evidence: Evidence) -> dict[str, object]:
    table = evidence.of(_changes)
    if table.empty:
        return {"settling": None}
    return {"settling": {"settled_at": settled_at(table), "changes": table}}


def _text(evidence: Evidence) -> str:
    table = evidence.of(_changes)
    return "" if table.empty else plain(_words(table))


SECTION = Section(
    name="settling",
    title="Has the map settled?",
    view=settling,
    tables=_tables,
    summary=_summary,
    text=_text,
    folded=True,
)
