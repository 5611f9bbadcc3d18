"""Where the trials went, for studies whose sampler went to the boundary."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from analysis.design import BOUNDARY, SPACE_FILLING, trials_by_design
from analysis.intervals import wilson_interval
from analysis.labels import percent, percent_range
from analysis.report.evidence import Evidence
from analysis.report.section import Section


@dataclass(frozen=True, kw_only=True)
class Design:
    """Trials by what they were placed for; shares as texts."""

    filling: int
    boundary: int
    filling_share: str
    filling_interval: str
    boundary_share: str


def design(evidence: Evidence) -> Design | None:
    """None for other samplers."""
    table = evidence.of(_by_design).set_index("design")
    if not {SPACE_FILLING, BOUNDARY} <= set(table.index):
        return None
    filling, boundary = table.loc[SPACE_FILLING], table.loc[BOUNDARY]
    low, high = wilson_interval(int(filling["stable"]), int(filling["trials"]))
    return Design(
        filling=int(filling["trials"]),
        boundary=int(boundary["trials"]),
        filling_share=percent(float(filling["stable_share"])),
        filling_interval=percent_range(low, high),
        boundary_share=percent(float(boundary["stable_share"])),
    )


def _by_design(evidence: Evidence) -> pd.DataFrame:
    return trials_by_design(evidence.trials)


def _tables(evidence: Evidence) -> dict[str, pd.DataFrame]:
    table = evidence.of(_by_design)
    return {} if table.empty else {"design.csv": table}


SECTION = Section(
    name="design",
    title="Where the trials went",
    view=design,
    tables=_tables,
)
