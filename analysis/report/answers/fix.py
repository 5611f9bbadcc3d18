"""What fixes most failures, in one sentence."""

from __future__ import annotations

from analysis.figures.remedy_forest import change_label
from analysis.labels import percent, percent_range
from analysis.remedies.remedies import ANY
from analysis.report.answers.answer import Answer
from analysis.report.findings.evidence import Evidence
from analysis.report.findings.findings import causes, counts
from analysis.report.sections.remedies import find
from analysis.trials.records import records


def what_fixes(evidence: Evidence) -> Answer:
    """Returns the change that fixes most failing trials, and the most frequent cause."""
    number = int(evidence.of(counts)["trials"].iloc[1:].sum())
    if not number:
        return Answer(lead="Nothing to fix", text="every trial was stable.")
    table = evidence.of(find)
    helps = table[table["sure"] & (table["verdict"] == ANY)]
    if helps.empty:
        why = table.attrs["reason"] or "none fixed more failures than luck would."
        text = why[:1].lower() + why[1:]
        return Answer(lead="No single change is known to fix them", text=text + _cause(evidence))
    # The most failures fixed for certain: a rare setting that is always cured would say little.
    best = records(helps)[int((helps["low"] * helps["failing"]).to_numpy().argmax())]
    return Answer(
        lead=f"The single change that fixes most is {change_label(best)}",
        text=f"{percent(best['shrunken'])} of the failing trials it applies to "
        f"({percent_range(best['low'], best['high'])} with 95\u00a0% confidence, "
        f"{best['failing']:,} compared).{_cause(evidence)}",
    )


def _cause(evidence: Evidence) -> str:
    table = evidence.of(causes)
    failed = int(evidence.of(counts)["trials"].iloc[1:].sum())
    if table.empty:
        return ""
    by_cause = table.groupby("meaning", sort=False)["trials"].sum()
    share = by_cause.max() / failed
    return f" Most frequent cause: {by_cause.idxmax()} ({percent(share)} of failures)."
