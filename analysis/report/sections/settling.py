"""Whether more trials would still change the maps."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from analysis.design import uniform_trials
from analysis.figures import settling_curves
from analysis.labels import percent
from analysis.records import records
from analysis.report.evidence import Evidence
from analysis.report.findings import regions
from analysis.report.markdown import plain
from analysis.report.picture import Picture, picture
from analysis.report.section import Section
from analysis.settling import SETTLED, map_settling, settled_at

MAPS = 1
"""So many maps of the page are followed; each takes some seconds of a large study."""


@dataclass(frozen=True, kw_only=True)
class Settling:
    """The curves, and each map's in words; `evenly`: of the evenly placed trials alone."""

    figure: Picture
    maps: list[str]
    limit: str
    evenly: bool


def settling(evidence: Evidence) -> Settling | None:
    """None where there are too few trials for two maps."""
    table = evidence.of(_settling)
    if table.empty:
        return None
    words = [_words(name, rows) for name, rows in table.groupby("map", sort=False)]
    return Settling(
        figure=picture(
            "settling-curves",
            lambda theme: settling_curves(table, theme=theme),
            alt=f"Change of the maps with each doubling of the trials. {' '.join(words)}",
        ),
        maps=words,
        limit=percent(SETTLED),
        evenly=len(uniform_trials(evidence.trials)) < len(evidence.trials),
    )


def _settling(evidence: Evidence) -> pd.DataFrame:
    """`map_settling` of the first maps; `map`, `x` and `y` say whose a row is."""
    tables = [pd.DataFrame(columns=["map", "x", "y", "trials", "before", "change"])]
    for one in evidence.of(regions)[:MAPS]:
        x, y = one.attrs["x"], one.attrs["y"]
        found = map_settling(evidence.trials, x, y, where=evidence.where)
        if len(found):
            names = " and ".join(name.replace("_", " ") for name in (x, y) if name)
            tables.append(found.assign(map=names, x=x, y=y)[tables[0].columns])
    return pd.concat(tables[1:] or tables, ignore_index=True)


def _words(name: object, rows: pd.DataFrame) -> str:
    last = records(rows)[-1]
    settled = settled_at(rows)
    said = (
        f"{str(name)[:1].upper()}{str(name)[1:]}: from {last['before']:,} to {last['trials']:,} "
        f"trials the probability of stable changed by {percent(last['change'])} on average"
    )
    if settled is None:
        return f"{said}; the map has not settled."
    return f"{said}; settled since {settled:,} trials."


def _tables(evidence: Evidence) -> dict[str, pd.DataFrame]:
    return {"settling.csv": evidence.of(_settling).drop(columns="map")}


def _summary(evidence: Evidence) -> dict[str, object]:
    table = evidence.of(_settling)
    return {
        "settling": [
            {
                "x": rows["x"].iloc[0],
                "y": rows["y"].iloc[0],
                "settled_at": settled_at(rows),
                "changes": rows[["trials", "before", "change"]],
            }
            for _, rows in table.groupby("map", sort=False)
        ]
    }


def _text(evidence: Evidence) -> str:
    table = evidence.of(_settling)
    return "\n".join(
        f"- {plain(_words(name, rows))}" for name, rows in table.groupby("map", sort=False)
    )


SECTION = Section(
    name="settling",
    title="Has the map settled?",
    view=settling,
    tables=_tables,
    summary=_summary,
    text=_text,
)
