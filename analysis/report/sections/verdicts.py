"""How the trials ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from analysis.figures import verdict_bar
from analysis.labels import capitalized, percent, percent_range
from analysis.report.findings.evidence import Evidence
from analysis.report.findings.findings import causes, counts
from analysis.report.page.picture import Picture, picture
from analysis.report.page.section import Section
from analysis.trials.records import records
from study.tables.schema import VERDICTS


@dataclass(frozen=True, kw_only=True)
class VerdictRow:
    """A verdict, its meaning, its trials, and why they came to it."""

    verdict: str
    meaning: str
    trials: int
    share: float
    low: float
    high: float
    reasons: list[str]


@dataclass(frozen=True, kw_only=True)
class Verdicts:
    """The figure and its numbers."""

    rows: list[VerdictRow]
    missing: list[str]
    figure: Picture


def verdicts(evidence: Evidence) -> Verdicts:
    """Collects trials by verdict."""
    table, why = evidence.of(counts), records(evidence.of(causes))
    rows = [
        VerdictRow(
            verdict=row["verdict"],
            meaning=f"{capitalized(VERDICTS[row['verdict']])}.",
            trials=int(row["trials"]),
            share=row["share"],
            low=row["low"],
            high=row["high"],
            reasons=_reasons(why, row["verdict"]),
        )
        for row in records(table)
    ]
    spoken = ", ".join(f"{row.verdict} {percent(row.share)}" for row in rows)
    return Verdicts(
        rows=rows,
        missing=[row.verdict for row in rows if not row.trials],
        figure=picture(
            "verdict-bar",
            lambda theme: verdict_bar(table, theme=theme),
            alt=f"Bars of the share of trials by verdict: {spoken}.",
            caption="Number and share of trials by verdict. The thin lines are 95 % Wilson "
            "intervals of the share.",
        ),
    )


def _reasons(causes: list[dict[str, Any]], verdict: str) -> list[str]:
    """Writes why trials came to a verdict, the most frequent cause first."""
    mine = [row for row in causes if row["verdict"] == verdict][:3]
    return [f"{row['meaning']} ({percent(row['share'])})" for row in mine]


def _summary(evidence: Evidence) -> dict[str, object]:
    return {"verdicts": evidence.of(counts), "causes": evidence.of(causes)}


def _markdown(evidence: Evidence) -> str:
    lines = ["| verdict | trials | share | 95 % interval |", "|---|--:|--:|--:|"]
    lines += [
        f"| {row['verdict']} | {row['trials']:,} | {percent(row['share'])} "
        f"| {percent_range(row['low'], row['high'])} |"
        for row in records(evidence.of(counts))
    ]
    return "\n".join(lines)


SECTION = Section(
    name="verdicts",
    title="What became of the trials, and why",
    view=verdicts,
    summary=_summary,
    text=_markdown,
)
