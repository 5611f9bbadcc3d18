"""Where the trials went, for studies whose sampler went to the boundary."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from analysis.labels import percent, percent_range
from analysis.report.findings.evidence import Evidence
from analysis.report.page.section import Section
from analysis.space.design import BOUNDARY, SPACE_FILLING, trials_by_design
from analysis.stats.intervals import wilson_interval
from analysis.trials.records import records


@dataclass(frozen=True, kw_only=True)
class Design:
    """Trials by what they were placed for; shares as texts."""

    filling: int
    boundary: int
    filling_share: str
    filling_interval: str
    boundary_share: str


def design(evidence: Evidence) -> Design | None:
    """Collects where trials went; None for other samplers."""
    by_design = {row["design"]: row for row in records(evidence.of(_by_design))}
    if not {SPACE_FILLING, BOUNDARY} <= by_design.keys():
        return None
    filling, boundary = by_design[SPACE_FILLING], by_design[BOUNDARY]
    low, high = wilson_interval(filling["stable"], filling["trials"])
    return Design(
        filling=filling["trials"],
        boundary=boundary["trials"],
        filling_share=percent(filling["stable_share"]),
        filling_interval=percent_range(float(low), float(high)),
        boundary_share=percent(boundary["stable_share"]),
    )


def _by_design(evidence: Evidence) -> pd.DataFrame:
    return trials_by_design(evidence.trials)


def _tables(evidence: Evidence) -> dict[str, pd.DataFrame]:
    table = evidence.of(_by_design)
    return {} if table.empty else {"design.csv": table}


SECTION = Section(
    name="design", title="Where the trials went", view=design, tables=_tables, folded=True
)
