"""What else was noticed, by verdict."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from analysis.report.detectors import FLAG_MEANINGS
from analysis.report.findings.evidence import Evidence
from analysis.report.page.section import Section
from analysis.trials.counts import VERDICTS
from analysis.trials.flags import flag_counts
from analysis.trials.records import records


@dataclass(frozen=True, kw_only=True)
class FlagRow:
    """One flag: its trials, and of each verdict's trials the number that have it."""

    name: str
    meaning: str
    trials: int
    share: float
    by_verdict: list[int]


@dataclass(frozen=True, kw_only=True)
class Flags:
    """Flags that occur, and the names of those that do not; `recorded` trials of all."""

    recorded: int
    not_recorded: int
    verdicts: tuple[str, ...]
    rows: list[FlagRow]
    missing: list[str]


def flags(evidence: Evidence) -> Flags:
    """Collects trials by flag and verdict."""
    table = evidence.of(_flags)
    rows = records(table)
    return Flags(
        recorded=table.attrs["recorded"],
        not_recorded=table.attrs["not_recorded"],
        verdicts=VERDICTS,
        rows=[
            FlagRow(
                name=_name(row["flag"]),
                meaning=FLAG_MEANINGS.get(row["flag"], ""),
                trials=row["trials"],
                share=row["share"],
                by_verdict=[row[verdict] for verdict in VERDICTS],
            )
            for row in rows
            if row["trials"]
        ],
        missing=[_name(row["flag"]) for row in rows if not row["trials"]],
    )


def _name(flag: str) -> str:
    return flag.replace("_", " ")


def _flags(evidence: Evidence) -> pd.DataFrame:
    return flag_counts(evidence.trials)


def _tables(evidence: Evidence) -> dict[str, pd.DataFrame]:
    table = evidence.of(_flags)
    return {"flags.csv": table} if table.attrs["recorded"] else {}


def _summary(evidence: Evidence) -> dict[str, object]:
    table = evidence.of(_flags)
    recorded = table.attrs["recorded"]
    return {"flags": {**table.attrs, "rows": table} if recorded else None}


SECTION = Section(
    name="flags", title="Flags", view=flags, tables=_tables, summary=_summary, folded=True
)
